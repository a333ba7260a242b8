/** The guest half of the display: listens where apps look for a compositor, and gives each connection a stream. */
import { VitrineError } from "../../base/error.ts";
import type { Mux } from "../../channel/mux.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Watch, watch } from "../../sys/loop.ts";
import { Mapping, openFile } from "../../sys/memory.ts";
import { acceptConnection, listenUnix } from "../../sys/socket.ts";
import { AppConnection } from "./app-connection.ts";
import { Arena } from "./arena.ts";
import { ACCEPT_RETRY_MS, MAX_APP_CONNECTIONS } from "./limits.ts";
import { arenaSink, streamSink } from "./pixel-sink.ts";
import { GuestTransfers } from "./transfers.ts";

const O_RDWR = 2;

export interface GuestDisplayOptions {
  /** The link to the host, already in use. */
  mux: Mux;
  /** Where apps connect. The file is made with mode 0600; the caller gives it to the apps' user. */
  socketPath: string;
  /** How pixels travel: into the arena file, or as bytes. */
  pixels: { kind: "arena"; file: string | OwnedFd } | { kind: "stream" };
  /** Size of the arena in bytes. */
  arenaBytes: number;
  onNotice?: (message: string) => void;
}

export class GuestDisplay {
  readonly #options: GuestDisplayOptions;
  readonly #listener: OwnedFd;
  readonly #watch: Watch;
  readonly #mapping: Mapping | undefined;
  readonly #shared: { readonly arena: Arena; readonly transfers: GuestTransfers };
  readonly #connections = new Set<AppConnection>();
  #nextClient = 1;
  #acceptTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: GuestDisplayOptions) {
    this.#options = options;
    const { pixels, arenaBytes } = options;
    this.#mapping = pixels.kind === "arena" ? mapArena(pixels.file, arenaBytes) : undefined;
    const sink = this.#mapping === undefined ? streamSink() : arenaSink(this.#mapping);
    this.#shared = { arena: new Arena(arenaBytes, sink), transfers: new GuestTransfers(options.mux) };
    this.#listener = listenUnix(options.socketPath);
    this.#watch = watch(this.#listener, { readable: true }, () => this.#accept());
  }

  /** App connections. */
  get connections(): number {
    return this.#connections.size;
  }

  close(): void {
    clearTimeout(this.#acceptTimer);
    this.#watch.close();
    this.#listener.close();
    for (const connection of [...this.#connections]) connection.end();
    this.#mapping?.close();
  }

  #accept(): void {
    try {
      for (let fd = acceptConnection(this.#listener); fd !== undefined; fd = acceptConnection(this.#listener)) {
        this.#connect(fd);
      }
    } catch (error) {
      // Out of descriptors, most likely. The app that waits would be reported again at once, for as long as it waits.
      this.#options.onNotice?.(VitrineError.from(error).message);
      this.#watch.update({});
      this.#acceptTimer = setTimeout(() => this.#watch.update({ readable: true }), ACCEPT_RETRY_MS);
    }
  }

  #connect(fd: OwnedFd): void {
    try {
      if (this.#connections.size >= MAX_APP_CONNECTIONS) {
        throw new VitrineError("limit", `Cannot accept app connection: ${MAX_APP_CONNECTIONS} are open`);
      }
      const ended = () => this.#connections.delete(connection);
      const connection: AppConnection = new AppConnection(
        fd,
        this.#nextClient++,
        this.#options.mux,
        this.#shared,
        ended,
      );
      this.#connections.add(connection);
    } catch (error) {
      fd.close();
      this.#options.onNotice?.(VitrineError.from(error).message);
    }
  }
}

function mapArena(file: string | OwnedFd, length: number): Mapping {
  if (typeof file !== "string") return Mapping.map(file, { length, writable: true });
  using fd = openFile(file, O_RDWR);
  return Mapping.map(fd, { length, writable: true });
}
