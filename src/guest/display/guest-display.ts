/** The guest half of the display: listens where apps look for a compositor, and gives each connection a stream. */
import { VitrineError } from "../../base/error.ts";
import type { Mux } from "../../channel/mux.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Watch, watch } from "../../sys/loop.ts";
import { Mapping, openFile } from "../../sys/memory.ts";
import { acceptConnection, listenUnix } from "../../sys/socket.ts";
import { AppConnection } from "./app-connection.ts";
import { Arena } from "./arena.ts";
import { MAX_APP_CONNECTIONS } from "./limits.ts";
import { arenaSink, streamSink } from "./pixel-sink.ts";

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
  readonly #arena: Arena;
  readonly #connections = new Set<AppConnection>();
  #nextClient = 1;

  constructor(options: GuestDisplayOptions) {
    this.#options = options;
    if (options.pixels.kind === "arena") {
      this.#mapping = mapArena(options.pixels.file, options.arenaBytes);
      this.#arena = new Arena(options.arenaBytes, arenaSink(this.#mapping));
    } else {
      this.#arena = new Arena(options.arenaBytes, streamSink());
    }
    this.#listener = listenUnix(options.socketPath);
    this.#watch = watch(this.#listener, { readable: true }, () => this.#accept());
  }

  /** App connections. */
  get connections(): number {
    return this.#connections.size;
  }

  close(): void {
    this.#watch.close();
    this.#listener.close();
    for (const connection of [...this.#connections]) connection.end();
    this.#mapping?.close();
  }

  #accept(): void {
    for (let fd = acceptConnection(this.#listener); fd !== undefined; fd = acceptConnection(this.#listener)) {
      try {
        if (this.#connections.size >= MAX_APP_CONNECTIONS) {
          throw new VitrineError("limit", `Cannot accept app connection: ${MAX_APP_CONNECTIONS} are open`);
        }
        const connection: AppConnection = new AppConnection(
          fd,
          this.#nextClient++,
          this.#options.mux,
          this.#arena,
          () => this.#connections.delete(connection),
        );
        this.#connections.add(connection);
      } catch (error) {
        fd.close();
        this.#options.onNotice?.(VitrineError.from(error).message);
      }
    }
  }
}

function mapArena(file: string | OwnedFd, length: number): Mapping {
  if (typeof file !== "string") return Mapping.map(file, { length, writable: true });
  using fd = openFile(file, O_RDWR);
  return Mapping.map(fd, { length, writable: true });
}
