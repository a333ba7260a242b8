/** Faults one after the other, chosen by a seed. */
import { Random } from "../fuzz/random.ts";
import { ALL_STAGES, choosePoint, type Point, type PointResult, type Stage, tryPoint } from "./point.ts";
import { measureSandbox } from "./sandbox-stages.ts";
import { measureTrials } from "./trial-stages.ts";
import type { World } from "./world.ts";

export interface FaultRun {
  readonly seed: number;
  readonly points: number;
  /** The first that is not left out: what comes before is chosen and not tried. */
  readonly first: number;
  /** What is tried, and how often; all there is unless given. */
  readonly stages?: Partial<Readonly<Record<Stage, number>>>;
  readonly onPoint: (index: number, point: Point, result: PointResult) => void;
}

/** Tries the points; resolves to how many found something. */
export async function tryFaults(world: World, options: FaultRun): Promise<number> {
  const { seed, points, first, stages = ALL_STAGES, onPoint } = options;
  const random = new Random(seed);
  const durations: Partial<Record<Stage, number>> = await measureSandbox(world);
  const written = { last: 0 };
  let found = 0;
  for (let index = 0; index < first + points; index++) {
    const point = choosePoint(random, stages);
    if (index < first) continue;
    // Only when it is needed: that takes a snapshot of another kind.
    if (durations[point.stage] === undefined) Object.assign(durations, await measureTrials(world));
    const result = await tryPoint(world, point, durations[point.stage] ?? 0, written);
    onPoint(index, point, result);
    if (result.problems.length === 0) continue;
    found += 1;
    await world.clear();
  }
  return found;
}
