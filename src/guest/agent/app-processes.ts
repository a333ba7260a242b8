/** Ending everything that runs among the apps, whoever started it. */
import { readdirSync, readlinkSync } from "node:fs";

/** How often to look whether they have gone, in milliseconds: most are not our children, so nobody tells us. */
const LOOK_INTERVAL_MS = 25;

/**
 * Pids of the processes in other mount namespaces than this one: that of the apps, and those that apps have made for
 * sandboxes of their own.
 */
export function processesElsewhere(): number[] {
  const here = readlinkSync("/proc/self/ns/mnt");
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (readlinkSync(`/proc/${name}/ns/mnt`) === here) return [];
      readlinkSync(`/proc/${name}/exe`); // Kernel threads have none, and one of them has a namespace of its own.
      return [Number(name)];
    } catch {
      return []; // Gone, or a kernel thread.
    }
  });
}

/**
 * Asks the processes that `list` names (negative: process groups) to end; those still there after `graceMs` are killed.
 */
export async function endProcesses(list: () => number[], graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  const asked = new Set<number>();
  for (let left = list(); left.length > 0 && performance.now() < deadline; left = list()) {
    for (const pid of left) {
      if (asked.has(pid)) continue;
      asked.add(pid);
      // A stopped process does nothing until it is continued.
      for (const signal of ["SIGTERM", "SIGCONT"] as const) send(pid, signal);
    }
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(1, Math.min(LOOK_INTERVAL_MS, deadline - performance.now()))),
    );
  }
  for (const pid of list()) send(pid, "SIGKILL");
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
