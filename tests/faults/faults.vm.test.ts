/** A few of the faults that `npm run test:faults` tries by the hundred. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { tryFaults } from "./faults.ts";
import { SANDBOX_STAGES } from "./sandbox-stages.ts";
import { World } from "./world.ts";

/** Its points have every stage of a sandbox among them, and every part that can be killed. */
const SEED = 741;
const POINTS = 8;
const BUILD_DEADLINE_MS = 900_000;
const DEADLINE_MS = 300_000;

let world: World;
beforeAll(async () => {
  world = await World.open();
}, BUILD_DEADLINE_MS);
afterAll(() => world.close(), DEADLINE_MS);

test(
  "a process that is killed at any moment costs no data, leaves nothing, and the next command works",
  async () => {
    const problems: string[] = [];
    let killed = 0;
    await tryFaults(world, {
      seed: SEED,
      points: POINTS,
      first: 0,
      stages: SANDBOX_STAGES,
      onPoint: (index, point, result) => {
        if (result.killed !== undefined) killed += 1;
        problems.push(...result.problems.map((problem) => `point ${index}, ${point.stage}: ${problem}`));
      },
    });
    expect(problems).toEqual([]);
    expect(killed).toBeGreaterThan(POINTS / 2);
  },
  DEADLINE_MS,
);
