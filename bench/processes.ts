/** What processes cost the host. */
import { readFileSync } from "node:fs";

/** USER_HZ, the unit of times in /proc: the same on every Linux of today. */
const TICKS_PER_SECOND = 100;

/** A process and all it has started that still runs. */
export function processTree(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    return [pid, ...children.flatMap(processTree)];
  } catch {
    return [];
  }
}

/** Milliseconds of processor time that the processes have used, those they have waited for included. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    // The name, in parentheses, may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
    return sum + (ticks * 1000) / TICKS_PER_SECOND;
  }, 0);
}

export interface Memory {
  readonly resident: number;
  /** The part that no other process shares. */
  readonly private: number;
  /** What is shared counts in equal parts for each process that has it. */
  readonly proportional: number;
}

/** Bytes of host memory. */
export function memoryOf(pids: readonly number[]): Memory {
  const sum = { resident: 0, private: 0, proportional: 0 };
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
    sum.resident += bytes("Rss");
    sum.proportional += bytes("Pss");
    sum.private += bytes("Private_Clean") + bytes("Private_Dirty");
  }
  return sum;
}

/** Bytes of host memory that hold code which an emulator has made: memory without a file that is written and run. */
export function translatedCode(pids: readonly number[]): number {
  let [bytes, counts] = [0, false];
  for (const line of pids.flatMap((pid) => readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n"))) {
    const [, permissions, file] = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
    if (permissions !== undefined) counts = permissions.startsWith("rwx") && file === "";
    else if (counts) bytes += Number(/^Private_Dirty:\s+(\d+) kB$/.exec(line)?.[1] ?? 0) * 1024;
  }
  return bytes;
}
