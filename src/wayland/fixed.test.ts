import { expect, test } from "bun:test";
import fc from "fast-check";
import { fixedToNumber, numberToFixed } from "./fixed.ts";

test("every raw number comes back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      (raw) => numberToFixed(fixedToNumber(raw)) === raw,
    ),
    { seed: 20261124 },
  );
  expect(numberToFixed(1.5)).toBe(384);
  expect(numberToFixed(-0.25)).toBe(-64);
});
