/** The processes that were started in the guest from outside: their numbers on the agent's link, their streams, their end. */
import { VitrineError } from "../../../base/error.ts";
import { sanitizeText } from "../../../base/sanitize.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import type { LaunchRequest, ProcessEnd, Signal, StdioName } from "../../../channel/contract/control.ts";
import { splice } from "../../../channel/pipe.ts";
import type { LogFile } from "../log-file.ts";
import type { GuestLink } from "./guest-link.ts";
import { logOutput } from "./log-output.ts";
import { X11Only } from "./x11-only.ts";

/** Characters of a command line that are kept to be shown. */
const SHOWN_COMMAND_CHARS = 120;

interface GuestProcess {
  /** The command line, fit to be shown. */
  readonly command: string;
  readonly startedAt: number;
  onEnd: (end: ProcessEnd) => void;
  /** The agent has confirmed that it runs. */
  spawned: boolean;
  /** Its end, when the agent told that in one breath with its start. */
  earlyEnd?: ProcessEnd;
}

/** A process whose streams wait for somebody to take them. */
export interface HeldProcess {
  readonly process: number;
  readonly pid: number;
  /**
   * Joins it to `streams`, which are taken over, beginning with what it has printed so far; `onEnd` is called instead of the
   * one before. Once.
   */
  join(streams: ReadonlyMap<StdioName, ByteStream>, onEnd: (end: ProcessEnd) => void): void;
}

export class GuestProcesses {
  readonly #link: GuestLink;
  readonly #log: LogFile;
  readonly #onChange: () => void;
  readonly #processes = new Map<number, GuestProcess>();
  #next = 1;

  /** `onChange` is called when a process was added or has gone. */
  constructor(link: GuestLink, log: LogFile, onChange: () => void) {
    this.#link = link;
    this.#log = log;
    this.#onChange = onChange;
  }

  /** Processes that run. One that is only being started keeps no sandbox alive: whoever wants it is connected. */
  get count(): number {
    return this.list().length;
  }

  list(): { process: number; command: string; startedAt: number }[] {
    const running = [...this.#processes].filter(([, entry]) => entry.spawned);
    return running.map(([process, { command, startedAt }]) => ({ process, command, startedAt }));
  }

  /**
   * Starts a process joined to `streams`, which it takes over; one without stdio writes to the log. `onEnd` is called once
   * after this has resolved. Returns its number here and its pid in the guest. Rejects with the agent's error.
   */
  async launch(
    request: Omit<LaunchRequest, "process">,
    streams: ReadonlyMap<StdioName, ByteStream>,
    onEnd: (end: ProcessEnd) => void,
  ): Promise<{ process: number; pid: number }> {
    try {
      if (request.stdio.kind === "null") return await this.#launchLogged(request, onEnd);
      return await this.#spawn(request, onEnd, (open) => {
        for (const [name, hostEnd] of streams) splice(hostEnd, open(name));
      });
    } catch (error) {
      for (const stream of streams.values()) stream.destroy();
      throw error;
    }
  }

  /** Starts a process whose output goes to the log, with a word on why it failed where that is known. */
  #launchLogged(request: Omit<LaunchRequest, "process">, onEnd: (end: ProcessEnd) => void) {
    const [name = ""] = request.argv;
    const x11Only = new X11Only((message) => this.#log.entry("warning", `${name}: ${message}`));
    const ended = (end: ProcessEnd) => {
      x11Only.ended(end);
      onEnd(end);
    };
    return this.#spawn({ ...request, stdio: { kind: "streams" } }, ended, (open) => {
      logOutput(open("stdout"), this.#log, name);
      logOutput(open("stderr"), this.#log, name, x11Only.said);
    });
  }

  /**
   * Starts a process with nothing on its standard input. What it prints is kept for who joins it: as much as the link's flow
   * control lets it print, then it waits. `onEnd` as with {@link launch}; the agent may take `deadlineMs` milliseconds.
   */
  async hold(
    request: Omit<LaunchRequest, "process" | "stdio">,
    onEnd: (end: ProcessEnd) => void,
    deadlineMs: number,
  ): Promise<HeldProcess> {
    const kept = new Map<StdioName, ByteStream>();
    const join = (open: (name: StdioName) => ByteStream) => {
      for (const name of ["stdin", "stdout", "stderr"] as const) kept.set(name, open(name));
      kept.get("stdin")?.end();
    };
    const held = { ...request, stdio: { kind: "streams" } } as const;
    const { process, pid } = await this.#spawn(held, onEnd, join, { deadlineMs });
    return {
      process,
      pid,
      join: (streams, joinedEnd) => {
        const entry = this.#processes.get(process);
        if (entry !== undefined) entry.onEnd = joinedEnd;
        for (const [name, guestEnd] of kept) {
          const hostEnd = streams.get(name);
          if (hostEnd === undefined) guestEnd.destroy();
          else splice(hostEnd, guestEnd);
        }
      },
    };
  }

  /** Starts a process; `join` opens the streams that it shall have. */
  async #spawn(
    request: Omit<LaunchRequest, "process">,
    onEnd: (end: ProcessEnd) => void,
    join: (open: (name: StdioName) => ByteStream) => void,
    options: { deadlineMs?: number } = {},
  ): Promise<{ process: number; pid: number }> {
    const process = this.#next++;
    const command = sanitizeText(request.argv.join(" "), SHOWN_COMMAND_CHARS);
    const entry: GuestProcess = { command, startedAt: Date.now(), onEnd, spawned: false };
    this.#processes.set(process, entry);
    const opened: ByteStream[] = [];
    try {
      join((name) => {
        const guestEnd = this.#link.openStdio(process, name);
        opened.push(guestEnd);
        return guestEnd;
      });
      const { pid } = await this.#link.rpc.call("spawn", { ...request, process }, options);
      entry.spawned = true;
      this.#onChange();
      this.#log.entry("info", `started ${process}: ${command}`);
      const { earlyEnd } = entry;
      if (earlyEnd !== undefined) setImmediate(() => this.ended(process, earlyEnd));
      return { process, pid };
    } catch (error) {
      for (const stream of opened) stream.destroy();
      this.#forget(process);
      throw error;
    }
  }

  /** The agent says that a process has ended. A number that is not running is a guest's invention, and ignored. */
  ended(process: number, end: ProcessEnd): void {
    const entry = this.#processes.get(process);
    if (entry === undefined) return;
    if (!entry.spawned) {
      entry.earlyEnd = end;
      return;
    }
    this.#log.entry(
      "info",
      `ended ${process}: ${end.signal === null ? `status ${end.code}` : sanitizeText(end.signal)}`,
    );
    this.#forget(process);
    entry.onEnd(end);
  }

  async signal(process: number, signal: Signal): Promise<void> {
    this.#need(process);
    await this.#link.rpc.call("signal", { process, signal });
  }

  async resize(process: number, rows: number, columns: number): Promise<void> {
    this.#need(process);
    await this.#link.rpc.call("resize", { process, rows, columns });
  }

  #need(process: number): void {
    if (this.#processes.has(process)) return;
    throw new VitrineError("not-found", `Cannot reach process ${process}: it has ended`);
  }

  #forget(process: number): void {
    this.#processes.delete(process);
    this.#onChange();
  }
}
