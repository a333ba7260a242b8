/** Who is killed: one of the processes that there are at a moment. */
import { eventually } from "../support/deadline.ts";
import { alive } from "../support/processes.ts";
import { commandLine } from "../support/snapshot-takers.ts";
import type { Command, World } from "./world.ts";

/** Who is killed, as far as there is one at that moment; else anybody. */
const VICTIMS = { command: 2, supervisor: 3, machine: 4, display: 3, snapshot: 1 } as const;
export type Victim = keyof typeof VICTIMS;
export const VICTIM_WEIGHTS: Readonly<Record<Victim, number>> = VICTIMS;

const DEATH_DEADLINE_MS = 5000;

/**
 * Kills a process of `wanted`, chosen by `choice` from 0 to 1, and waits until it is gone. Resolves to who it was: the part,
 * and its place in the family. Undefined: nobody was there any more.
 */
export async function killVictim(
  world: World,
  wanted: Victim,
  choice: number,
  { child }: Command,
): Promise<string | undefined> {
  const families = familiesOf(world, child.pid ?? 0);
  const victim =
    families[wanted].length > 0
      ? wanted
      : (Object.keys(families) as Victim[]).find((name) => families[name].length > 0);
  if (victim === undefined) return undefined;
  const at = Math.floor(choice * families[victim].length);
  const pid = families[victim][at] ?? 0;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    return undefined; // It has just ended by itself.
  }
  await eventually("waiting for a killed process to go", DEATH_DEADLINE_MS, () => !alive(pid) || undefined);
  return `${victim} ${at + 1} of ${families[victim].length}`;
}

/** With the processes that keep the walls of others. */
function familiesOf(world: World, command: number): Record<Victim, number[]> {
  const supervisors = world.supervisors();
  const started = supervisors.flatMap((pid) => world.family(pid).slice(1));
  const shows = (pid: number) => commandLine(pid).includes("display-main.ts");
  return {
    command: world.family(command).slice(0, 1),
    supervisor: supervisors,
    machine: started.filter((pid) => !shows(pid)),
    display: started.filter(shows),
    snapshot: world.snapshotTakers().flatMap((pid) => world.family(pid)),
  };
}
