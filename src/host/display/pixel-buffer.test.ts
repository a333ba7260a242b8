import { expect, test } from "bun:test";
import fc from "fast-check";
import { checkPixelBuffer } from "./pixel-buffer.ts";

const ARENA = 1 << 20;
const good = { offset: 0, width: 100, height: 100, stride: 400, format: 0 };

test("takes a buffer that lies inside the arena", () => {
  expect(checkPixelBuffer(good, ARENA)).toEqual(good);
  expect(checkPixelBuffer({ ...good, offset: ARENA - 40_000 }, ARENA).offset).toBe(ARENA - 40_000);
});

test.each([
  ["one byte beyond the end", { offset: ARENA - 39_999 }],
  ["a negative offset", { offset: -4 }],
  ["no width", { width: 0 }],
  ["a negative height", { height: -1 }],
  ["a side beyond the bound", { width: 16_385, stride: 65_540 }],
  ["a stride below the width", { stride: 396 }],
  ["a stride that is no whole pixel", { stride: 402 }],
  ["an unknown format", { format: 0x3231564e }],
  ["sizes whose product overflows 32 bits", { width: 16_384, height: 16_384, stride: 0x7ffffffc }],
])("refuses %s", (_name, change) => {
  expect(() => checkPixelBuffer({ ...good, ...change }, ARENA)).toThrow("Cannot use a guest's pixel buffer");
});

test("whatever passes lies inside the arena", () => {
  const integer = fc.integer({ min: -10, max: 0x7fffffff });
  fc.assert(
    fc.property(
      fc.nat(ARENA),
      integer,
      integer,
      integer,
      fc.constantFrom(0, 1, 2),
      (offset, width, height, stride, format) => {
        try {
          checkPixelBuffer({ offset, width, height, stride, format }, ARENA);
        } catch {
          return;
        }
        expect(BigInt(offset) + BigInt(stride) * BigInt(height)).toBeLessThanOrEqual(BigInt(ARENA));
        expect(BigInt(stride)).toBeGreaterThanOrEqual(BigInt(width) * 4n);
      },
    ),
    { seed: 7, numRuns: 2000 },
  );
});
