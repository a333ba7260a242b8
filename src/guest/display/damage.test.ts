import { expect, test } from "bun:test";
import fc from "fast-check";
import { clip, DamageRegion, type Rect } from "./damage.ts";
import { MAX_DAMAGE_RECTS } from "./limits.ts";

fc.configureGlobal({ seed: 20261124 });

const SIDE = 48;
const start = fc.integer({ min: 0, max: SIDE - 1 });
const size = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: SIDE }));
const rect = fc
  .record({ x0: start, y0: start, width: size, height: size })
  .map(
    ({ x0, y0, width, height }): Rect => ({ x0, y0, x1: Math.min(SIDE, x0 + width), y1: Math.min(SIDE, y0 + height) }),
  );

/** The model: a plain bitmap of a buffer of SIDE by SIDE. */
function bitmap(rects: readonly Rect[]): Uint8Array {
  const bits = new Uint8Array(SIDE * SIDE);
  for (const { x0, y0, x1, y1 } of rects) {
    for (let y = y0; y < y1; y++) bits.fill(1, y * SIDE + x0, y * SIDE + x1);
  }
  return bits;
}

function bounds(rects: readonly Rect[]): Rect {
  return rects.reduce((a, b) => ({
    x0: Math.min(a.x0, b.x0),
    y0: Math.min(a.y0, b.y0),
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
  }));
}

test("never forgets a pixel, names none outside the bounding box, and stays short", () => {
  let exact = 0;
  let collapsed = 0;
  fc.assert(
    fc.property(fc.array(rect, { minLength: 1, maxLength: 100, size: "max" }), (added) => {
      const region = new DamageRegion();
      for (const one of added) {
        region.add(one);
        expect(region.rects.length).toBeLessThanOrEqual(MAX_DAMAGE_RECTS);
      }
      const wanted = bitmap(added);
      const named = bitmap(region.rects);
      expect(wanted.every((bit, index) => bit <= (named[index] ?? 0))).toBe(true);
      expect(bounds(region.rects)).toEqual(bounds(added));
      expect(region.area).toBeGreaterThanOrEqual(named.reduce((sum, bit) => sum + bit, 0));
      if (Buffer.compare(wanted, named) === 0) exact += 1;
      else collapsed += 1;
      region.clear();
      expect(region.rects).toEqual([]);
    }),
    { numRuns: 500 },
  );
  expect(exact).toBeGreaterThan(100);
  expect(collapsed).toBeGreaterThan(100);
});

test("a list taken before clear() stays as it was", () => {
  const region = new DamageRegion();
  region.add({ x0: 1, y0: 1, x1: 2, y1: 2 });
  const { rects } = region;
  region.clear();
  region.add({ x0: 5, y0: 5, x1: 6, y1: 6 });
  expect(rects).toEqual([{ x0: 1, y0: 1, x1: 2, y1: 2 }]);
});

test("what is inside another rectangle is not kept", () => {
  const region = new DamageRegion();
  region.add({ x0: 2, y0: 2, x1: 4, y1: 4 });
  region.add({ x0: 0, y0: 0, x1: 10, y1: 10 });
  region.add({ x0: 3, y0: 3, x1: 5, y1: 5 });
  expect(region.rects).toEqual([{ x0: 0, y0: 0, x1: 10, y1: 10 }]);
});

test("clip keeps what lies in the buffer, of any numbers that the wire can say", () => {
  const any = fc.oneof(fc.integer({ min: -60, max: 60 }), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }));
  fc.assert(
    fc.property(any, any, any, any, (x, y, width, height) => {
      const clipped = clip({ x0: x, y0: y, x1: x + width, y1: y + height }, SIDE, SIDE);
      for (let py = 0; py < SIDE; py += 5) {
        for (let px = 0; px < SIDE; px += 5) {
          const inside = px >= x && px < x + width && py >= y && py < y + height;
          const kept =
            clipped !== undefined && px >= clipped.x0 && px < clipped.x1 && py >= clipped.y0 && py < clipped.y1;
          expect(kept).toBe(inside);
        }
      }
      if (clipped !== undefined) {
        expect([clipped.x0, clipped.y0, SIDE - clipped.x1, SIDE - clipped.y1].every((value) => value >= 0)).toBe(true);
        expect(clipped.x0 < clipped.x1 && clipped.y0 < clipped.y1).toBe(true);
      }
    }),
  );
});
