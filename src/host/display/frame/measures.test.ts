import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Button, insetsOf, planTitleBar, stripsAround, withFrame, withoutFrame, zoneAt } from "./measures.ts";

const LOOKS = ["border", "title-bar", "popup"] as const;
const look = fc.constantFrom(...LOOKS);
const size = fc.record({ width: fc.integer({ min: 1, max: 3000 }), height: fc.integer({ min: 1, max: 3000 }) });
const BUTTONS: readonly Button[] = ["minimize", "maximize", "close"];

test("the strips cover all that is around the content, once, and nothing of it", () => {
  const small = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(small, look, (content, which) => {
      const insets = insetsOf(which);
      const outer = withFrame(content, insets);
      for (let y = -insets.top; y < outer.height - insets.top; y++) {
        for (let x = -insets.left; x < outer.width - insets.left; x++) {
          const covering = stripsAround(content, insets).filter(
            (strip) => x >= strip.x && y >= strip.y && x < strip.x + strip.width && y < strip.y + strip.height,
          );
          const isContent = x >= 0 && y >= 0 && x < content.width && y < content.height;
          if (covering.length !== (isContent ? 0 : 1)) throw new Error(`${covering.length} strips at ${x},${y}`);
        }
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});

test("a frame put on and taken off leaves a size as it was", () => {
  fc.assert(
    fc.property(size, look, (content, which) => {
      expect(withoutFrame(withFrame(content, insetsOf(which)), insetsOf(which))).toEqual(content);
    }),
    { seed: 1 },
  );
});

test("text and buttons lie on the bar and not on each other, however narrow the window is", () => {
  fc.assert(
    fc.property(size, fc.nat({ max: 3 }), fc.integer({ min: 1, max: 900 }), ({ width }, buttons, labelWidth) => {
      const plan = planTitleBar(width, buttons, labelWidth);
      const parts = [plan.label, plan.buttons].filter((part) => part !== undefined);
      for (const part of parts) {
        expect(part.x).toBeGreaterThanOrEqual(0);
        expect(part.x + part.width).toBeLessThanOrEqual(width);
        expect(part.y).toBeGreaterThanOrEqual(-insetsOf("title-bar").top);
        expect(part.y + part.height).toBeLessThanOrEqual(0);
        expect(Math.min(part.width, part.height)).toBeGreaterThan(0);
      }
      const [label, right] = [plan.label, plan.buttons];
      if (label !== undefined && right !== undefined) expect(label.x + label.width).toBeLessThan(right.x);
    }),
    { seed: 1 },
  );
});

const CONTENT = { width: 400, height: 300 };
test.each([
  ["the upper edge", 200, -28, { kind: "resize", edge: 1 }],
  ["the lower edge", 200, 302, { kind: "resize", edge: 2 }],
  ["the left edge", -1, 150, { kind: "resize", edge: 4 }],
  ["the right edge", 400, 150, { kind: "resize", edge: 8 }],
  ["the left edge beside the bar", -3, -5, { kind: "resize", edge: 4 }],
  ["the upper left corner", -4, -28, { kind: "resize", edge: 5 }],
  ["near the upper left corner, on the upper edge", 10, -26, { kind: "resize", edge: 5 }],
  ["near the upper left corner, on the left edge", -2, -15, { kind: "resize", edge: 5 }],
  ["the lower right corner", 401, 290, { kind: "resize", edge: 10 }],
  ["the bar", 100, -10, { kind: "move" }],
  ["the bar's left end", 0, -24, { kind: "move" }],
  ["the left button", 400 - 70, -10, { kind: "button", button: "minimize" }],
  ["the middle button", 400 - 30, -10, { kind: "button", button: "maximize" }],
  ["the right button", 399, -10, { kind: "button", button: "close" }],
] as const)("of a window with a title bar, %s", (_name, x, y, zone) => {
  expect(zoneAt({ x, y }, CONTENT, "title-bar", BUTTONS)).toEqual(zone);
});

test("a window without a title bar is only resized by its frame, a popup not even that", () => {
  expect(zoneAt({ x: 100, y: -2 }, CONTENT, "border", BUTTONS)).toEqual({ kind: "resize", edge: 1 });
  expect(zoneAt({ x: 399, y: -2 }, CONTENT, "border", BUTTONS)).toEqual({ kind: "resize", edge: 9 });
  expect(zoneAt({ x: -1, y: -1 }, CONTENT, "popup", BUTTONS)).toEqual({ kind: "nothing" });
});

test("in a narrow window the last buttons stay", () => {
  expect(zoneAt({ x: 29, y: -10 }, { width: 30, height: 30 }, "title-bar", BUTTONS)).toEqual({
    kind: "button",
    button: "close",
  });
  expect(zoneAt({ x: 1, y: -10 }, { width: 30, height: 30 }, "title-bar", BUTTONS)).toEqual({
    kind: "button",
    button: "maximize",
  });
});
