/** The stages of machines that are made ready for the next trial: one is prepared, or adopted. */
import { readRecords } from "../../src/host/sandbox/record.ts";
import { eventually } from "../support/deadline.ts";
import { type Command, IMAGE, type World } from "./world.ts";

export const TRIAL_STAGES = { preparing: 2, adopting: 2 } as const;
export type TrialStage = keyof typeof TRIAL_STAGES;

/** For a window, and for a machine that becomes ready, with a snapshot that is taken before: in milliseconds. */
const TRIAL_DEADLINE_MS = 300_000;
const TRY = ["try", IMAGE, "--", "foot", "sleep", "1000"] as const;

/** How long the stages take when nobody is killed, in milliseconds. */
export async function measureTrials(world: World): Promise<Record<TrialStage, number>> {
  await leaveOneReady(world);
  let began = performance.now();
  const trial = await startTrial(world).shown;
  const adopting = performance.now() - began;
  began = performance.now();
  await ready(world);
  const preparing = performance.now() - began;
  await end(trial);
  await world.succeed(["stop", "--all"]);
  return { preparing, adopting };
}

/** Begins what the process is killed in. */
export async function beginTrialStage(world: World, stage: TrialStage): Promise<Command> {
  if (stage === "preparing") return await startTrial(world).shown;
  await leaveOneReady(world);
  return startTrial(world).command;
}

/** What must hold after a process was killed while `command` was at work: the next trial shows its window. Ends all. */
export async function judgeTrial(world: World, command: Command): Promise<string[]> {
  const next = startTrial(world);
  await next.shown;
  await end(command);
  const { exitCode, signalCode } = next.command.child;
  const over = exitCode ?? signalCode;
  await end(next.command);
  const { errors } = await next.command.ended;
  world.remember();
  await world.succeed(["stop", "--all"]);
  await world.snapshotsTaken();
  world.forgetRefusals();
  // Told to end, it ends as its app does.
  return over === null ? [] : [`the next trial ended by itself with ${over}: ${errors.trim()}`];
}

/** `shown` resolves when there is one window more, and rejects when the trial ends before that. */
function startTrial(world: World): { command: Command; shown: Promise<Command> } {
  const before = world.windows();
  const command = world.start(TRY, 2 * TRIAL_DEADLINE_MS);
  const ended = command.ended.then(({ status, errors }): never => {
    throw new Error(`a trial ended with ${status} before its window was there: ${errors.trim()}`);
  });
  ended.catch(() => {});
  const another = async (): Promise<Command> => {
    const known = (await before).map(({ id }) => id);
    await world.windowThat((window) => !known.includes(window.id), TRIAL_DEADLINE_MS);
    return command;
  };
  const shown = Promise.race([another(), ended]);
  shown.catch(() => {});
  return { command, shown };
}

async function leaveOneReady(world: World): Promise<void> {
  const first = startTrial(world);
  await first.shown;
  await ready(world);
  await end(first.command);
}

/** Waits until a machine is ready. */
async function ready(world: World): Promise<void> {
  await eventually("waiting for a ready machine", TRIAL_DEADLINE_MS, () =>
    readRecords(world.environment).find((record) => record.ready?.state === "ready"),
  );
}

async function end({ child, ended }: Command): Promise<void> {
  child.kill("SIGTERM");
  await ended;
}
