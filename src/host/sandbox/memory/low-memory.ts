/**
 * What is done when the host runs short of memory, before its kernel kills something: sandboxes that nobody uses give back
 * what they can, and then end, the one used longest ago first. Never one with a window, or one that somebody is waiting for.
 * Before all that, machines end that nobody has used yet: those that are ready for the next one who tries an app.
 *
 * Every supervisor looks for itself, and comes to the same conclusion from what all have written down (record.ts).
 */
import { readFileSync } from "node:fs";
import type { SandboxRecord } from "../record.ts";

/** Memory is short when less than this part of the host's is available, and ... */
export const SHORT_MEMORY_FRACTION = 0.1;
/** ... it has become dangerous when less than this is: the kernel soon kills what is largest. */
export const DANGEROUS_MEMORY_FRACTION = 0.05;

/** "short": ready machines end, and idle sandboxes shrink. "dangerous": those that have shrunk end. */
export type Pressure = "none" | "short" | "dangerous";

/** What a sandbox can do for the host. */
export type Relief = "shrink" | "stop";

export interface HostMemory {
  readonly total: number;
  readonly available: number;
}

/** Bytes, by proc_meminfo(5), or by what VITRINE_MEMINFO names in place of that: for hosts that are told to be short of it. */
export function readHostMemory(path = process.env.VITRINE_MEMINFO ?? "/proc/meminfo"): HostMemory {
  const text = readFileSync(path, "utf8");
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { total: bytes("MemTotal"), available: bytes("MemAvailable") };
}

export function pressureOf({ total, available }: HostMemory): Pressure {
  if (available < total * DANGEROUS_MEMORY_FRACTION) return "dangerous";
  return available < total * SHORT_MEMORY_FRACTION ? "short" : "none";
}

/** Whose turn it is to do what; undefined: nobody can do anything. */
export function reliefOf(
  pressure: Pressure,
  sandboxes: readonly Pick<SandboxRecord, "name" | "idleSince" | "shrunk" | "ready" | "startedAt">[],
): { readonly name: string; readonly relief: Relief } | undefined {
  if (pressure === "none") return undefined;
  const [unused] = sandboxes.filter(({ ready }) => ready !== undefined).sort(olderFirst);
  if (unused !== undefined) return { name: unused.name, relief: "stop" };
  const idle = sandboxes
    .filter(({ idleSince }) => idleSince !== null)
    .sort((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0) || (a.name < b.name ? -1 : 1));
  const unshrunk = idle.find(({ shrunk }) => !shrunk);
  if (unshrunk !== undefined) return { name: unshrunk.name, relief: "shrink" };
  const [oldest] = idle;
  return pressure === "short" || oldest === undefined ? undefined : { name: oldest.name, relief: "stop" };
}

function olderFirst(
  a: Pick<SandboxRecord, "name" | "startedAt">,
  b: Pick<SandboxRecord, "name" | "startedAt">,
): number {
  return a.startedAt - b.startedAt || (a.name < b.name ? -1 : 1);
}
