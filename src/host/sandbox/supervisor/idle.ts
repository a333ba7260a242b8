/** Decides when a sandbox has nothing left to live for. */

/** How long a sandbox in which nothing runs any more stays warm for the next `run`, in milliseconds. */
export const IDLE_STOP_MS = 30_000;
/** What keeps a sandbox alive. */
export interface Activity {
  readonly connections: number;
  readonly processes: number;
  readonly windows: number;
}

/**
 * Calls `onIdle` once, some time after the last process has ended, the last window closed and the last connection gone.
 * A sandbox that has not run anything yet ends when the last connection goes: whoever wanted it has changed his mind.
 */
export class IdleWatch {
  readonly #onIdle: () => void;
  readonly #idleStopMs: number;
  #used = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onIdle: () => void, idleStopMs = IDLE_STOP_MS) {
    this.#onIdle = onIdle;
    this.#idleStopMs = idleStopMs;
  }

  update(activity: Activity): void {
    this.#used ||= activity.processes > 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (activity.connections + activity.processes + activity.windows > 0) return;
    this.#timer = setTimeout(this.#onIdle, this.#used ? this.#idleStopMs : 0);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
