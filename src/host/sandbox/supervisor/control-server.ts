/**
 * The supervisor's side of contract/control.ts: one {@link ControlConnection} for each caller. It knows the caller's own
 * numbers of processes and their streams; what they mean to the sandbox is behind {@link SandboxService}.
 */
import { VitrineError } from "../../../base/error.ts";
import { validate } from "../../../base/untrusted.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import {
  type AdoptRequest,
  type AppliedPolicy,
  type ControlStreamHeader,
  controlContract,
  controlStreamHeader,
  type LaunchRequest,
  type ProcessEnd,
  type SandboxInfo,
  type Signal,
  type StdioName,
} from "../../../channel/contract/control.ts";
import type { TraceOptions } from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { Mux } from "../../../channel/mux.ts";
import { type Handlers, RpcPeer } from "../../../channel/rpc.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { type Watch, watch } from "../../../sys/loop.ts";
import { peerCredentials } from "../../../sys/process.ts";
import { acceptConnection, listenUnix } from "../../../sys/socket.ts";

/** Callers of one sandbox at a time. */
export const MAX_CONTROL_CONNECTIONS = 64;
/** Streams that a caller may open before it says what for. */
export const MAX_PENDING_STREAMS = 16;

/** What a sandbox does for its callers. Process numbers here are the sandbox's own. */
export interface SandboxService {
  info(waitUntilReady: boolean): Promise<SandboxInfo>;
  launch(
    request: LaunchRequest,
    streams: ReadonlyMap<StdioName, ByteStream>,
    onEnd: (end: ProcessEnd) => void,
  ): Promise<{ process: number; pid: number }>;
  /** Gives the app of a ready machine to the caller, as {@link launch} a new one. */
  adopt(
    request: AdoptRequest,
    streams: ReadonlyMap<StdioName, ByteStream>,
    onEnd: (end: ProcessEnd) => void,
  ): Promise<{ process: number; pid: number }>;
  signal(process: number, signal: Signal): Promise<void>;
  resize(process: number, rows: number, columns: number): Promise<void>;
  applyPolicy(): Promise<AppliedPolicy>;
  /** Takes over `stream`, on which the caller wants to see the messages of apps. */
  trace(stream: ByteStream, options: TraceOptions): void;
  /** `policy` as people write it. */
  setNetwork(policy: string): void;
  stop(force: boolean): Promise<void>;
  /** The number of callers has changed. */
  connectionsChanged(): void;
}

/** How long whoever started the sandbox may take to ask how it is, when it has ended before, in milliseconds. */
export const STARTER_DEADLINE_MS = 2000;

/** The control socket and everyone connected to it. */
export class ControlServer {
  readonly #listener: OwnedFd;
  readonly #watch: Watch;
  readonly #service: SandboxService;
  readonly #connections = new Set<ControlConnection>();
  #starterAsked: Promise<void> | undefined;

  /** Listens at `path`, in a directory that only the user can enter. */
  constructor(path: string, service: SandboxService) {
    this.#service = service;
    this.#listener = listenUnix(path);
    this.#watch = watch(this.#listener, { readable: true }, () => this.#accept());
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Serves a caller that is connected already, which is whoever started the sandbox. */
  adopt(caller: ByteStream): void {
    this.#starterAsked = this.#serve(caller).asked;
  }

  /** Resolves when the starter has asked how the sandbox is, has gone, or takes too long. */
  async starterAsked(): Promise<void> {
    await Promise.race([this.#starterAsked, Bun.sleep(STARTER_DEADLINE_MS)]);
  }

  #serve(caller: ByteStream): ControlConnection {
    const connection = new ControlConnection(caller, this.#service, () => {
      this.#connections.delete(connection);
      this.#service.connectionsChanged();
    });
    this.#connections.add(connection);
    this.#service.connectionsChanged();
    return connection;
  }

  /** Tells every caller. */
  emit: RpcPeer<typeof controlContract>["emit"] = (event, data) => {
    for (const connection of this.#connections) connection.rpc?.emit(event, data);
  };

  close(): void {
    this.#watch.close();
    this.#listener.close();
    for (const connection of [...this.#connections]) connection.close();
  }

  #accept(): void {
    for (
      let socket = acceptConnection(this.#listener);
      socket !== undefined;
      socket = acceptConnection(this.#listener)
    ) {
      const { uid } = peerCredentials(socket);
      const allowed = uid === 0 || uid === process.getuid?.();
      if (!allowed || this.#connections.size >= MAX_CONTROL_CONNECTIONS) {
        socket.close();
        continue;
      }
      this.#serve(fdStream(socket));
    }
  }
}

class ControlConnection {
  rpc: RpcPeer<typeof controlContract> | undefined;
  readonly #asked = Promise.withResolvers<void>();
  readonly #mux: Mux;
  readonly #service: SandboxService;
  /** Streams of processes not launched yet, by the caller's number. */
  readonly #pending = new Map<number, Map<StdioName, ByteStream>>();
  #pendingCount = 0;
  #closed = false;
  /** The caller's number to the sandbox's; undefined while it is being launched. */
  readonly #processes = new Map<number, { process: number | undefined; attached: boolean }>();

  constructor(socket: ByteStream, service: SandboxService, onClose: () => void) {
    this.#service = service;
    this.#mux = new Mux(socket, "server");
    this.#mux.onStream((stream, header) => {
      const checked = validate(header, (raw) => controlStreamHeader.safeParse(raw));
      if (!checked.success) stream.destroy();
      else this.#open(stream, checked.data);
    });
    this.#mux.onClose(() => {
      this.#asked.resolve();
      this.#hangUp();
      onClose();
    });
  }

  /** It has asked how the sandbox is, or has gone. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  close(): void {
    this.#mux.close();
  }

  #open(stream: ByteStream, header: ControlStreamHeader): void {
    switch (header.kind) {
      case "rpc":
        return this.#serve(stream);
      case "stdio":
        return this.#keep(stream, header.process, header.name);
      case "trace":
        return this.#service.trace(stream, header.options);
      default:
        header satisfies never;
    }
  }

  #serve(stream: ByteStream): void {
    if (this.rpc !== undefined) return stream.destroy();
    const handlers: Handlers<typeof controlContract> = {
      info: ({ waitUntilReady }) => {
        this.#asked.resolve();
        return this.#service.info(waitUntilReady);
      },
      launch: (request) =>
        this.#take({ number: request.process, attached: request.stdio.kind !== "null" }, (streams, onEnd) =>
          this.#service.launch(request, streams, onEnd),
        ),
      adopt: (request) =>
        this.#take({ number: request.process, attached: true }, (streams, onEnd) =>
          this.#service.adopt(request, streams, onEnd),
        ),
      signal: async ({ process, signal }) => {
        await this.#service.signal(this.#own(process), signal);
        return {};
      },
      resize: async ({ process, rows, columns }) => {
        await this.#service.resize(this.#own(process), rows, columns);
        return {};
      },
      applyPolicy: () => this.#service.applyPolicy(),
      setNetwork: async ({ policy }) => {
        this.#service.setNetwork(policy);
        return {};
      },
      stop: async ({ force }) => {
        await this.#service.stop(force);
        return {};
      },
    };
    this.rpc = new RpcPeer(stream, { serves: controlContract, handlers });
    this.rpc.onClose(() => this.close());
  }

  #keep(stream: ByteStream, process: number, name: StdioName): void {
    const streams = this.#pending.get(process) ?? new Map<StdioName, ByteStream>();
    if (streams.has(name) || this.#processes.has(process) || this.#pendingCount >= MAX_PENDING_STREAMS) {
      return stream.destroy();
    }
    this.#pending.set(process, streams.set(name, stream));
    this.#pendingCount++;
  }

  /** Has `start` bring the caller's process number `number`, which becomes this caller's; `attached`: it ends with him. */
  async #take(
    { number, attached }: { number: number; attached: boolean },
    start: (
      streams: ReadonlyMap<StdioName, ByteStream>,
      onEnd: (end: ProcessEnd) => void,
    ) => Promise<{ process: number; pid: number }>,
  ): Promise<{ pid: number }> {
    if (this.#processes.has(number)) {
      throw new VitrineError("invalid-argument", `Cannot launch process ${number}: the number is in use`);
    }
    const streams = this.#pending.get(number) ?? new Map<StdioName, ByteStream>();
    this.#pending.delete(number);
    this.#pendingCount -= streams.size;
    const entry: { process: number | undefined; attached: boolean } = { process: undefined, attached };
    this.#processes.set(number, entry);
    try {
      const { process, pid } = await start(streams, (end) => {
        this.#processes.delete(number);
        this.rpc?.emit("exited", { process: number, ...end });
      });
      entry.process = process;
      // The caller may have gone while the process was being started.
      if (this.#closed && entry.attached) void this.#service.signal(process, "SIGHUP").catch(() => {});
      return { pid };
    } catch (error) {
      this.#processes.delete(number);
      throw error;
    }
  }

  /** The sandbox's number of a process that this caller launched; nobody signals another caller's process. */
  #own(number: number): number {
    const process = this.#processes.get(number)?.process;
    if (process !== undefined) return process;
    throw new VitrineError("not-found", `Cannot reach process ${number}: it has ended, or was never launched here`);
  }

  #hangUp(): void {
    this.#closed = true;
    for (const { process, attached } of this.#processes.values()) {
      if (attached && process !== undefined) void this.#service.signal(process, "SIGHUP").catch(() => {});
    }
    this.#processes.clear();
  }
}
