/** Faults one after the other, chosen by a seed. */
import { Random } from "../fuzz/random.ts";
import { choosePoint, measureStages, type Point, type PointResult, tryPoint } from "./point.ts";
import type { World } from "./world.ts";

export interface FaultRun {
  readonly seed: number;
  readonly points: number;
  /** The first that is not left out: what comes before is chosen and not tried. */
  readonly first: number;
  readonly onPoint: (index: number, point: Point, result: PointResult) => void;
}

/** Tries the points; resolves to how many found something. */
export async function tryFaults(world: World, { seed, points, first, onPoint }: FaultRun): Promise<number> {
  const random = new Random(seed);
  const durations = await measureStages(world);
  const written = { last: 0 };
  let found = 0;
  for (let index = 0; index < first + points; index++) {
    const point = choosePoint(random);
    if (index < first) continue;
    const result = await tryPoint(world, point, durations, written);
    onPoint(index, point, result);
    if (result.problems.length === 0) continue;
    found += 1;
    await world.clear();
  }
  return found;
}
