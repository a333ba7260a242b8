/**
 * How many ready machines there may be, and which: machines in which an app has started already, for the next one who tries
 * it (ready-app.ts). Every supervisor of one looks for itself, and comes to the same conclusion from what all have written
 * down (record.ts).
 */
import type { HostMemory } from "../memory/low-memory.ts";
import type { SandboxRecord } from "../record.ts";

/** Ready machines at a time, unless the user wants fewer: each holds the memory of an app that has started. */
export const MAX_READY_MACHINES = 2;
/** How long a ready machine waits for somebody to want it, in milliseconds: an afternoon. */
export const READY_UNUSED_MS = 4 * 60 * 60_000;
/** The part of the host's memory that must be available beside a ready machine for one to be started. */
export const READY_MEMORY_FRACTION = 0.25;

type PoolRecord = Pick<SandboxRecord, "name" | "startedAt" | "ready">;

/** Whether memory is plentiful enough for one more machine, which may take `guestBytes`. */
export function hasRoom({ total, available }: HostMemory, guestBytes: number): boolean {
  return available - guestBytes > total * READY_MEMORY_FRACTION;
}

/**
 * Whether the ready machine `name` is one too many: the `most` newest stay. Of several with one key it is the oldest that
 * counts, which is there already; one that is out of date does not count. Not when it is not among `records`.
 */
export function isSuperfluous(name: string, records: readonly PoolRecord[], most: number): boolean {
  const newestFirst = records
    .filter(({ ready }) => ready !== undefined)
    .sort((a, b) => b.startedAt - a.startedAt || (a.name < b.name ? 1 : -1));
  const kept = newestFirst.filter(({ ready }, index) => {
    const there = newestFirst.slice(index + 1).some((older) => older.ready?.key === ready?.key);
    const outOfDate = newestFirst
      .slice(0, index)
      .some((newer) => newer.ready?.start === ready?.start && newer.ready?.key !== ready?.key);
    return !there && !outOfDate;
  });
  const there = newestFirst.some((record) => record.name === name);
  return there && !kept.slice(0, most).some((record) => record.name === name);
}
