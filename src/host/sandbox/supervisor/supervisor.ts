/**
 * The life of one sandbox: starts its machine, serves its callers, and cleans up whatever ends it. What to do when is
 * decided in lifecycle.ts; this file does it.
 */
import { VitrineError } from "../../../base/error.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import {
  type AdoptRequest,
  type AppliedPolicy,
  CONTROL_PROTOCOL_VERSION,
  type LaunchRequest,
  type Phase,
  type ProcessEnd,
  type SandboxInfo,
  type Signal,
  type StdioName,
} from "../../../channel/contract/control.ts";
import type { TraceOptions } from "../../../channel/contract/trace.ts";
import { formatPolicy, parsePolicy } from "../../network/policy.ts";
import { describeProblem } from "../../policy/policy.ts";
import { ensureOwnSnapshot } from "../../snapshot/own-snapshot.ts";
import { Guest } from "../guest/guest.ts";
import type { GuestOptions } from "../guest/guest-options.ts";
import type { GuestProcesses } from "../guest/guest-processes.ts";
import type { LogFile, Severity } from "../log-file.ts";
import { FIRST_WINDOW_MS, MemoryKeeper } from "../memory/memory-keeper.ts";
import { ReadyApp } from "../ready/ready-app.ts";
import { ownRecord, writeRecord } from "../record.ts";
import { ControlServer, type SandboxService } from "./control-server.ts";
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
import { lastWords } from "./machine-end.ts";

/** How long processes of the guest have between SIGTERM and SIGKILL when the sandbox is stopped, in milliseconds. */
export const PROCESS_STOP_GRACE_MS = 3000;
/** How long the guest then has to switch itself off before the machine is killed, in milliseconds. */
export const MACHINE_STOP_GRACE_MS = 10_000;
/** How long a machine whose agent is silent may take to end by itself, and so to say why, in milliseconds. */
export const AGENT_LOST_GRACE_MS = 3000;

export interface SupervisorOptions extends GuestOptions {
  /** The connection of whoever started the sandbox. Without one it waits for its first caller. */
  readonly starter?: ByteStream;
}

export class Supervisor implements SandboxService {
  readonly #options: SupervisorOptions;
  readonly #log: LogFile;
  readonly #server: ControlServer;
  readonly #idle: IdleWatch;
  readonly #memory: MemoryKeeper;
  readonly #guest: Guest;
  readonly #readyApp: ReadyApp | undefined;
  readonly #startedAt = Date.now();
  readonly #phases: Partial<Record<Phase, number>> = {};
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<EndReason>();
  readonly #killed = new AbortController();
  #state: LifecycleState = INITIAL_STATE;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  /** Listens on the control socket and writes the record; the machine is started by {@link run}. */
  constructor(options: SupervisorOptions) {
    const { spec, paths, log } = options;
    this.#options = options;
    this.#log = log;
    this.#ready.promise.catch(() => {}); // Who waits for it is told; nobody may be waiting.
    this.#guest = new Guest(options, {
      reached: (phase, at) => this.#reached(phase, at),
      activityChanged: () => this.#activityChanged(),
      notice: (severity, message) => this.#notice(severity, message),
      compositorLost: () => this.#compositorLost(),
      displayLost: (message) => this.stopFor({ kind: "display-lost", message }, false),
      agentLost: (message) => this.stopFor({ kind: "agent-lost", message }, false),
      machineEnded: (reason) => this.#dispatch({ kind: "machine-ended", reason }),
    });
    this.#server = new ControlServer(paths.socket, this);
    this.#memory = new MemoryKeeper({
      record: ownRecord(spec, this.#startedAt),
      write: (record) => writeRecord(paths, record),
      shrink: () => this.#shrink(),
      stop: () => this.stopFor({ kind: "low-memory" }, false),
      firstWindowMs: spec.compositor === null ? 0 : FIRST_WINDOW_MS,
    });
    this.#idle = new IdleWatch(() => this.stopFor({ kind: "idle" }, false));
    this.#readyApp = this.#makeReadyApp();
    if (options.starter !== undefined) this.#server.adopt(options.starter);
    log.entry("info", `sandbox "${spec.name}" of image "${spec.image}", supervisor ${process.pid}`);
  }

  /** Runs the sandbox to its end, and tells why it ended. Everything it held is given back by then. */
  async run(): Promise<EndReason> {
    const { spec, driver } = this.#options;
    try {
      if (spec.ready !== null) await ensureOwnSnapshot(spec, driver, this.#log, this.#killed.signal);
      await this.#guest.start();
      this.#dispatch({ kind: "agent-ready" });
      void this.#readyApp?.prepare();
    } catch (error) {
      // Once it is ending anyway, what fails on the way is no news.
      if (this.#state.kind === "starting") {
        this.#ready.reject(error);
        this.stopFor({ kind: "start-failed", message: VitrineError.from(error).message }, true);
      }
      if (this.#guest.machine === undefined) this.#dispatch({ kind: "machine-ended", reason: { kind: "guest-off" } });
    }
    const reason = await this.#ended.promise;
    await this.#cleanUp(reason);
    return reason;
  }

  /** True for a ready machine that nobody has adopted, also after its end. */
  get neverAdopted(): boolean {
    return this.#readyApp?.adopted === false;
  }

  /** Begins the end, for `reason`. In an app that nobody has adopted there is nothing to be saved. */
  stopFor(reason: EndReason, force: boolean): void {
    this.#dispatch({ kind: "stop", reason, force: force || this.#waiting !== undefined });
  }

  /** An app waits here to be adopted, and nobody has; undefined: the sandbox is as any other. */
  get #waiting(): "preparing" | "ready" | undefined {
    return this.#readyApp?.waiting;
  }

  #compositorLost(): void {
    const reason = { kind: "given-up", why: "its compositor has gone", failed: false } as const;
    this.stopFor(this.#waiting === undefined ? { kind: "compositor-lost" } : reason, false);
  }

  #makeReadyApp(): ReadyApp | undefined {
    const { spec } = this.#options;
    if (spec.ready === null) return undefined;
    return new ReadyApp(spec, spec.ready, this.#guest, {
      changed: (ready) => {
        this.#log.entry("info", `the app that nobody has asked for is ${ready?.state ?? "adopted"}`);
        this.#memory.setReady(ready);
        if (ready === undefined) this.#activityChanged();
      },
      giveUp: (why, failed) => this.stopFor({ kind: "given-up", why, failed }, true),
    });
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
        this.#log.entry("info", `ready ${Date.now() - this.#startedAt} ms after the start`);
        return this.#ready.resolve();
      case "ask-guest-to-stop":
        this.#startGrace(PROCESS_STOP_GRACE_MS + MACHINE_STOP_GRACE_MS);
        return this.#guest.askToStop(PROCESS_STOP_GRACE_MS);
      case "await-end":
        return this.#startGrace(AGENT_LOST_GRACE_MS);
      case "kill-machine":
        this.#killed.abort();
        return this.#guest.kill();
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
    for (const line of lastWords(reason, this.#guest.machine)) this.#log.line(`  console: ${line}`);
    clearTimeout(this.#graceTimer);
    this.#idle.close();
    this.#memory.close();
    this.#readyApp?.close();
    this.#ready.reject(new VitrineError("guest-failed", `Sandbox "${this.#options.spec.name}" has ended: ${message}`));
    await this.#guest.close();
    // Whoever started it shall hear why it did not run, however soon that was.
    await this.#server.starterAsked();
    this.#server.emit("ended", { message, failure: isFailure(reason) });
    // Answers to callers that wait for the end are written before their connections close.
    await new Promise((resolve) => setImmediate(resolve));
    this.#server.close();
  }

  #reached(phase: Phase, at: number): void {
    this.#phases[phase] ??= at;
    if (phase === "firstFrame") this.#readyApp?.windowShown();
    this.#server.emit("phase", { phase, at });
  }

  #notice(severity: Severity, message: string): void {
    this.#log.entry(severity, message);
    this.#server.emit("notice", { severity, message });
  }

  #activityChanged(): void {
    if (this.#waiting !== undefined) return;
    if (this.#options.spec.trial && this.#server.connections === 0) this.stopFor({ kind: "abandoned" }, false);
    const activity = {
      connections: this.#server.connections,
      processes: this.#guest.processes?.count ?? 0,
      windows: this.#guest.windows,
    };
    this.#idle.update(activity);
    this.#memory.update(activity);
  }

  async #shrink(): Promise<void> {
    const bytes = await this.#guest.shrink();
    if (bytes > 0) this.#log.entry("info", `the guest has given back ${Math.round(bytes / 2 ** 20)} MiB for now`);
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
      state: this.#shownState(),
      driver: driver.name,
      accelerator: this.#guest.machine?.accelerator ?? null,
      confined: spec.confined,
      start: this.#guest.origin ?? null,
      display: spec.compositor !== null,
      sharedMemory: spec.arena !== null,
      network: this.#guest.network === undefined ? null : formatPolicy(this.#guest.network.policy),
      supervisorPid: process.pid,
      monitorPid: this.#guest.machine?.pid ?? null,
      displayPid: this.#guest.displayPid,
      startedAt: this.#startedAt,
      guestMemory: this.#state.kind === "running" ? await this.#guest.memory() : null,
      processes: this.#guest.processes?.list() ?? [],
      windows: this.#guest.windows,
      phases: this.#phases,
    };
  }

  async launch(
    request: LaunchRequest,
    streams: ReadonlyMap<StdioName, ByteStream>,
    onEnd: (end: ProcessEnd) => void,
  ): Promise<{ process: number; pid: number }> {
    await this.#ready.promise;
    const { activationToken, ...rest } = request;
    const environment = { ...(await this.#guest.startupEnvironment(activationToken)), ...request.environment };
    return await this.#running().launch({ ...rest, environment }, streams, onEnd);
  }

  async adopt(
    request: AdoptRequest,
    streams: ReadonlyMap<StdioName, ByteStream>,
    onEnd: (end: ProcessEnd) => void,
  ): Promise<{ process: number; pid: number }> {
    if (this.#readyApp === undefined || this.#state.kind !== "running")
      throw new VitrineError("not-found", `Cannot adopt an app of sandbox "${this.#options.spec.name}": none is ready`);
    return await this.#readyApp.adopt(request, streams, onEnd);
  }

  async signal(process: number, signal: Signal): Promise<void> {
    await this.#running().signal(process, signal);
  }

  async resize(process: number, rows: number, columns: number): Promise<void> {
    await this.#running().resize(process, rows, columns);
  }

  async applyPolicy(): Promise<AppliedPolicy> {
    // It is for those who try the app under the policy that was.
    if (this.#waiting !== undefined) {
      this.stopFor({ kind: "given-up", why: "the policy has changed", failed: false }, true);
      return { ended: 0, broken: null };
    }
    const policy = await this.#options.policy();
    const ended = await this.#guest.setPolicy(policy);
    const broken = policy.kind === "broken" ? describeProblem(policy.problems[0]) : null;
    if (broken === null) this.#log.entry("info", "the policy was read again");
    else this.#log.entry("error", `the policy was read again and is broken, everything is denied: ${broken}`);
    return { ended, broken };
  }

  trace(stream: ByteStream, options: TraceOptions): void {
    this.#guest.trace(stream, options);
  }

  setNetwork(policy: string): void {
    this.#refuseWhileWaiting();
    const { network } = this.#guest;
    if (network === undefined) {
      throw new VitrineError(
        "unavailable",
        `Cannot set the network of sandbox "${this.#options.spec.name}": it was started without a network card`,
        { fix: "start it with --network" },
      );
    }
    network.setPolicy(parsePolicy(policy));
    this.#log.entry("info", `network: ${policy}`);
  }

  async stop(force: boolean): Promise<void> {
    this.stopFor({ kind: "requested" }, force);
    await this.#ended.promise;
  }

  #shownState(): SandboxInfo["state"] {
    if (this.#state.kind === "ended") return "stopping";
    return this.#state.kind === "running" ? (this.#waiting ?? "running") : this.#state.kind;
  }

  #refuseWhileWaiting(): void {
    if (this.#waiting === undefined) return;
    throw new VitrineError(
      "unavailable",
      `Cannot use sandbox "${this.#options.spec.name}": it is kept for the next vitrine try`,
    );
  }

  #running(): GuestProcesses {
    this.#refuseWhileWaiting();
    const { processes } = this.#guest;
    if (processes !== undefined && this.#state.kind === "running") return processes;
    throw new VitrineError("unavailable", `Cannot use sandbox "${this.#options.spec.name}": it is ${this.#state.kind}`);
  }
}
