/** Sees to it that a sandbox costs the host no more memory than it must: when it is not used, and when the host has little. */
import { filePagesReleaser } from "../../../sys/file-pages.ts";
import { readRecords, type SandboxRecord } from "../record.ts";
import type { Activity } from "../supervisor/idle.ts";
import { type HostMemory, pressureOf, readHostMemory, reliefOf } from "./low-memory.ts";

/** How long after a sandbox was last used it lets go of what it does not need, in milliseconds. */
export const SHRINK_IDLE_MS = 15_000;
/**
 * How long an app that runs and has shown no window yet counts as in use, in milliseconds: heavy ones take more than a minute
 * under emulation. A command that never shows one costs the host its memory for that long.
 */
export const FIRST_WINDOW_MS = 180_000;
/** How often to look how much memory the host has, in milliseconds. */
export const HOST_MEMORY_INTERVAL_MS = 5000;

export interface MemoryKeeperOptions {
  readonly record: Omit<SandboxRecord, "idleSince" | "shrunk" | "ready">;
  readonly write: (record: SandboxRecord) => void;
  /** The records of all sandboxes that run; those that are written down unless given. */
  readonly peers?: () => readonly SandboxRecord[];
  /** Has the guest give back what it does not use; rejects when it cannot be asked. */
  readonly shrink: () => Promise<void>;
  /** Ends the sandbox for the host's sake. */
  readonly stop: () => void;
  readonly hostMemory?: () => HostMemory;
  /** {@link FIRST_WINDOW_MS}, or 0 where there are no windows. */
  readonly firstWindowMs: number;
  /** Instead of {@link SHRINK_IDLE_MS}. */
  readonly idleMs?: number;
}

export class MemoryKeeper {
  readonly #options: MemoryKeeperOptions;
  readonly #interval: ReturnType<typeof setInterval>;
  #activity: Activity = { connections: 0, processes: 0, windows: 0 };
  #usedAt = Date.now();
  /** Until when processes that were started are waited for to show a window, in the order of their starts. */
  #awaited: number[] = [];
  #idleSince: number | null = null;
  #shrunk = false;
  #closed = false;
  readonly #filePages = filePagesReleaser();
  #ready: SandboxRecord["ready"];
  #shrinkTimer: ReturnType<typeof setTimeout> | undefined;

  /** Writes the record, now and whenever that changes. */
  constructor(options: MemoryKeeperOptions) {
    this.#options = options;
    this.#interval = setInterval(() => this.relieveHost(), HOST_MEMORY_INTERVAL_MS);
    this.#write();
  }

  update(activity: Activity): void {
    // What starting took of our own program is not needed again soon, with windows or without.
    this.#filePages.busy();
    const before = this.#activity;
    this.#activity = activity;
    const { idleMs = SHRINK_IDLE_MS, firstWindowMs } = this.#options;
    if (activity.processes > before.processes && firstWindowMs > 0) this.#awaited.push(Date.now() + firstWindowMs);
    // Which one has ended is not known; it is most often what came last, a command beside an app that starts.
    if (activity.processes < before.processes) this.#awaited.pop();
    if (activity.windows > before.windows) this.#awaited = [];
    const used = activity.windows + before.windows > 0 || activity.processes !== before.processes;
    if (used) {
      this.#usedAt = Date.now();
      this.#shrunk = false;
      clearTimeout(this.#shrinkTimer);
      // Also while it is used by others: what has just ended may have been the largest.
      this.#shrinkTimer = setTimeout(() => this.#rest(), Math.max(idleMs, (this.#awaited.at(-1) ?? 0) - Date.now()));
    }
    if (this.#noteIdle() || used) this.#write();
  }

  /** Writes down that an app waits here to be adopted, or not any more. */
  setReady(ready: SandboxRecord["ready"]): void {
    this.#ready = ready;
    this.#write();
  }

  /** Does what is this sandbox's turn to do for a host that is short of memory. */
  relieveHost(): void {
    const pressure = pressureOf((this.#options.hostMemory ?? readHostMemory)());
    if (pressure === "none") return;
    const turn = reliefOf(pressure, (this.#options.peers ?? readRecords)());
    if (turn?.name !== this.#options.record.name) return;
    if (turn.relief === "stop") this.#options.stop();
    else void this.#shrink();
  }

  /** From now on there is no record to be written: its folder goes. */
  close(): void {
    this.#closed = true;
    this.#filePages.close();
    clearInterval(this.#interval);
    clearTimeout(this.#shrinkTimer);
  }

  /** Nothing has happened for long enough. */
  #rest(): void {
    this.#awaited = [];
    if (this.#noteIdle()) this.#write();
    void this.#shrink();
  }

  /** True when it is in use and was not before, or the other way round. */
  #noteIdle(): boolean {
    const { windows, connections } = this.#activity;
    const before = this.#idleSince;
    this.#idleSince = windows + connections > 0 || this.#awaited.length > 0 ? null : this.#usedAt;
    return this.#idleSince !== before;
  }

  async #shrink(): Promise<void> {
    if (this.#shrunk || this.#activity.windows > 0) return;
    this.#shrunk = true;
    await this.#options.shrink().catch(() => {}); // It is just ending, or does not answer: it has no more to give.
    if (this.#shrunk) this.#write();
  }

  #write(): void {
    if (this.#closed) return;
    const ready = this.#ready === undefined ? {} : { ready: this.#ready };
    this.#options.write({ ...this.#options.record, idleSince: this.#idleSince, shrunk: this.#shrunk, ...ready });
  }
}
