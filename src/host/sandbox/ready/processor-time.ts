/** How much of the host's processors a process has used, by proc_pid_stat(5). */
import { readFileSync } from "node:fs";

/** The kernel's unit of these times on every architecture that Linux shows them on (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Milliseconds of processor time that process `pid` has used since its start, its threads included; 0 when it is gone. */
export function processorMs(pid: number): number {
  try {
    // The name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.split(" ") ?? [];
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
