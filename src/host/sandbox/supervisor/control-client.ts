/**
 * A caller's side of contract/control.ts. Connects to the supervisor of a sandbox that runs; processes launched over a
 * connection belong to it and end with it, unless they have no stdio.
 */
import { VitrineError } from "../../../base/error.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import {
  type AdoptRequest,
  type AppliedPolicy,
  CONTROL_PROTOCOL_VERSION,
  type ControlStreamHeader,
  controlContract,
  type LaunchRequest,
  type Phase,
  type ProcessEnd,
  type SandboxInfo,
  type Signal,
  type StdioName,
} from "../../../channel/contract/control.ts";
import {
  MAX_TRACE_MESSAGE_BYTES,
  type TraceMessage,
  type TraceOptions,
  traceMessageSchema,
} from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { MessageAssembler } from "../../../channel/message.ts";
import { Mux } from "../../../channel/mux.ts";
import { type emptyContract, RpcPeer } from "../../../channel/rpc.ts";
import { connectUnix } from "../../../sys/socket.ts";
import { type Environment, sandboxPaths } from "../directories.ts";
import { findSandbox } from "../record.ts";

/** How long a sandbox may take to stop before a caller gives up on it, in milliseconds: its own times of grace and some. */
export const STOP_DEADLINE_MS = 20_000;
/** How long a supervisor may hold its lock without listening, in milliseconds. */
export const CONNECT_DEADLINE_MS = 2000;
const CONNECT_INTERVAL_MS = 20;
/** For calls that wait for the guest to boot: the supervisor watches over that. */
const NO_DEADLINE = { deadlineMs: Number.POSITIVE_INFINITY } as const;

/** A process in the sandbox, from this caller's side. */
export interface LaunchedProcess {
  /** In the guest. */
  readonly pid: number;
  /** The streams that were asked for, by name. */
  readonly streams: ReadonlyMap<StdioName, ByteStream>;
  /** How it ended; rejects when the connection is lost before. */
  readonly ended: Promise<ProcessEnd>;
  signal(signal: Signal): Promise<void>;
  resize(rows: number, columns: number): Promise<void>;
}

/** What a trace shows: messages, and how many were left out. */
export type ShownTrace = Exclude<TraceMessage, { refused: string } | { watching: true }>;

export interface RunningTrace {
  /** Resolves when the trace is over, by stop() or the end of the sandbox; rejects with why there is none. */
  readonly ended: Promise<void>;
  /** Shows no more until resume(): what comes meanwhile is dropped and counted. */
  pause(): void;
  resume(): void;
  stop(): void;
}

interface Ending {
  readonly resolve: (end: ProcessEnd) => void;
  readonly reject: (error: VitrineError) => void;
}

export class SandboxConnection {
  readonly #name: string;
  readonly #mux: Mux;
  readonly #rpc: RpcPeer<typeof emptyContract, typeof controlContract>;
  readonly #endings = new Map<number, Ending>();
  readonly #closed = Promise.withResolvers<void>();
  #nextProcess = 1;
  #ended: { message: string; failure: boolean } | undefined;
  /** Set these to be told; see the contract's events. */
  onPhase: ((phase: Phase, at: number) => void) | undefined;
  onNotice: ((severity: "info" | "warning" | "error", message: string) => void) | undefined;

  /** Takes over `socket`. */
  constructor(name: string, socket: ByteStream) {
    this.#name = name;
    this.#mux = new Mux(socket, "client");
    this.#rpc = new RpcPeer(this.#mux.open({ kind: "rpc" } satisfies ControlStreamHeader), { calls: controlContract });
    this.#rpc.on("exited", ({ process, code, signal }) => {
      this.#endings.get(process)?.resolve({ code, signal });
      this.#endings.delete(process);
    });
    this.#rpc.on("phase", ({ phase, at }) => this.onPhase?.(phase, at));
    this.#rpc.on("notice", ({ severity, message }) => this.onNotice?.(severity, message));
    this.#rpc.on("ended", (data) => {
      this.#ended = data;
    });
    this.#mux.onClose(() => {
      for (const ending of this.#endings.values()) ending.reject(this.#lost());
      this.#endings.clear();
      this.#closed.resolve();
    });
  }

  /** Resolves when the connection is over, whichever side ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The sandbox as it is now, or once it can start processes. Rejects with why it will not. */
  async info(waitUntilReady = false): Promise<SandboxInfo> {
    const options = waitUntilReady ? NO_DEADLINE : {};
    const info = await this.#call(() => this.#rpc.call("info", { waitUntilReady }, options));
    if (info.version !== CONTROL_PROTOCOL_VERSION) {
      throw new VitrineError(
        "protocol",
        `Cannot talk to sandbox "${this.#name}": it was started by another version of Vitrine`,
        {
          fix: `vitrine stop --force ${this.#name}`,
        },
      );
    }
    return info;
  }

  /** Starts a process, with the streams that its `stdio` calls for. */
  async launch(request: Omit<LaunchRequest, "process">): Promise<LaunchedProcess> {
    return await this.#begin(STREAMS_OF[request.stdio.kind], (process) =>
      this.#rpc.call("launch", { ...request, process }, NO_DEADLINE),
    );
  }

  /** Takes over the app of a ready machine, with its streams. Rejects when somebody else has it. */
  async adopt(request: Omit<AdoptRequest, "process">): Promise<LaunchedProcess> {
    return await this.#begin(STREAMS_OF.streams, (process) => this.#rpc.call("adopt", { ...request, process }));
  }

  async #begin(
    names: readonly StdioName[],
    call: (process: number) => Promise<{ pid: number }>,
  ): Promise<LaunchedProcess> {
    const process = this.#nextProcess++;
    const { promise, resolve, reject } = Promise.withResolvers<ProcessEnd>();
    promise.catch(() => {}); // A caller that does not wait for the end need not care.
    this.#endings.set(process, { resolve, reject });
    try {
      const streams = new Map(
        names.map((name) => [name, this.#mux.open({ kind: "stdio", process, name } satisfies ControlStreamHeader)]),
      );
      const { pid } = await this.#call(() => call(process));
      return {
        pid,
        streams,
        ended: promise,
        signal: async (signal) => void (await this.#call(() => this.#rpc.call("signal", { process, signal }))),
        resize: async (rows, columns) =>
          void (await this.#call(() => this.#rpc.call("resize", { process, rows, columns }))),
      };
    } catch (error) {
      this.#endings.delete(process);
      throw error;
    }
  }

  /** Sets what the guest may reach, as people write it. */
  async setNetwork(policy: string): Promise<void> {
    await this.#call(() => this.#rpc.call("setNetwork", { policy }));
  }

  /** Has the sandbox read its policy files again and put them in force, also for apps that run. */
  async applyPolicy(): Promise<AppliedPolicy> {
    return this.#call(() => this.#rpc.call("applyPolicy", {}));
  }

  /** Shows the Wayland messages of apps, from the moment on at which `watching` is called. */
  trace(options: TraceOptions, watching: () => void, show: (message: ShownTrace) => void): RunningTrace {
    const stream = this.#mux.open({ kind: "trace", options } satisfies ControlStreamHeader);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const assembler = new MessageAssembler(MAX_TRACE_MESSAGE_BYTES);
    stream.onData((chunk) => {
      assembler.push(chunk);
      for (let next = assembler.next(); next !== undefined; next = assembler.next()) {
        const message = traceMessageSchema.parse(next.value);
        if ("refused" in message) reject(new VitrineError("unavailable", message.refused));
        else if ("watching" in message) watching();
        else show(message);
      }
    });
    stream.onEnd(() => stream.end());
    stream.onClose((error) => (error === undefined ? resolve() : reject(error)));
    return {
      ended: promise,
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      stop: () => stream.destroy(),
    };
  }

  /** Stops the sandbox; resolves when it has ended. */
  async stop(force: boolean): Promise<void> {
    try {
      await this.#rpc.call("stop", { force }, { deadlineMs: STOP_DEADLINE_MS });
    } catch (error) {
      if (this.#ended === undefined) throw error;
    }
    await this.#closed.promise;
  }

  close(): void {
    this.#mux.close();
  }

  /** A call that is cut off by the end of the sandbox fails with the reason of that. */
  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (VitrineError.from(error).code !== "io") throw error;
      await this.#closed.promise;
      throw this.#lost(error);
    }
  }

  #lost(cause?: unknown): VitrineError {
    const why = this.#ended?.message ?? "its supervisor is gone";
    return new VitrineError("guest-failed", `Sandbox "${this.#name}" has ended: ${why}`, {
      fix: `see what happened with: vitrine logs ${this.#name}`,
      cause,
    });
  }
}

const STREAMS_OF: Readonly<Record<LaunchRequest["stdio"]["kind"], readonly StdioName[]>> = {
  null: [],
  streams: ["stdin", "stdout", "stderr"],
  terminal: ["terminal"],
};

/** Connects to a sandbox; undefined when none of that name runs. */
export async function findConnection(
  name: string,
  environment: Environment = process.env,
): Promise<SandboxConnection | undefined> {
  const { socket } = sandboxPaths(name, environment);
  for (let waited = 0; findSandbox(name, environment) !== undefined; waited += CONNECT_INTERVAL_MS) {
    try {
      return new SandboxConnection(name, fdStream(connectUnix(socket)));
    } catch (error) {
      // Its supervisor has the lock and does not listen yet, or does not any more; in either case not for long.
      if (waited >= CONNECT_DEADLINE_MS) throw unreachable(name, error);
      await Bun.sleep(CONNECT_INTERVAL_MS);
    }
  }
  return undefined;
}

function unreachable(name: string, cause: unknown): VitrineError {
  const fix = "try again when that has ended";
  return new VitrineError("unavailable", `Cannot reach sandbox "${name}": another command works on it`, { fix, cause });
}

/** Connects to a sandbox that runs; rejects with "not-found" when none of that name does. */
export async function connectSandbox(name: string, environment: Environment = process.env): Promise<SandboxConnection> {
  const connection = await findConnection(name, environment);
  if (connection !== undefined) return connection;
  throw new VitrineError("not-found", `Cannot find sandbox "${name}": no sandbox of that name runs`, {
    fix: "vitrine list shows those that run; vitrine run starts one",
  });
}
