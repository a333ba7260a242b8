/**
 * One process that the host has started, with its streams, until it has ended and its output has been written out.
 *
 * By the runtime's own spawn: node:child_process, which stands on it, is so much code that a machine that was just booted
 * would take longer to load that than to start the program.
 */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { Stdio } from "../../channel/contract/agent.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { copyOneWay } from "../../channel/pipe.ts";
import { type OwnedFd, setNonBlocking } from "../../sys/fd.ts";
import { pipe } from "../../sys/process.ts";
import { openPty, setWindowSize, type WindowSize } from "../../sys/pty.ts";
import type { Launch } from "./launch-command.ts";
import { ProcessOutput } from "./process-output.ts";
import type { StdioName } from "./stdio-streams.ts";

/** Exactly one is set. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Reported when the runtime knows neither code nor signal (a real-time signal has no name there). */
const UNKNOWN_END_CODE = 255;

type Raw = number | "ignore";

export class GuestProcess {
  readonly #child: Bun.Subprocess;
  readonly #outputs: ProcessOutput[] = [];
  readonly #onEnd: (end: ProcessEnd) => void;
  #input: ByteStream | undefined;
  #controller: OwnedFd | undefined;
  #openOutputs = 0;
  #end: ProcessEnd | undefined;

  /**
   * Starts the program joined to `streams`, which it takes over also when it throws; what is not among them is
   * /dev/null. `onEnd` is called once, unless starting failed.
   */
  static start(
    launch: Launch,
    options: {
      environment: Record<string, string>;
      stdio: Stdio;
      streams: ReadonlyMap<StdioName, ByteStream>;
      onEnd: (end: ProcessEnd) => void;
    },
  ): GuestProcess {
    const theirs: OwnedFd[] = [];
    const ours: OwnedFd[] = [];
    try {
      const raw = openStdio(options.stdio, options.streams, theirs, ours);
      const process = new GuestProcess(launch, options.environment, raw, options.onEnd);
      process.#join(options.stdio, options.streams, ours);
      return process;
    } catch (cause) {
      for (const fd of ours) fd.close();
      for (const stream of options.streams.values()) stream.destroy();
      if (cause instanceof VitrineError) throw cause;
      const tooBig = cause instanceof Error && "code" in cause && cause.code === "E2BIG";
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new VitrineError(tooBig ? "limit" : "io", `Cannot start "${launch.file}": ${why}`, { cause });
    } finally {
      for (const fd of theirs) fd.close();
    }
  }

  private constructor(
    launch: Launch,
    environment: Record<string, string>,
    stdio: [Raw, Raw, Raw],
    onEnd: (end: ProcessEnd) => void,
  ) {
    this.#onEnd = onEnd;
    this.#child = Bun.spawn([launch.file, ...launch.args], {
      cwd: launch.cwd,
      detached: launch.detached,
      env: environment,
      stdio,
      onExit: ({ exitCode, signalCode }) => this.#exited(exitCode, signalCode),
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hasTerminal(): boolean {
    return this.#controller !== undefined;
  }

  /** Sends a signal to the process group; nothing when it has gone. */
  signal(signal: NodeJS.Signals): void {
    for (const target of [-this.pid, this.pid]) {
      try {
        process.kill(target, signal);
        return;
      } catch {
        // No such group: setsid(1) has not made it yet, so the process itself is meant. Or all have gone.
      }
      // Its number may be another's by now.
      if (this.#end !== undefined) return;
    }
  }

  resize(size: WindowSize): void {
    if (this.#controller === undefined) {
      throw new VitrineError("invalid-argument", `Cannot resize process of pid ${this.pid}: it has no terminal`);
    }
    if (this.#controller.isOpen) setWindowSize(this.#controller, size);
  }

  /** Kills the process group and lets go of the streams. */
  destroy(): void {
    this.signal("SIGKILL");
    this.#input?.destroy();
    for (const output of this.#outputs) output.destroy();
  }

  #join(stdio: Stdio, streams: ReadonlyMap<StdioName, ByteStream>, ours: readonly OwnedFd[]): void {
    const [first] = ours;
    if (stdio.kind === "terminal") {
      const host = streams.get("terminal");
      if (first === undefined || host === undefined) return;
      this.#controller = first;
      const terminal = fdStream(first);
      this.#addOutput(terminal, host, { hostWrites: true });
      // The end of the host's direction closes the terminal, which hangs up the programs on it; a loss, at once.
      copyOneWay(host, terminal, { onDone: (error) => error !== undefined && terminal.destroy() });
      return;
    }
    const rest = [...ours];
    for (const name of STREAM_NAMES) {
      const host = stdio.kind === "streams" ? streams.get(name) : undefined;
      const fd = host === undefined ? undefined : rest.shift();
      if (host === undefined || fd === undefined) continue;
      const stream = fdStream(fd);
      if (name === "stdin") {
        host.end();
        this.#input = stream;
        copyOneWay(host, stream);
        // Nobody reads it any more: the host need not send the rest.
        stream.onClose(() => host.destroy());
      } else {
        this.#addOutput(stream, host, { hostWrites: false });
      }
    }
  }

  #addOutput(output: ByteStream, host: ByteStream, options: { hostWrites: boolean }): void {
    this.#openOutputs += 1;
    const done = () => {
      this.#openOutputs -= 1;
      this.#finish();
    };
    this.#outputs.push(new ProcessOutput(output, host, done, options));
  }

  #exited(code: number | null, signal: string | number | null): void {
    if (typeof signal === "string") this.#end = { code: null, signal };
    else this.#end = { code: code ?? UNKNOWN_END_CODE, signal: null };
    this.#input?.destroy();
    for (const output of this.#outputs) output.processEnded();
    this.#finish();
  }

  #finish(): void {
    if (this.#end !== undefined && this.#openOutputs === 0) this.#onEnd(this.#end);
  }
}

const STREAM_NAMES = ["stdin", "stdout", "stderr"] as const;

/** Opens the descriptors: those for the process go to `theirs`, our ends in the order of STREAM_NAMES to `ours`. */
function openStdio(
  stdio: Stdio,
  streams: ReadonlyMap<StdioName, ByteStream>,
  theirs: OwnedFd[],
  ours: OwnedFd[],
): [Raw, Raw, Raw] {
  switch (stdio.kind) {
    case "null":
      for (const stream of streams.values()) stream.destroy();
      return ["ignore", "ignore", "ignore"];
    case "terminal": {
      if (!streams.has("terminal")) {
        throw new VitrineError(
          "invalid-argument",
          "Cannot start with a terminal: its stream, opened before, is wanted",
        );
      }
      const { controller, peer } = openPty(stdio);
      ours.push(controller);
      theirs.push(peer);
      return [peer.raw, peer.raw, peer.raw];
    }
    case "streams": {
      const open = (name: (typeof STREAM_NAMES)[number]): Raw => {
        if (!streams.has(name)) return "ignore";
        const [read, write] = pipe();
        const [their, our] = name === "stdin" ? [read, write] : [write, read];
        theirs.push(their);
        ours.push(our);
        setNonBlocking(their, false);
        return their.raw;
      };
      return [open("stdin"), open("stdout"), open("stderr")];
    }
    default:
      return stdio satisfies never;
  }
}
