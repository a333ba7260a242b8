/** Giving back to the host what a guest does not use of its memory. */
import type { ElasticMemory } from "../../vmm/driver.ts";

/**
 * Bytes that a guest keeps free beyond what it uses while memory is taken from it: what its apps may want in that moment, and
 * where the kernel moves what is in the way.
 */
export const SHRINK_MARGIN_BYTES = 160 * 1024 * 1024;
/**
 * Bytes that the host must have given for the elastic memory before it is worth the work of taking them back: under emulation
 * that work alone costs 12 MiB of translated code.
 */
export const WORTH_SHRINKING_BYTES = 32 * 1024 * 1024;
/** How long a guest may take to give memory up, in milliseconds; then it is left as far as it has come. */
export const SHRINK_DEADLINE_MS = 10_000;
/** How often to look how far it is, in milliseconds. */
const SHRINK_POLL_MS = 50;
/** Memory comes and goes in blocks of so many bytes (virtio-mem on x86). */
export const ELASTIC_BLOCK_BYTES = 2 * 1024 * 1024;

/** What a guest says of its memory, in bytes. It may lie, at its own cost: it then has less than it needs. */
export interface GuestMemory {
  readonly total: number;
  readonly available: number;
}

/** How much elastic memory a guest needs that has `plugged` of it now, in whole blocks. */
export function neededElastic(memory: GuestMemory, plugged: number, bytes: number): number {
  const fixed = memory.total - plugged;
  const needed = memory.total - memory.available + SHRINK_MARGIN_BYTES - fixed;
  return Math.min(bytes, Math.ceil(Math.max(0, needed) / ELASTIC_BLOCK_BYTES) * ELASTIC_BLOCK_BYTES);
}

/**
 * Takes away what the guest does not use, and gives it again: it comes back empty, and costs the host nothing until it is
 * written. Resolves to how many bytes were taken. `memory`: the guest's, with its caches dropped.
 */
export async function shrink(elastic: ElasticMemory, memory: GuestMemory): Promise<number> {
  const before = await elastic.plugged();
  const target = neededElastic(memory, before, elastic.bytes);
  if (target >= before) return 0;
  try {
    await elastic.request(target);
    let now = before;
    for (const end = performance.now() + SHRINK_DEADLINE_MS; now > target && performance.now() < end; ) {
      await Bun.sleep(SHRINK_POLL_MS);
      now = await elastic.plugged();
    }
    return before - now;
  } finally {
    await elastic.request(elastic.bytes);
  }
}
