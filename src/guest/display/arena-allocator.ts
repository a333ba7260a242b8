/** Hands out ranges of the window arena: best fit, neighbours joined when freed. Pure bookkeeping. */
import { VitrineError } from "../../base/error.ts";

/** Ranges begin on pages, so that neighbours share no page and copies are aligned. */
const ALIGNMENT = 4096;

interface Range {
  offset: number;
  length: number;
}

export class ArenaAllocator {
  /** Free ranges by offset, never touching each other. */
  readonly #free: Range[];
  readonly #used = new Map<number, number>();

  /** `bytes`: size of the arena. */
  constructor(bytes: number) {
    this.#free = bytes >= ALIGNMENT ? [{ offset: 0, length: bytes - (bytes % ALIGNMENT) }] : [];
  }

  /** Offset of a range of at least `bytes`, or undefined when none is free. */
  allocate(bytes: number): number | undefined {
    const length = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    let best = -1;
    for (const [index, range] of this.#free.entries()) {
      const current = this.#free[best]?.length ?? Number.POSITIVE_INFINITY;
      if (range.length >= length && range.length < current) best = index;
    }
    const range = this.#free[best];
    if (range === undefined) return undefined;
    const { offset } = range;
    if (range.length === length) this.#free.splice(best, 1);
    else this.#free[best] = { offset: offset + length, length: range.length - length };
    this.#used.set(offset, length);
    return offset;
  }

  /** Gives back the range at `offset`. */
  release(offset: number): void {
    const length = this.#used.get(offset);
    if (length === undefined)
      throw new VitrineError("internal", `Cannot release arena range ${offset}: it is not in use`);
    this.#used.delete(offset);
    let index = this.#free.findIndex((range) => range.offset > offset);
    if (index === -1) index = this.#free.length;
    const range: Range = { offset, length };
    const before = this.#free[index - 1];
    const after = this.#free[index];
    const joinsBefore = before !== undefined && before.offset + before.length === offset;
    const joinsAfter = after !== undefined && offset + length === after.offset;
    if (joinsBefore) {
      range.offset = before.offset;
      range.length += before.length;
    }
    if (joinsAfter) range.length += after.length;
    this.#free.splice(joinsBefore ? index - 1 : index, (joinsBefore ? 1 : 0) + (joinsAfter ? 1 : 0), range);
  }

  /** Bytes that are not in use. */
  get freeBytes(): number {
    return this.#free.reduce((sum, range) => sum + range.length, 0);
  }
}
