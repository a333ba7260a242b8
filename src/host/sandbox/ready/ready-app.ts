/**
 * The app of a ready machine: started before anybody wants it, its windows on a compositor that shows nothing, its machine's
 * processors stopped as soon as it is at rest. Whoever comes with its key takes it over; the first one gets it.
 *
 *     preparing ──at rest──> ready ──adopt──> taken
 *         └──────────────────────┴──> over: the sandbox is to end
 *
 * Nothing is shared with another machine: it was started as any other, with random numbers and an identity of its own.
 */
import { VitrineError } from "../../../base/error.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import type { AdoptRequest, ProcessEnd, StdioName } from "../../../channel/contract/control.ts";
import { fileStamp } from "../../snapshot/file-stamp.ts";
import type { Guest } from "../guest/guest.ts";
import type { HeldProcess } from "../guest/guest-processes.ts";
import { readRecords, type SandboxRecord } from "../record.ts";
import { readSettings } from "../settings.ts";
import type { SupervisorSpec } from "../supervisor/supervisor-spec.ts";
import { giveWay } from "./processor-share.ts";
import { processorMs } from "./processor-time.ts";
import { filesOf, startKey } from "./ready-key.ts";
import { isSuperfluous, READY_UNUSED_MS } from "./ready-pool.ts";

/** How long an app may take to show its first window, in milliseconds: a heavy app under emulation on a busy machine. */
export const READY_WINDOW_DEADLINE_MS = 300_000;
/** How long an app must say nothing to be at rest, in milliseconds ... */
export const READY_QUIET_MS = 2000;
/** ... with its machine using less than this part of one processor meanwhile: it may be working without a word. */
export const READY_QUIET_PROCESSOR = 0.25;
/**
 * How long it may take to come to rest after its first window, in milliseconds; one that never does is taken as it is. When
 * it has none then, that was a splash, and it has the same time again, up to the deadline for windows.
 */
export const READY_REST_DEADLINE_MS = 90_000;
/** How often to look whether the machine still has a purpose, in milliseconds. */
export const READY_CHECK_MS = 5000;

export interface ReadyAppEvents {
  /** What the record of the sandbox is to say of it; undefined when it has been adopted. */
  changed(ready: SandboxRecord["ready"]): void;
  /** The sandbox is to end. `failed`: the app could not be made ready, or does not go on. */
  giveUp(why: string, failed: boolean): void;
}

export class ReadyApp {
  readonly #name: string;
  readonly #start: NonNullable<SupervisorSpec["ready"]>;
  readonly #startKey: string;
  readonly #guest: Guest;
  readonly #events: ReadyAppEvents;
  /** What the machine depends on: it has no purpose any more when one of them has changed. */
  readonly #files: ReadonlyMap<string, string | undefined>;
  readonly #interval: ReturnType<typeof setInterval>;
  readonly #window = Promise.withResolvers<void>();
  #state: "preparing" | "ready" | "taken" | "over" = "preparing";
  #since = Date.now();
  #held: HeldProcess | undefined;

  /** Of the sandbox of `spec`, in whose machine `guest` it will be started. */
  constructor(spec: SupervisorSpec, start: NonNullable<SupervisorSpec["ready"]>, guest: Guest, events: ReadyAppEvents) {
    this.#name = spec.name;
    this.#start = start;
    this.#startKey = startKey(spec, start);
    this.#guest = guest;
    this.#events = events;
    this.#files = new Map(filesOf(spec).map((path) => [path, fileStamp(path)]));
    this.#interval = setInterval(() => this.#check(), READY_CHECK_MS);
    this.#window.promise.catch(() => {});
    this.#tell("preparing");
  }

  /** Undefined when it is somebody's, or nobody's any more. */
  get waiting(): "preparing" | "ready" | undefined {
    return this.#state === "preparing" || this.#state === "ready" ? this.#state : undefined;
  }

  get adopted(): boolean {
    return this.#state === "taken";
  }

  /** A window has its first content. */
  windowShown(): void {
    this.#window.resolve();
  }

  /** Starts the app, and stops the processors when it is at rest. To be called when processes can be started. */
  async prepare(): Promise<void> {
    const guest = this.#guest;
    try {
      giveWay(guest.machine?.pid ?? 0, true);
      await this.#startApp();
      if (this.#state !== "preparing") return;
      await guest.shrink();
      await guest.pause();
      if (this.#state !== "preparing") return;
      this.#state = "ready";
      this.#since = Date.now();
      this.#tell("ready");
    } catch (error) {
      this.#giveUp(VitrineError.from(error).message, true);
    }
  }

  /** Makes it the caller's, who gets its streams and is told of its end. Throws "not-found" or "unavailable". */
  async adopt(
    { key, activationToken }: AdoptRequest,
    streams: ReadonlyMap<StdioName, ByteStream>,
    onEnd: (end: ProcessEnd) => void,
  ): Promise<{ process: number; pid: number }> {
    if (key !== this.#start.key) throw new VitrineError("not-found", "Cannot adopt the app: it is another one");
    if (this.#state !== "ready" || this.#held === undefined) {
      const state = this.#state === "preparing" ? "it is not ready yet" : "it is taken";
      throw new VitrineError("unavailable", `Cannot adopt the app: ${state}`);
    }
    // From here on nobody else gets it.
    this.#state = "taken";
    this.close();
    giveWay(this.#guest.machine?.pid ?? 0, false);
    this.#held.join(streams, onEnd);
    this.#events.changed(undefined);
    try {
      await this.#guest.resume(activationToken);
    } catch (error) {
      this.#events.giveUp(`it does not go on: ${VitrineError.from(error).message}`, true);
      throw error;
    }
    return this.#held;
  }

  close(): void {
    clearInterval(this.#interval);
    this.#window.reject(new VitrineError("cancelled", "Cannot wait for the app: it is over"));
  }

  async #startApp(): Promise<void> {
    const { processes } = this.#guest;
    if (processes === undefined) throw new VitrineError("internal", "Cannot prepare an app without an agent");
    const { argv, entry } = this.#start;
    const request = { argv, environment: {}, user: "user" as const, ...(entry === null ? {} : { entry }) };
    this.#held = await processes.hold(request, () => this.#giveUp("the app has ended", true), READY_WINDOW_DEADLINE_MS);
    const timer = setTimeout(
      () => this.#window.reject(new VitrineError("timeout", "the app shows no window")),
      READY_WINDOW_DEADLINE_MS,
    );
    await this.#window.promise.finally(() => clearTimeout(timer));
    await this.#rest();
  }

  /** Resolves when the app has a window, and is at rest or has not come to rest in time. Rejects when it has none for too long. */
  #rest(): Promise<void> {
    const guest = this.#guest;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const used = () => processorMs(guest.machine?.pid ?? 0);
    let before = used();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = () => {
      clearTimeout(timer);
      before = used();
      timer = setTimeout(() => {
        const busy = used() - before > READY_QUIET_MS * READY_QUIET_PROCESSOR;
        if (busy || guest.windows === 0) listen();
        else resolve();
      }, READY_QUIET_MS);
    };
    const stop = guest.watchApps(listen);
    const end = performance.now() + READY_WINDOW_DEADLINE_MS;
    const expire = () => {
      if (guest.windows > 0) resolve();
      else if (performance.now() < end) deadline = setTimeout(expire, READY_REST_DEADLINE_MS);
      else reject(new VitrineError("guest-failed", "the app shows no window any more"));
    };
    let deadline = setTimeout(expire, READY_REST_DEADLINE_MS);
    listen();
    return promise.finally(() => {
      stop();
      clearTimeout(timer);
      clearTimeout(deadline);
    });
  }

  #check(): void {
    const changed = [...this.#files].find(([path, stamp]) => fileStamp(path) !== stamp);
    const unused = this.#state === "ready" && Date.now() - this.#since > READY_UNUSED_MS;
    if (changed !== undefined) return this.#giveUp(`"${changed[0]}" has changed, or is gone`);
    if (unused) return this.#giveUp(`nobody has wanted it for ${READY_UNUSED_MS / 3_600_000} hours`);
    try {
      if (isSuperfluous(this.#name, readRecords(), readSettings().readyMachines)) this.#giveUp("others have its place");
    } catch (error) {
      this.#giveUp(VitrineError.from(error).message);
    }
  }

  #tell(state: "preparing" | "ready"): void {
    this.#events.changed({ key: this.#start.key, start: this.#startKey, state });
  }

  #giveUp(why: string, failed = false): void {
    if (this.waiting === undefined) return;
    this.#state = "over";
    this.close();
    this.#events.giveUp(why, failed);
  }
}
