/** The stages of a sandbox with a window: it starts, is restored, runs, stops, or a snapshot is taken for it. */
import { eventually } from "../support/deadline.ts";
import { type Command, SANDBOX, type World } from "./world.ts";

/** What is going on when the process is killed, and how often that is tried. */
export const SANDBOX_STAGES = { cold: 3, restored: 5, running: 5, stopping: 4, snapshot: 2 } as const;
export type SandboxStage = keyof typeof SANDBOX_STAGES;

const BEGIN_DEADLINE_MS = 60_000;
const RUN = ["run", "--sandbox", SANDBOX] as const;
/** Ends when its window has its first content, or with the app. */
const SHOWN = ["--timings", "--", "foot", "sleep", "1000"] as const;
/** Writes numbers to the disk, and says each once it is there. */
const WRITER = "while :; do n=$((n + 1)); echo $n >> ~/numbers; sync ~/numbers; echo $n; done";
/** Says the last number that is on the disk, and goes on from it. */
const LAST = "tail -n 1 ~/numbers 2> /dev/null || true";

/** How long the stages take when nobody is killed, in milliseconds. Leaves a snapshot. */
export async function measureSandbox(world: World): Promise<Record<SandboxStage, number>> {
  const cold = await world.timed([...RUN, ...SHOWN]);
  const began = performance.now();
  await world.snapshotsTaken();
  const snapshot = performance.now() - began;
  const stopping = await world.timed(["stop", SANDBOX]);
  const restored = await world.timed([...RUN, ...SHOWN]);
  await world.succeed(["stop", SANDBOX]);
  world.rememberSnapshots();
  return { cold, restored, running: restored, stopping, snapshot };
}

/** Begins what the process is killed in. */
export async function beginSandboxStage(
  world: World,
  stage: SandboxStage,
  written: { last: number },
): Promise<Command> {
  switch (stage) {
    case "cold":
      return world.start([...RUN, "--no-snapshot", ...SHOWN]);
    case "restored":
      return world.start([...RUN, ...SHOWN]);
    case "running": {
      await world.succeed([...RUN, ...SHOWN]);
      const script = `n=$(${LAST}); ${WRITER}`;
      const writer = world.start(["exec", SANDBOX, "--", "sh", "-c", script]);
      await eventually("waiting for the first number", BEGIN_DEADLINE_MS, () => writer.lines[0]);
      return writer;
    }
    case "stopping": {
      await world.succeed([...RUN, ...SHOWN]);
      const script = `n=$(${LAST}); echo $((n + 1)) >> ~/numbers; sync ~/numbers; ${LAST}`;
      written.last = Number(await world.succeed(["exec", SANDBOX, "--", "sh", "-c", script]));
      return world.start(["stop", SANDBOX]);
    }
    case "snapshot": {
      world.removeSnapshots();
      const command = world.start([...RUN, ...SHOWN]);
      const { status, errors } = await command.ended;
      if (status !== 0) throw new Error(`a start without a snapshot ended with ${status}: ${errors}`);
      await eventually("waiting for a snapshot to be begun", BEGIN_DEADLINE_MS, () => world.snapshotTakers()[0]);
      return command;
    }
    default:
      return stage satisfies never;
  }
}

/** What must hold after a process was killed while `command` was at work: problems, in words. Ends the sandbox. */
export async function judgeSandbox(
  world: World,
  stage: SandboxStage,
  command: Command,
  written: { last: number },
): Promise<string[]> {
  const problems: string[] = [];
  written.last = Math.max(written.last, ...numbersOf(command));
  // The sandbox itself must be as good as before, at once.
  const next = await world.run([...RUN, "--wait", "--", "sh", "-c", LAST]);
  if (next.status !== 0) problems.push(`the next run ended with ${next.status}: ${next.errors.trim()}`);
  else if (Number(next.out) < written.last)
    problems.push(`number ${written.last} was on the disk, now ${next.out.trim()} is the last`);
  else written.last = Number(next.out);
  // Whoever was at work has noticed, or has finished.
  if (stage !== "running") await command.ended;
  world.remember();
  await world.succeed(["stop", SANDBOX]);
  await command.ended;
  await world.snapshotsTaken();
  if (!world.hasSnapshot()) await takeSnapshot(world);
  return problems;
}

/** A start without a snapshot has one taken, whatever became of the last attempt, and removes what that has left. */
async function takeSnapshot(world: World): Promise<void> {
  await world.succeed([...RUN, "--", "true"]);
  await world.succeed(["stop", SANDBOX]);
  await world.snapshotsTaken();
  if (!world.hasSnapshot()) throw new Error("no snapshot is taken any more");
}

function numbersOf(command: Command): number[] {
  return command.lines.map(Number).filter((number) => Number.isInteger(number));
}
