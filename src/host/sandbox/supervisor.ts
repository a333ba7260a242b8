/**
 * The life of one sandbox: starts its machine, talks to the agent, shows its windows, serves its callers, and cleans up
 * whatever ends it. What to do when is decided in lifecycle.ts; this file does it.
 */
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { GuestStreamHeader } from "../../channel/contract/agent.ts";
import {
  CONTROL_PROTOCOL_VERSION,
  type LaunchRequest,
  type Phase,
  type ProcessEnd,
  type SandboxInfo,
  type Signal,
  type StdioName,
} from "../../channel/contract/control.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { awaitBoot } from "../vmm/boot-watchdog.ts";
import type { Driver, RunningVm, VmExit } from "../vmm/driver.ts";
import { ControlServer, type SandboxService } from "./control-server.ts";
import type { SandboxPaths } from "./directories.ts";
import { type GuestHello, GuestLink } from "./guest-link.ts";
import { GuestProcesses } from "./guest-processes.ts";
import { IdleWatch } from "./idle.ts";
import {
  describeEnd,
  type EndReason,
  INITIAL_STATE,
  isFailure,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleState,
  step,
} from "./lifecycle.ts";
import type { LogFile, Severity } from "./log-file.ts";
import { writeRecord } from "./record.ts";
import type { SupervisorSpec } from "./supervisor-spec.ts";
import { openWindows, type Windows } from "./windows.ts";

/** How long processes of the guest have between SIGTERM and SIGKILL when the sandbox is stopped, in milliseconds. */
export const PROCESS_STOP_GRACE_MS = 3000;
/** How long the guest then has to switch itself off before the machine is killed, in milliseconds. */
export const MACHINE_STOP_GRACE_MS = 10_000;
/** How long a machine whose agent is silent may take to end by itself, and so to say why, in milliseconds. */
export const AGENT_LOST_GRACE_MS = 3000;
/** How long a guest that does not answer may keep whoever asks for its memory waiting, in milliseconds. */
export const GUEST_MEMORY_DEADLINE_MS = 2000;

/** Last lines of the guest's console that explain a failure in the log. */
const CONSOLE_LINES_ON_FAILURE = 20;

export interface SupervisorOptions {
  readonly spec: SupervisorSpec;
  readonly paths: SandboxPaths;
  readonly consoleLog: string;
  readonly log: LogFile;
  readonly driver: Driver;
}

export class Supervisor implements SandboxService {
  readonly #options: SupervisorOptions;
  readonly #log: LogFile;
  readonly #server: ControlServer;
  readonly #idle: IdleWatch;
  readonly #startedAt = Date.now();
  readonly #phases: Partial<Record<Phase, number>> = {};
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<EndReason>();
  #state: LifecycleState = INITIAL_STATE;
  #machine: RunningVm | undefined;
  #link: GuestLink | undefined;
  #processes: GuestProcesses | undefined;
  #windows: Windows | undefined;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  /** Listens on the control socket and writes the record; the machine is started by {@link run}. */
  constructor(options: SupervisorOptions) {
    const { spec, paths, log } = options;
    this.#options = options;
    this.#log = log;
    this.#ready.promise.catch(() => {}); // Who waits for it is told; nobody may be waiting.
    this.#server = new ControlServer(paths.socket, this);
    writeRecord(paths, { name: spec.name, image: spec.image, supervisorPid: process.pid, startedAt: this.#startedAt });
    this.#idle = new IdleWatch(() => this.stopFor({ kind: "idle" }, false));
    log.entry("info", `sandbox "${spec.name}" of image "${spec.image}", supervisor ${process.pid}`);
  }

  /** Runs the sandbox to its end, and tells why it ended. Everything it held is given back by then. */
  async run(): Promise<EndReason> {
    try {
      await this.#start();
    } catch (error) {
      // Once it is ending anyway, what fails on the way is no news.
      if (this.#state.kind === "starting") {
        this.#ready.reject(error);
        this.stopFor({ kind: "start-failed", message: VitrineError.from(error).message }, true);
      }
      if (this.#machine === undefined) this.#dispatch({ kind: "machine-ended", reason: { kind: "guest-off" } });
    }
    const reason = await this.#ended.promise;
    await this.#cleanUp(reason);
    return reason;
  }

  /** Begins the end, for `reason`. */
  stopFor(reason: EndReason, force: boolean): void {
    this.#dispatch({ kind: "stop", reason, force });
  }

  async #start(): Promise<void> {
    const { spec, driver, consoleLog } = this.#options;
    const windows = await openWindows(spec, {
      changed: () => this.#activityChanged(),
      firstFrame: () => this.#reached("firstFrame"),
      compositorLost: () => this.stopFor({ kind: "compositor-lost" }, false),
      notice: (severity, message) => this.#notice(severity, message),
    });
    this.#windows = windows;
    const machine = await driver.start({
      name: spec.name,
      kernel: spec.kernel,
      toolsImage: spec.toolsImage,
      appImage: spec.appImage,
      consoleLog,
      ...(windows.guestArena === undefined ? {} : { arena: windows.guestArena }),
      ...(spec.memoryMib === undefined ? {} : { memoryMib: spec.memoryMib }),
    });
    this.#machine = machine;
    void machine.exited.then((exit) => this.#dispatch({ kind: "machine-ended", reason: reasonOf(exit) }));
    this.#reached("vmm");
    this.#log.entry("info", `monitor ${machine.pid} runs (${machine.accelerator})`);
    if (this.#state.kind !== "starting") return void machine.kill();

    this.#link = new GuestLink(fdStream(machine.channel), {
      stream: (stream, header) => this.#guestStream(stream, header),
      exited: (process, end) => this.#processes?.ended(process, end),
      refused: (message) => this.#notice("warning", message),
      lost: (error) => this.stopFor({ kind: "agent-lost", message: error?.message ?? "the link was closed" }, false),
    });
    this.#processes = new GuestProcesses(this.#link, this.#log, () => this.#activityChanged());
    const hello = await this.#greet(machine, this.#link, windows);
    if (this.#state.kind !== "starting") return;
    const now = Date.now();
    this.#reached("kernel", now - (hello.uptime.now - hello.uptime.init));
    this.#reached("agent", now);
    this.#log.entry(
      "info",
      `agent answers, kernel ${sanitizeText(hello.kernel)}, ${now - this.#startedAt} ms after the start`,
    );
    this.#dispatch({ kind: "agent-ready" });
  }

  /** Waits for the agent's answer, as long as a boot may take. */
  async #greet(machine: RunningVm, link: GuestLink, windows: Windows): Promise<GuestHello> {
    const { spec } = this.#options;
    const hello = await awaitBoot(
      machine,
      link.hello({
        hostname: spec.name,
        environment: spec.environment,
        pixels: windows.pixels,
        arenaBytes: windows.arenaBytes,
      }),
    );
    windows.setGuestUptime(hello.uptime.now);
    return hello;
  }

  #guestStream(stream: ByteStream, header: GuestStreamHeader): void {
    const windows = this.#windows;
    if (windows === undefined) stream.destroy();
    else windows.accept(stream, header);
  }

  #dispatch(event: LifecycleEvent): void {
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    if (state.kind === "stopping" && event.kind === "stop" && effects.length > 0) {
      this.#log.entry("info", `stopping: ${describeEnd(state.reason)}`);
    }
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: LifecycleEffect): void {
    switch (effect) {
      case "announce-ready":
        return this.#ready.resolve();
      case "ask-guest-to-stop":
        this.#startGrace(PROCESS_STOP_GRACE_MS + MACHINE_STOP_GRACE_MS);
        // The answer may be cut off by what it announces.
        return void this.#link?.rpc.call("stop", { grace: PROCESS_STOP_GRACE_MS }).catch(() => {});
      case "await-end":
        return this.#startGrace(AGENT_LOST_GRACE_MS);
      case "kill-machine":
        return void this.#machine?.kill();
      case "clean-up":
        if (this.#state.kind === "ended") this.#ended.resolve(this.#state.reason);
        return;
      default:
        effect satisfies never;
    }
  }

  #startGrace(milliseconds: number): void {
    this.#graceTimer = setTimeout(() => this.#dispatch({ kind: "grace-over" }), milliseconds);
  }

  /** Everyone is told, everything is given back. The lock and the directory stay with the caller. */
  async #cleanUp(reason: EndReason): Promise<void> {
    const message = describeEnd(reason);
    this.#log.entry(isFailure(reason) ? "error" : "info", `ended: ${message}`);
    if (reason.kind === "guest-panic" || reason.kind === "agent-lost") {
      for (const line of this.#machine?.console.tail(CONSOLE_LINES_ON_FAILURE) ?? [])
        this.#log.line(`  console: ${line}`);
    }
    clearTimeout(this.#graceTimer);
    this.#idle.close();
    this.#ready.reject(new VitrineError("guest-failed", `Sandbox "${this.#options.spec.name}" has ended: ${message}`));
    this.#windows?.close();
    this.#link?.close();
    this.#server.emit("ended", { message, failure: isFailure(reason) });
    // Answers to callers that wait for the end are written before their connections close.
    await new Promise((resolve) => setImmediate(resolve));
    this.#server.close();
  }

  #reached(phase: Phase, at = Date.now()): void {
    this.#phases[phase] ??= at;
    this.#server.emit("phase", { phase, at });
  }

  #notice(severity: Severity, message: string): void {
    this.#log.entry(severity, message);
    this.#server.emit("notice", { severity, message });
  }

  #activityChanged(): void {
    this.#idle.update({
      connections: this.#server.connections,
      processes: this.#processes?.count ?? 0,
      windows: this.#windows?.count ?? 0,
    });
  }

  connectionsChanged(): void {
    if (this.#state.kind !== "ended") this.#activityChanged();
  }

  async info(waitUntilReady: boolean): Promise<SandboxInfo> {
    if (waitUntilReady) await this.#ready.promise;
    const { spec, driver } = this.#options;
    return {
      version: CONTROL_PROTOCOL_VERSION,
      name: spec.name,
      image: spec.image,
      state: this.#state.kind === "ended" ? "stopping" : this.#state.kind,
      driver: driver.name,
      accelerator: this.#machine?.accelerator ?? null,
      display: spec.compositor !== null,
      sharedMemory: spec.arena !== null,
      supervisorPid: process.pid,
      monitorPid: this.#machine?.pid ?? null,
      startedAt: this.#startedAt,
      guestMemory: await this.#guestMemory(),
      processes: this.#processes?.list() ?? [],
      windows: this.#windows?.count ?? 0,
      phases: this.#phases,
    };
  }

  async launch(
    request: LaunchRequest,
    streams: ReadonlyMap<StdioName, ByteStream>,
    onEnd: (end: ProcessEnd) => void,
  ): Promise<{ process: number; pid: number }> {
    await this.#ready.promise;
    return this.#running().launch(request, streams, onEnd);
  }

  async signal(process: number, signal: Signal): Promise<void> {
    await this.#running().signal(process, signal);
  }

  async resize(process: number, rows: number, columns: number): Promise<void> {
    await this.#running().resize(process, rows, columns);
  }

  async stop(force: boolean): Promise<void> {
    this.stopFor({ kind: "requested" }, force);
    await this.#ended.promise;
  }

  #running(): GuestProcesses {
    if (this.#processes !== undefined && this.#state.kind === "running") return this.#processes;
    throw new VitrineError("unavailable", `Cannot use sandbox "${this.#options.spec.name}": it is ${this.#state.kind}`);
  }

  async #guestMemory(): Promise<SandboxInfo["guestMemory"]> {
    if (this.#link === undefined || this.#state.kind !== "running") return null;
    return this.#link.rpc.call("memory", {}, { deadlineMs: GUEST_MEMORY_DEADLINE_MS }).catch(() => null);
  }
}

function reasonOf(exit: VmExit): EndReason {
  switch (exit.reason) {
    case "stopped":
    case "guest-exit":
      return { kind: "guest-off" };
    case "panic":
      return { kind: "guest-panic", line: exit.message };
    case "killed":
      return { kind: "monitor-failed", message: `it was killed by ${exit.signal}` };
    case "monitor-failed":
      return { kind: "monitor-failed", message: exit.message };
    default:
      return exit satisfies never;
  }
}
