/** One fault: a process is killed at a moment of a start, a run, a stop or the taking of a snapshot; then all must be well. */
import type { Random } from "../fuzz/random.ts";
import { eventually } from "../support/deadline.ts";
import { alive } from "../support/processes.ts";
import { type Command, SANDBOX, type World } from "./world.ts";

/** What is going on when the process is killed, and how often that is tried. */
const STAGES = { cold: 3, restored: 5, running: 5, stopping: 4, snapshot: 2 } as const;
export type Stage = keyof typeof STAGES;
/** Who is killed, as far as there is one at that moment; else anybody. */
const VICTIMS = { command: 2, supervisor: 3, machine: 4, snapshot: 1 } as const;
type Victim = keyof typeof VICTIMS;

/** How long each stage takes, in milliseconds: moments are chosen within. */
export type Durations = Readonly<Record<Stage, number>>;

export interface Point {
  readonly stage: Stage;
  readonly victim: Victim;
  /** Of the stage's duration. */
  readonly moment: number;
  /** Chooses among the processes of the victim, from 0 to 1. */
  readonly choice: number;
}

export interface PointResult {
  /** Who it was: the part, and its place in the family. Undefined: nobody was there any more. */
  readonly killed: string | undefined;
  /** Empty: all was well. */
  readonly problems: readonly string[];
}

const DEATH_DEADLINE_MS = 5000;
const RUN = ["run", "--sandbox", SANDBOX, "--no-display"] as const;
/** Writes numbers to the disk, and says each once it is there. */
const WRITER = "while :; do n=$((n + 1)); echo $n >> ~/numbers; sync ~/numbers; echo $n; done";
/** Says the last number that is on the disk, and goes on from it. */
const LAST = "tail -n 1 ~/numbers 2> /dev/null || true";

export function choosePoint(random: Random): Point {
  return {
    stage: random.weighted(STAGES),
    victim: random.weighted(VICTIMS),
    moment: random.fraction(),
    choice: random.fraction(),
  };
}

/** How long the stages take when nobody is killed. Leaves a snapshot. */
export async function measureStages(world: World): Promise<Durations> {
  const timed = async (words: readonly string[]) => {
    const began = performance.now();
    await world.succeed(words);
    return performance.now() - began;
  };
  const cold = await timed([...RUN, "--", "sleep", "1000"]);
  const began = performance.now();
  await world.snapshotsTaken();
  const snapshot = performance.now() - began;
  const stopping = await timed(["stop", SANDBOX]);
  const restored = await timed([...RUN, "--", "sleep", "1000"]);
  await world.succeed(["stop", SANDBOX]);
  return { cold, restored, running: restored, stopping, snapshot };
}

/** `written`: the last number known to be on the disk, which is brought up to date. */
export async function tryPoint(
  world: World,
  point: Point,
  durations: Durations,
  written: { last: number },
): Promise<PointResult> {
  const problems: string[] = [];
  let killed: string | undefined;
  try {
    const command = await beginStage(world, point.stage, written);
    await Bun.sleep(point.moment * durations[point.stage]);
    killed = await kill(world, point, command);
    written.last = Math.max(written.last, ...numbersOf(command));
    // The sandbox itself must be as good as before, at once.
    const next = await world.run([...RUN, "--wait", "--", "sh", "-c", LAST]);
    if (next.status !== 0) problems.push(`the next run ended with ${next.status}: ${next.errors.trim()}`);
    else if (Number(next.out) < written.last)
      problems.push(`number ${written.last} was on the disk, now ${next.out.trim()} is the last`);
    else written.last = Number(next.out);
    // Whoever was at work has noticed, or has finished.
    if (point.stage !== "running") await command.ended;
    await world.succeed(["stop", SANDBOX]);
    await command.ended;
    await world.snapshotsTaken();
    if (!world.hasSnapshot()) await takeSnapshot(world);
  } catch (error) {
    problems.push(String(error));
  }
  problems.push(...(await world.leftovers()));
  return { killed, problems };
}

/** A start without a snapshot has one taken, whatever became of the last attempt, and removes what that has left. */
async function takeSnapshot(world: World): Promise<void> {
  await world.succeed([...RUN, "--", "true"]);
  await world.succeed(["stop", SANDBOX]);
  await world.snapshotsTaken();
  if (!world.hasSnapshot()) throw new Error("no snapshot is taken any more");
}

/** Begins what the process is killed in. */
async function beginStage(world: World, stage: Stage, written: { last: number }): Promise<Command> {
  const cold = [...RUN, "--no-snapshot", "--", "sleep", "1000"];
  const restored = [...RUN, "--", "sleep", "1000"];
  switch (stage) {
    case "cold":
      return world.start(cold);
    case "restored":
      return world.start(restored);
    case "running": {
      await world.succeed(restored);
      const script = `n=$(${LAST}); ${WRITER}`;
      const writer = world.start(["exec", SANDBOX, "--", "sh", "-c", script]);
      await eventually("waiting for the first number", DEATH_DEADLINE_MS, () => writer.lines[0]);
      return writer;
    }
    case "stopping": {
      await world.succeed(restored);
      const script = `n=$(${LAST}); echo $((n + 1)) >> ~/numbers; sync ~/numbers; ${LAST}`;
      written.last = Number(await world.succeed(["exec", SANDBOX, "--", "sh", "-c", script]));
      return world.start(["stop", SANDBOX]);
    }
    case "snapshot":
      world.removeSnapshots();
      return await startAndAwaitTaker(world, restored);
    default:
      return stage satisfies never;
  }
}

async function startAndAwaitTaker(world: World, words: readonly string[]): Promise<Command> {
  const command = world.start(words);
  const { status, errors } = await command.ended;
  if (status !== 0) throw new Error(`a start without a snapshot ended with ${status}: ${errors}`);
  await eventually("waiting for a snapshot to be begun", DEATH_DEADLINE_MS, () => world.snapshotTakers()[0]);
  return command;
}

/** Kills the victim, and waits until it is gone. */
async function kill(world: World, point: Point, { child }: Command): Promise<string | undefined> {
  const [supervisor = 0, ...machine] = world.family(world.supervisor());
  const families: Record<Victim, number[]> = {
    command: world.family(child.pid ?? 0).slice(0, 1),
    supervisor: supervisor === 0 ? [] : [supervisor],
    machine,
    snapshot: world.snapshotTakers().flatMap((pid) => world.family(pid)),
  };
  const wanted = point.stage === "snapshot" ? "snapshot" : point.victim;
  const victim =
    families[wanted].length > 0
      ? wanted
      : (Object.keys(families) as Victim[]).find((name) => families[name].length > 0);
  if (victim === undefined) return undefined;
  const at = Math.floor(point.choice * families[victim].length);
  const pid = families[victim][at] ?? 0;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    return undefined; // It has just ended by itself.
  }
  await eventually("waiting for a killed process to go", DEATH_DEADLINE_MS, () => !alive(pid) || undefined);
  return `${victim} ${at + 1} of ${families[victim].length}`;
}

function numbersOf(command: Command): number[] {
  return command.lines.map(Number).filter((number) => Number.isInteger(number));
}
