/**
 * The process of a monitor, of whichever kind: started inside its walls (confinement.ts), with the descriptors it is
 * given and no others; what it says is kept; it never outlives the process that started it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { memfdCreate } from "../../sys/memory.ts";
import {
  cannotConfine,
  confinedCommand,
  isConfinementFailure,
  type MonitorView,
  unconfinedCommand,
} from "./confinement.ts";
import { findProgram } from "./find-program.ts";
import { seccompFilter } from "./seccomp.ts";

export interface MonitorCommand {
  /** For messages: "QEMU". */
  readonly name: string;
  /** A real path, see find-program.ts. */
  readonly program: string;
  readonly args: readonly string[];
  readonly view: MonitorView;
  /** False: without walls, because the user said so. */
  readonly confined: boolean;
  /** Descriptors that it inherits as 3, 4, 5, ...; borrowed. */
  readonly inherited: readonly OwnedFd[];
  /** The descriptor that becomes its standard output, borrowed. Absent: that counts as what it says. */
  readonly output?: OwnedFd;
}

/** How the process ended: exactly one is set. */
export interface MonitorEnd {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

/** The first descriptor after the three standard streams. */
const FIRST_INHERITED = 3;
/** Characters of a monitor's own messages that are kept; the end is what tells why it failed. */
const KEPT_MESSAGE_CHARS = 4096;
const SHOWN_MESSAGE_CHARS = 800;
/** bubblewrap, as a shell, ends with this and the number of the signal that ended its program. */
const SIGNAL_STATUS = 128;
const FATAL_SIGNALS = ["SIGILL", "SIGABRT", "SIGBUS", "SIGKILL", "SIGSEGV", "SIGTERM", "SIGSYS"] as const;

export class MonitorProcess {
  /** Resolves when it is gone, with all that it said. Rejects ("unavailable") when it could not be started at all. */
  readonly exited: Promise<MonitorEnd>;
  /** Of the monitor itself, not of what keeps its walls; known before it runs. Rejects when it could not be started. */
  readonly pid: Promise<number>;
  readonly #command: MonitorCommand;
  readonly #child: ChildProcess;
  #message = "";
  #running = true;

  /** `words`: further streams of what it says, a log for example; taken over. */
  constructor(command: MonitorCommand, words: readonly ByteStream[] = []) {
    this.#command = command;
    this.#child = command.confined ? spawnConfined(command) : spawnUnconfined(command);
    const gone = new Promise<MonitorEnd>((resolve, reject) => {
      this.#child.on("error", (cause) =>
        reject(new VitrineError("unavailable", `Cannot run "${command.program}": ${cause.message}`, { cause })),
      );
      this.#child.on("exit", () => {
        this.#running = false;
      });
      this.#child.on("close", (status, signal) => resolve(this.#endOf(status, signal)));
    });
    // Its last words may still be on the way.
    this.exited = Promise.all([gone, ...words.map((stream) => this.#hear(stream))]).then(([end]) => end);
    this.exited.catch(() => {});
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.setEncoding("utf8").on("data", (text: string) => this.#keep(text));
    }
    this.pid = this.#findPid();
    this.pid.catch(() => {});
  }

  /** What it said, on one line, fit to be shown. */
  get message(): string {
    return sanitizeText(this.#message.trim().replaceAll("\n", "; "), SHOWN_MESSAGE_CHARS);
  }

  /** The error that its end means for whoever waits for it to run; `end`: how it ended, where that is known. */
  failure(end?: MonitorEnd): VitrineError {
    if (this.#command.confined && isConfinementFailure(this.#message)) return cannotConfine(this.message);
    const why = end?.signal === undefined ? this.message : `it was killed by ${end.signal}`;
    return new VitrineError("guest-failed", `Cannot start ${this.#command.name}: ${why}`, { cause: end });
  }

  /** SIGKILL, to the monitor itself: until it runs, nothing would tell it that the keeper of its walls is gone. */
  kill(): void {
    this.pid.then(
      (pid) => {
        if (this.#running) killProcess(pid);
      },
      () => {}, // There is nothing to kill.
    );
  }

  /** Keeps what comes out of `stream`; resolves at its end. */
  #hear(stream: ByteStream): Promise<void> {
    const decoder = new TextDecoder();
    stream.onData((chunk) => this.#keep(decoder.decode(chunk, { stream: true })));
    stream.onEnd(() => stream.destroy());
    return new Promise((resolve) => stream.onClose(() => resolve()));
  }

  #keep(text: string): void {
    this.#message = (this.#message + text).slice(-KEPT_MESSAGE_CHARS);
  }

  async #findPid(): Promise<number> {
    const pid = this.#command.confined ? await this.#confinedPid() : this.#child.pid;
    if (pid !== undefined) return pid;
    await this.exited;
    throw this.failure();
  }

  /** Told by the keeper of the walls once there is the process that becomes the monitor; undefined: it did not get there. */
  async #confinedPid(): Promise<number | undefined> {
    const info = this.#child.stdio[FIRST_INHERITED + this.#command.inherited.length] as Readable | null;
    let text = "";
    for await (const chunk of info?.setEncoding("utf8") ?? []) text += chunk;
    const pid = /"child-pid": *(\d+)/.exec(text)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  #endOf(status: number | null, signal: NodeJS.Signals | null): MonitorEnd {
    if (signal !== null) return { status: undefined, signal };
    const passedOn = this.#command.confined ? signalName((status ?? 0) - SIGNAL_STATUS) : undefined;
    if (passedOn !== undefined) return { status: undefined, signal: passedOn };
    return { status: status ?? -1, signal: undefined };
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It has just ended by itself, and only the keeper of its walls is still there.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Only those that end a monitor against its will: Firecracker uses some of the numbers above 128 for statuses of its own. */
function signalName(number: number): string | undefined {
  return FATAL_SIGNALS.find((name) => constants.signals[name] === number);
}

function spawnUnconfined({ program, args, view, inherited, output }: MonitorCommand): ChildProcess {
  const [command = "", ...rest] = unconfinedCommand(program, args);
  return spawn(command, rest, {
    cwd: view.workFolder ?? "/",
    stdio: ["ignore", output?.raw ?? "pipe", "pipe", ...inherited.map((fd) => fd.raw)],
  });
}

function spawnConfined({ program, args, view, inherited, output }: MonitorCommand): ChildProcess {
  const info = FIRST_INHERITED + inherited.length;
  const [command = "", ...rest] = confinedCommand(program, args, view, { info, filter: info + 1 });
  const bytecode = seccompFilter(view.sockets);
  using filter = memfdCreate("vitrine-seccomp", bytecode.length);
  // Written at a position, so that whoever reads the file begins at its beginning.
  writeSync(filter.raw, bytecode, 0, bytecode.length, 0);
  return spawn(command, rest, {
    cwd: "/",
    // What the user's environment holds is no business of a monitor, nor of what keeps its walls.
    env: {},
    stdio: ["ignore", output?.raw ?? "pipe", "pipe", ...inherited.map((fd) => fd.raw), "pipe", filter.raw],
  });
}

/** Whether monitors can be confined here: throws "unavailable", with what mends it, when not. */
export async function tryConfinement(): Promise<void> {
  const program = findProgram("true");
  if (program === undefined) throw new VitrineError("unavailable", 'Cannot run "true": no such program');
  const view: MonitorView = { files: {}, support: [], devices: ["/dev/null"], sockets: "none" };
  const trial = new MonitorProcess({ name: "true", program, args: [], view, confined: true, inherited: [] });
  const { status } = await trial.exited;
  if (status !== 0) throw cannotConfine(trial.message === "" ? `it ended with status ${status}` : trial.message);
}
