/** So many at once, and so many in a while: for what a guest may do to the desktop again and again. No I/O. */
export class RateLimit {
  readonly #count: number;
  readonly #perMs: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** `count` at once, and as many anew in each `intervalMs`; `now` counts milliseconds from some moment on. */
  constructor(count: number, intervalMs: number, now: () => number = () => performance.now()) {
    this.#count = count;
    this.#perMs = count / intervalMs;
    this.#now = now;
    this.#left = count;
    this.#at = now();
  }

  /** Takes one; false when there is none. */
  take(): boolean {
    const now = this.#now();
    this.#left = Math.min(this.#count, this.#left + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
