/** The window arena as all app connections of a guest share it: who may write where, and who waits for room. */
import { ArenaAllocator } from "./arena-allocator.ts";
import type { PixelSink } from "./pixel-sink.ts";

/** An app's connection, as far as it has ranges that nobody reads at the moment. */
export interface RangeHolder {
  /** Gives those back to the host. */
  dropIdle(): void;
}

export class Arena {
  readonly sink: PixelSink;
  readonly #allocator: ArenaAllocator;
  readonly #waiters = new Set<() => void>();
  readonly #holders = new Set<RangeHolder>();
  /** Ranges that were dropped and that the compositor may still read. */
  #leaving = 0;

  constructor(bytes: number, sink: PixelSink) {
    this.#allocator = new ArenaAllocator(bytes);
    this.sink = sink;
  }

  allocate(bytes: number): number | undefined {
    return this.#allocator.allocate(bytes);
  }

  /** A range will come back once the host has answered. */
  leaving(): void {
    this.#leaving += 1;
  }

  /** A range has come back. */
  release(offset: number): void {
    this.#leaving -= 1;
    this.#allocator.release(offset);
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const retry of waiters) retry();
  }

  addHolder(holder: RangeHolder): void {
    this.#holders.add(holder);
  }

  removeHolder(holder: RangeHolder): void {
    this.#holders.delete(holder);
  }

  /** Has idle ranges of all apps given back, and calls `retry` once, when room may have come. False when none will. */
  waitForRoom(retry: () => void): boolean {
    for (const holder of this.#holders) holder.dropIdle();
    if (this.#leaving === 0) return false;
    this.#waiters.add(retry);
    return true;
  }

  forget(retry: () => void): void {
    this.#waiters.delete(retry);
  }
}
