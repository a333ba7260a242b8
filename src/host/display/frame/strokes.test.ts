import { expect, test } from "bun:test";
import { textWidth } from "./strokes.ts";

test("what has no picture takes the room of one letter, however many parts it is made of", () => {
  expect(textWidth("\u4e2d\u6587")).toBeGreaterThan(textWidth("\u4e2d"));
  // Decomposed, these two Korean syllables are six letters.
  expect(textWidth("\uc548\ub155")).toBe(textWidth("\u4e2d\u6587"));
  expect(textWidth("\u00e9e\u0301")).toBe(textWidth("ee"));
});
