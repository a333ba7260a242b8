/**
 * A machine of a monitor that is controlled by HTTP and whose guest connects by vsock: what Firecracker and
 * cloud-hypervisor have in common.
 */
import { mkdirSync, rmSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { ConsoleLog } from "./console-log.ts";
import type { RunningVm, VmExit, VmSpec } from "./driver.ts";
import type { GuestListeners } from "./guest-listener.ts";
import type { MonitorProcess } from "./monitor-process.ts";

/** A kernel that panicked resets its machine, which ends the monitor; one that does not get that far is ended after this time. */
const PANIC_GRACE_MS = 5000;

/** Makes the folder for a monitor's sockets, empty. */
export function makeWorkFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
}

export interface ApiMachineParts {
  readonly spec: VmSpec;
  readonly process: MonitorProcess;
  readonly listeners: GuestListeners;
  /** Our end of the socket that the guest's serial port ends in; taken over. */
  readonly console: OwnedFd;
  /** What the monitor says with an exit status other than 0, beside its own words. */
  readonly statusMeaning: (status: number) => string | undefined;
}

/** The monitor's requests that stop the virtual processors, and let them go on. */
export interface ProcessorControl {
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export class ApiMachine implements RunningVm {
  readonly accelerator = "kvm";
  readonly channel: Promise<OwnedFd>;
  readonly console: ConsoleLog;
  readonly exited: Promise<VmExit>;
  readonly #parts: ApiMachineParts;
  #pid = 0;
  #asked: "stop" | "kill" | undefined;
  #over = false;
  #displayTaken = false;
  #processors: ProcessorControl | undefined;
  /** The guest has switched itself off or begun anew; the monitor's own end is no news then. */
  #guestEnded = false;

  constructor(parts: ApiMachineParts) {
    const { spec, process, listeners, console } = parts;
    this.#parts = parts;
    this.channel = listeners.agent.connection;
    this.console = new ConsoleLog(spec.consoleLog, fdStream(console), () => this.#endAfterPanic());
    this.exited = Promise.all([process.exited, this.console.ended]).then(
      ([{ status, signal }]) => this.#describeExit(status, signal),
      (error: unknown): VmExit => ({ reason: "monitor-failed", status: -1, message: VitrineError.from(error).message }),
    );
    void this.exited.then(() => {
      this.#over = true;
      listeners.agent.close();
      listeners.display.close();
      if (!this.#displayTaken)
        listeners.display.connection.then(
          (fd) => fd.close(),
          () => {}, // Nobody had connected.
        );
      rmSync(spec.workFolder, { recursive: true, force: true });
    });
  }

  takeDisplayChannel(): Promise<OwnedFd> {
    this.#displayTaken = true;
    return this.#parts.listeners.display.connection;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Whether the monitor is gone. */
  get over(): boolean {
    return this.#over;
  }

  /** Awaits `work`, which asks something of the monitor; throws what the monitor says when it ends meanwhile. */
  async unlessEnded<T>(work: Promise<T>): Promise<T> {
    const ended = this.#parts.process.exited.then((): never => {
      throw this.#parts.process.failure();
    });
    ended.catch(() => {});
    work.catch(() => {});
    return await Promise.race([work, ended]);
  }

  /** Ends a machine that did not start, and tells why: what the monitor said last, if all that is known is that it went. */
  async startFailure(noticed: unknown): Promise<VitrineError> {
    await this.kill();
    const error = VitrineError.from(noticed);
    const { process } = this.#parts;
    const wentAway = error.code === "io" || error.code === "timeout";
    return wentAway && process.message !== "" ? process.failure() : error;
  }

  /** The monitor runs and obeys; from now on it is known by its process id. */
  async running(): Promise<void> {
    this.#pid = await this.#parts.process.pid;
  }

  /** Says how the monitor is asked to stop the virtual processors. Before the machine is anyone's. */
  pausedBy(processors: ProcessorControl): void {
    this.#processors = processors;
  }

  async pause(): Promise<void> {
    await this.unlessEnded(this.#pausable().pause());
  }

  async resume(): Promise<void> {
    await this.unlessEnded(this.#pausable().resume());
  }

  #pausable(): ProcessorControl {
    if (this.#processors !== undefined) return this.#processors;
    throw new VitrineError("internal", "Cannot pause a machine whose monitor is not reached yet");
  }

  /** Ends the monitor because its guest is over. */
  guestOver(): void {
    this.#guestEnded = true;
    this.#parts.process.kill();
  }

  stop(): Promise<VmExit> {
    // Disks are only read, and the agent has been asked before: there is nothing that a gentler end would save.
    this.#asked ??= "stop";
    this.#parts.process.kill();
    return this.exited;
  }

  kill(): Promise<VmExit> {
    this.#asked ??= "kill";
    this.#parts.process.kill();
    return this.exited;
  }

  #endAfterPanic(): void {
    const timer = setTimeout(() => this.#parts.process.kill(), PANIC_GRACE_MS);
    void this.exited.then(() => clearTimeout(timer));
  }

  #describeExit(status: number | undefined, signal: string | undefined): VmExit {
    const { panic } = this.console;
    if (this.#asked === "stop") return { reason: "stopped" };
    if (panic !== undefined) return { reason: "panic", message: panic };
    if (this.#guestEnded || status === 0) return { reason: "guest-exit" };
    if (signal !== undefined) return { reason: "killed", signal };
    const { process, statusMeaning } = this.#parts;
    const words = [statusMeaning(status ?? -1), process.message].filter((text) => text !== undefined && text !== "");
    return { reason: "monitor-failed", status: status ?? -1, message: words.join("; ") };
  }
}
