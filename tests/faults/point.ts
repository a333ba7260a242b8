/** One fault: a process is killed at a moment of what a sandbox or a trial goes through; then all must be well. */
import type { Random } from "../fuzz/random.ts";
import { beginSandboxStage, judgeSandbox, SANDBOX_STAGES, type SandboxStage } from "./sandbox-stages.ts";
import { beginTrialStage, judgeTrial, TRIAL_STAGES, type TrialStage } from "./trial-stages.ts";
import { killVictim, VICTIM_WEIGHTS, type Victim } from "./victim.ts";
import type { World } from "./world.ts";

export type Stage = SandboxStage | TrialStage;
/** How often each is tried. */
export const ALL_STAGES: Readonly<Record<Stage, number>> = { ...SANDBOX_STAGES, ...TRIAL_STAGES };

export interface Point {
  readonly stage: Stage;
  readonly victim: Victim;
  /** Of the stage's duration. */
  readonly moment: number;
  /** Chooses among the processes of the victim, from 0 to 1. */
  readonly choice: number;
}

export interface PointResult {
  /** Who it was, see {@link killVictim}. */
  readonly killed: string | undefined;
  /** Empty: all was well. */
  readonly problems: readonly string[];
}

export function choosePoint(random: Random, stages: Partial<Readonly<Record<Stage, number>>>): Point {
  return {
    stage: random.weighted(stages as Record<Stage, number>),
    victim: random.weighted(VICTIM_WEIGHTS),
    moment: random.fraction(),
    choice: random.fraction(),
  };
}

/** `durationMs`: how long the stage takes when nobody is killed. `written`: the last number known to be on the disk. */
export async function tryPoint(
  world: World,
  { stage, victim, moment, choice }: Point,
  durationMs: number,
  written: { last: number },
): Promise<PointResult> {
  const problems: string[] = [];
  let killed: string | undefined;
  try {
    const isTrial = stage === "preparing" || stage === "adopting";
    const command = isTrial ? await beginTrialStage(world, stage) : await beginSandboxStage(world, stage, written);
    await Bun.sleep(moment * durationMs);
    killed = await killVictim(world, stage === "snapshot" ? "snapshot" : victim, choice, command);
    const judged = isTrial ? judgeTrial(world, command) : judgeSandbox(world, stage, command, written);
    problems.push(...(await judged));
  } catch (error) {
    problems.push(String(error));
  }
  problems.push(...(await world.leftovers()));
  return { killed, problems };
}
