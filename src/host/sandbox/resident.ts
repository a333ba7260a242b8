/** What a process holds of the host's memory. */
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
