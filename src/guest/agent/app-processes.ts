/** Ending everything that runs in the app root, whoever started it. */
import { readdirSync, readlinkSync } from "node:fs";

/** How often to look whether they have gone, in milliseconds: most are not our children, so nobody tells us. */
const LOOK_INTERVAL_MS = 25;

/** Pids of the processes whose root is `appRoot`. With "/" that says nothing: then none. */
export function processesInRoot(appRoot: string): number[] {
  if (appRoot === "/") return [];
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readlinkSync(`/proc/${name}/root`) === appRoot ? [Number(name)] : [];
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
