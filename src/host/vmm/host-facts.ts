/** What a saved machine depends on, of this host: it goes on only where all of it is the same. */
import { readFileSync, statSync } from "node:fs";
import { release } from "node:os";

/** Of the monitor's `program`, and of the processor and the kernel that run the guest's code. */
export function hostFacts(program: string): string[] {
  return [programStamp(program), release(), processor()];
}

/** Which file that is, rather than what it says of itself: asking takes time at every start. */
function programStamp(program: string): string {
  const { size, mtimeNs } = statSync(program, { bigint: true });
  return `${program} ${size} ${mtimeNs}`;
}

/** The first processor: model, microcode, flags. A guest has seen what it offers and goes on using it. */
function processor(): string {
  const first = readFileSync("/proc/cpuinfo", "utf8").split("\n\n")[0] ?? "";
  // Its frequency changes all the time.
  return first
    .split("\n")
    .filter((line) => !/^cpu MHz|^bogomips/.test(line))
    .join("\n");
}
