/**
 * Giving way to others for a while. Niceness of a process is for good, where its user is not privileged; that of its session
 * as a whole is not, proc_pid_autogroup(5) of sched(7). Where a control group divides the processors it has no effect.
 */
import { writeFileSync } from "node:fs";

/** A tenth of what others get: with less, an app on a busy machine does not even come to start in time. */
const NICE = 10;

/** Has the session of process `pid` give way to all others, or not any more. A monitor inside its walls has one of its own. */
export function giveWay(pid: number, way: boolean): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(way ? NICE : 0));
  } catch {
    // The kernel has none, or the process is gone: then it competes as others do.
  }
}
