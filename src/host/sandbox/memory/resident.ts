/** What a process holds of the host's memory, by proc_pid_smaps(5). */
import { readFileSync } from "node:fs";

export interface Cost {
  /** Bytes that would be free without the process. */
  readonly own: number;
  /** Bytes that it has together with others. */
  readonly shared: number;
}

/** What process `pid` costs, by proc_pid_smaps(5); undefined when it has gone. */
export function memoryCost(pid: number): Cost | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
    const own = bytes("Private_Clean") + bytes("Private_Dirty");
    return { own, shared: bytes("Rss") - own };
  } catch {
    return undefined;
  }
}

/**
 * How much of the one mapping of `bytes` bytes that process `pid` has without a file is in the host's memory; undefined when
 * it has none such, or cannot be looked at.
 */
export function residentOf(pid: number, bytes: number): number | undefined {
  try {
    const mappings = readFileSync(`/proc/${pid}/smaps`, "utf8").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
    const size = new RegExp(`^Size:\\s+${bytes / 1024} kB$`, "m");
    const [mapping, ...others] = mappings.filter((text) => / 00:00 0\s*$/m.test(text) && size.test(text));
    if (mapping === undefined || others.length > 0) return undefined;
    return Number(/^Rss:\s+(\d+) kB$/m.exec(mapping)?.[1]) * 1024;
  } catch {
    return undefined;
  }
}
