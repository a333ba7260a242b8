/** The processes that take snapshots in the background, which outlive the sandboxes that wanted them. */
import { readFileSync } from "node:fs";
import { DEFAULT_DEADLINE_MS, eventually } from "./deadline.ts";
import { processesByEnvironment } from "./processes.ts";

/** Those whose snapshots go to the store below `dataHome`. */
export function snapshotTakers(dataHome: string): number[] {
  return processesByEnvironment("XDG_DATA_HOME", dataHome).filter((pid) =>
    commandLine(pid).includes("snapshot-main.ts"),
  );
}

/** Has them give up, and waits until they have. */
export async function endSnapshotTakers(dataHome: string, deadlineMs = DEFAULT_DEADLINE_MS): Promise<void> {
  for (const pid of snapshotTakers(dataHome)) process.kill(pid, "SIGTERM");
  await eventually("waiting for the end", deadlineMs, () => snapshotTakers(dataHome).length === 0 || undefined);
}

/** Empty for a process that is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
