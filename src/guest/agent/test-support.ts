/** For tests: an agent without a virtual machine, and the host's end of its link. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { AGENT_PROTOCOL_VERSION, agentContract, PLAIN_LOOKS } from "../../channel/contract/agent.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { Mux } from "../../channel/mux.ts";
import { type emptyContract, RpcPeer } from "../../channel/rpc.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { socketPair } from "../../sys/socket.ts";
import { type AgentOptions, runAgent } from "./agent.ts";
import type { ProcessEnd } from "./guest-process.ts";
import type { StdioName } from "./stdio-streams.ts";

/** No event that a test waits for may take longer, in milliseconds. */
export const DEADLINE_MS = 10_000;

export function deadline<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), DEADLINE_MS);
  });
  const settled = Promise.race([promise, late]).finally(() => clearTimeout(timer));
  // Not every test looks at every end it has asked for.
  settled.catch(() => {});
  return settled;
}

/** The error that `promise` rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<VitrineError> {
  try {
    await promise;
  } catch (error) {
    return VitrineError.from(error);
  }
  throw new Error("a failure is wanted");
}

/** For what nobody tells: looks again and again. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + DEADLINE_MS; !(await condition()); ) {
    if (performance.now() > end) throw new Error(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** Everything that a stream gives until its end. */
export function collect(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  return deadline(
    new Promise((resolve) => {
      stream.onData((chunk) => chunks.push(chunk.slice()));
      stream.onEnd(() => resolve(concatenate(chunks)));
      stream.onClose(() => resolve(concatenate(chunks)));
    }),
    "the end of a stream",
  );
}

export interface SpawnOptions {
  stdio?: "null" | "streams" | "terminal";
  streams?: StdioName[];
  environment?: Record<string, string>;
  directory?: string;
  user?: "user" | "root";
}

export class TestHost {
  readonly link: ByteStream;
  readonly mux: Mux;
  readonly rpc: RpcPeer<typeof emptyContract, typeof agentContract>;
  /** Whether the host had greeted. */
  readonly poweredOff: Promise<boolean>;
  readonly directory = mkdtempSync(join(tmpdir(), "vitrine-agent-"));
  readonly notices: string[] = [];
  readonly #ends = new Map<number, PromiseWithResolvers<ProcessEnd>>();
  #nextProcess = 1;

  /** The other end of the display link. */
  readonly display = socketPair();

  /** `serve` starts an agent for a link, by default one in this process with these options. */
  constructor(options: Partial<AgentOptions> = {}, serve?: (link: OwnedFd) => Promise<boolean>) {
    const [ours, theirs] = socketPair();
    if (serve === undefined) {
      const off = Promise.withResolvers<boolean>();
      this.poweredOff = off.promise;
      runAgent(fdStream(theirs), {
        appRoot: "/",
        runtimeDir: join(this.directory, "run"),
        powerOff: off.resolve,
        openDisplayLink: async () => fdStream(this.display[1]),
        onNotice: (message) => this.notices.push(message),
        ...options,
      });
    } else {
      this.poweredOff = serve(theirs);
      theirs.close();
    }
    this.link = fdStream(ours);
    this.mux = new Mux(this.link, "client");
    this.rpc = new RpcPeer(this.mux.open({ kind: "rpc" }), { calls: agentContract });
    this.rpc.on("exited", ({ process, code, signal }) => this.#end(process).resolve({ code, signal }));
  }

  hello(changes: Partial<{ version: number; pixels: "arena" | "stream"; environment: Record<string, string> }> = {}) {
    return this.rpc.call("hello", {
      version: AGENT_PROTOCOL_VERSION,
      entropy: "0".repeat(128),
      hostname: "test",
      machineId: "1".repeat(32),
      environment: { LANG: "C.UTF-8" },
      looks: PLAIN_LOOKS,
      pixels: "stream",
      arenaBytes: 0,
      ...changes,
    });
  }

  /** Starts a process with the streams named, by default those of its kind of stdio. */
  async spawn(argv: string[], options: SpawnOptions = {}) {
    const process = this.#nextProcess++;
    const kind = options.stdio ?? "streams";
    const usual: Record<typeof kind, StdioName[]> = {
      null: [],
      streams: ["stdin", "stdout", "stderr"],
      terminal: ["terminal"],
    };
    const streams = new Map<StdioName, ByteStream>();
    for (const name of options.streams ?? usual[kind]) {
      const stream = this.mux.open({ kind: "stdio", process, name });
      streams.set(name, stream);
      if (name === "stdout" || name === "stderr") stream.end();
    }
    const { pid } = await this.rpc.call("spawn", {
      process,
      argv,
      environment: options.environment ?? {},
      user: options.user ?? "user",
      stdio: kind === "terminal" ? { kind, rows: 24, columns: 80 } : { kind },
      ...(options.directory === undefined ? {} : { directory: options.directory }),
    });
    return { process, pid, stream: (name: StdioName) => need(streams.get(name)), ended: this.ended(process) };
  }

  ended(process: number): Promise<ProcessEnd> {
    return deadline(this.#end(process).promise, `the end of process ${process}`);
  }

  /** Runs a command to its end. */
  async run(argv: string[], input: Uint8Array = new Uint8Array(0), options: SpawnOptions = {}) {
    const started = await this.spawn(argv, options);
    const outputs = Promise.all([collect(started.stream("stdout")), collect(started.stream("stderr"))]);
    started.stream("stdin").write(input);
    started.stream("stdin").end();
    const [stdout, stderr] = await outputs;
    return { end: await started.ended, stdout, stderr, text: new TextDecoder().decode(stdout) };
  }

  async close(): Promise<void> {
    this.mux.close();
    await deadline(this.poweredOff, "the power to go off");
    rmSync(this.directory, { recursive: true, force: true });
  }

  #end(process: number): PromiseWithResolvers<ProcessEnd> {
    const known = this.#ends.get(process) ?? Promise.withResolvers<ProcessEnd>();
    this.#ends.set(process, known);
    return known;
  }
}

/** Options of an agent in a process of its own. */
export type NamespacedOptions = Pick<AgentOptions, "appRoot" | "user" | "runtimeDir">;

/** An agent whose apps have a root of their own, see app-root-main.test-support.ts. Needs root. */
export class NamespacedAgent {
  readonly #options: NamespacedOptions;
  #process: ChildProcess | undefined;
  #lines: AsyncIterator<string> | undefined;

  constructor(options: NamespacedOptions) {
    this.#options = options;
  }

  /** Starts it; resolves when the power goes off, to whether the host had greeted. */
  async serve(link: OwnedFd): Promise<boolean> {
    const main = join(import.meta.dirname, "app-root-main.test-support.ts");
    const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const words = [...namespaces, process.execPath, main, JSON.stringify(this.#options)];
    this.#process = spawn("unshare", words, { stdio: ["pipe", "pipe", "inherit", link.raw] });
    this.#lines = createInterface({ input: this.#process.stdout as Readable })[Symbol.asyncIterator]();
    return JSON.parse(await this.#line());
  }

  /** How many processes there are among the apps, once the power is off. */
  async processes(): Promise<number> {
    this.#process?.stdin?.write("\n");
    return Number(await this.#line());
  }

  close(): void {
    this.#process?.kill("SIGKILL");
  }

  async #line(): Promise<string> {
    const next = await this.#lines?.next();
    if (next === undefined || next.done === true) throw new Error("the agent has ended");
    return next.value;
  }
}

function need(stream: ByteStream | undefined): ByteStream {
  if (stream === undefined) throw new Error("no such stream was opened");
  return stream;
}

/** A view of what a stream has given so far, and a wait until that has `text` in it. */
export function follow(stream: ByteStream): {
  text(): string;
  until(text: string): Promise<void>;
  over: Promise<void>;
} {
  let seen = "";
  let waiting: (() => void) | undefined;
  const decoder = new TextDecoder();
  const over = Promise.withResolvers<void>();
  stream.onData((chunk) => {
    seen += decoder.decode(chunk, { stream: true });
    waiting?.();
  });
  stream.onEnd(over.resolve);
  stream.onClose(() => over.resolve());
  return {
    text: () => seen,
    over: deadline(over.promise, "the end of a stream"),
    until: (text) =>
      deadline(
        new Promise((resolve) => {
          waiting = () => {
            if (seen.includes(text)) resolve();
          };
          waiting();
        }),
        `"${text}" on a stream`,
      ),
  };
}
