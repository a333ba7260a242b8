/**
 * Whatever a guest does with its surfaces: what the compositor is told shows just what the guest asked for, cut to the
 * visible part of its window, in a whole frame, with nothing beyond; after every single request of the guest and of ours.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_SCALE } from "./compare-rects.test-support.ts";
import { PARENTS, type Step, World } from "./surface-world.test-support.ts";

const small = fc.integer({ min: -60, max: 60 });
const length = fc.integer({ min: 1, max: 60 });
const surface = fc.nat({ max: PARENTS.length - 1 });
const child = fc.integer({ min: 1, max: PARENTS.length - 1 });
const rectangle = fc.record({ x: small, y: small, width: length, height: length });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("attach" as const),
      surface,
      width: length,
      height: length,
      scale: fc.integer({ min: 1, max: MAX_SCALE }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("detach" as const), surface }) },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("commit" as const), surface }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("position" as const), child, x: small, y: small }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("sync" as const, "desync" as const), child }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("geometry" as const), rectangle }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("destination" as const),
      surface,
      size: fc.option(fc.record({ width: length, height: length }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), child }) },
  { weight: 1, arbitrary: fc.constant({ kind: "crash" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("look" as const),
      titleBar: fc.boolean(),
      room: fc.option(fc.record({ width: length, height: length }), { nil: undefined }),
    }),
  },
);
test("the compositor shows what the guest asked for, inside a whole frame, after every request and crash", () => {
  let shown = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const world = new World();
      for (const one of steps) {
        world.run(one);
        const fault = world.fault();
        if (fault !== undefined) throw new Error(`after ${JSON.stringify(one)}: ${fault}`);
        if (world.asked > 2) shown += 1;
      }
      for (const [memory, count] of world.held) if (count < 0) throw new Error(`${memory} was dropped too often`);
    }),
    { seed: 1, numRuns: 1500 },
  );
  expect(shown).toBeGreaterThan(1000);
}, 60_000);
