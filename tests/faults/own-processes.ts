/** The processes of one place: those that name it, and those that they were seen to have started. */
import { readdirSync } from "node:fs";
import { alive, descendants, readOr } from "../support/processes.ts";
import { commandLine } from "../support/snapshot-takers.ts";

export class OwnProcesses {
  readonly #name: string;
  /** Every process that was seen to belong here, with when it was started: numbers are used again. */
  readonly #seen = new Map<number, string>();

  /** `name`: of a folder that nobody else speaks of. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Those that name the place: as an argument, in their environment, or as a file that they see. */
  named(): number[] {
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
      .filter((entry) =>
        ["cmdline", "environ", "mountinfo"].some((file) => readOr(`/proc/${entry}/${file}`, "").includes(this.#name)),
      )
      .map(Number);
  }

  /** A process and all that it has started, remembered as belonging here. */
  family(pid: number): number[] {
    const all = alive(pid) ? [pid, ...descendants(pid)] : [];
    for (const member of all) this.#seen.set(member, startTime(member));
    return all;
  }

  /** Those that live, in words. */
  left(): string[] {
    return this.#living().map((pid) => `process ${pid}: ${commandLine(pid).replaceAll("\0", " ").slice(0, 200)}`);
  }

  /** Kills and forgets all. */
  kill(): void {
    for (const pid of this.#living()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    }
    this.#seen.clear();
  }

  #living(): number[] {
    const seen = [...this.#seen].filter(([pid, started]) => startTime(pid) === started).map(([pid]) => pid);
    return [...new Set([...this.named(), ...seen])].filter(alive);
  }
}

/** When a process was started, in ticks since the boot; empty when it is gone. */
function startTime(pid: number): string {
  // proc_pid_stat(5): the name, in parentheses, may hold spaces; the time is the 22nd field.
  return (
    readOr(`/proc/${pid}/stat`, "")
      .replace(/^.*\) /s, "")
      .split(" ")[19] ?? ""
  );
}
