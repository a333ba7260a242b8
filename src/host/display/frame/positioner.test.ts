import { expect, test } from "bun:test";
import fc from "fast-check";
import { insetsOf } from "./measures.ts";
import { Positioner } from "./positioner.ts";

const POPUP = insetsOf("popup");
const PARENT = { origin: { x: 4, y: 28 }, insets: insetsOf("title-bar") };

function positioner(requests: Readonly<Record<string, readonly number[]>>): Positioner {
  const made = new Positioner();
  for (const [name, args] of Object.entries(requests)) made.set(name, args);
  return made;
}

test("the compositor hears of sizes with frames, and of places from the corner of the parent's", () => {
  const asked = positioner({
    set_size: [100, 50],
    set_anchor_rect: [10, 20, 30, 40],
    set_parent_size: [800, 600],
    set_gravity: [8],
  });
  expect(asked.forHost(PARENT, POPUP)).toEqual([
    ["set_size", 104, 54],
    ["set_anchor_rect", 14, 48, 30, 40],
    ["set_parent_size", 808, 632],
    ["set_gravity", 8],
  ]);
});

test("a size that is none is the compositor's to refuse", () => {
  expect(positioner({ set_size: [0, -5] }).forHost(PARENT, POPUP)).toEqual([["set_size", 0, -5]]);
});

test("a place that was not asked for is told as it is, seen from the guest's parent", () => {
  const asked = positioner({ set_size: [100, 50], set_anchor_rect: [0, 0, 1, 1], set_gravity: [8] });
  expect(asked.forGuest({ x: 300, y: 200, width: 104, height: 54 }, PARENT, POPUP)).toEqual([298, 174, 100, 50]);
});

test("a popup that changed is not followed by what was made of it before", () => {
  const asked = positioner({ set_size: [10, 10] });
  const before = asked.copy();
  asked.set("set_size", [20, 20]);
  expect(before.forHost(PARENT, POPUP)).toEqual([["set_size", 14, 14]]);
});

/** xdg_positioner's words: anchors and gravities by what they name. */
const EDGES = ["", "top", "bottom", "left", "right", "top left", "bottom left", "top right", "bottom right"];

/** Where a compositor puts a popup that nothing is in the way of. */
function place([anchor, gravity]: readonly [string, string], numbers: Numbers): { x: number; y: number } {
  const { x, y, width, height, dx, dy } = numbers;
  const across = anchor.includes("left") ? x : anchor.includes("right") ? x + width : x + Math.floor(width / 2);
  const down = anchor.includes("top") ? y : anchor.includes("bottom") ? y + height : y + Math.floor(height / 2);
  const left = gravity.includes("left") ? numbers.w : gravity.includes("right") ? 0 : Math.floor(numbers.w / 2);
  const up = gravity.includes("top") ? numbers.h : gravity.includes("bottom") ? 0 : Math.floor(numbers.h / 2);
  return { x: across + dx - left, y: down + dy - up };
}

type Numbers = Record<"x" | "y" | "width" | "height" | "dx" | "dy" | "w" | "h", number>;

const OPPOSITE: Readonly<Record<string, string>> = { left: "right", right: "left", top: "bottom", bottom: "top" };
const flip = (edges: string, axis: "x" | "y") =>
  edges
    .split(" ")
    .map((edge) => ((axis === "x") === (edge === "left" || edge === "right") ? (OPPOSITE[edge] ?? edge) : edge))
    .join(" ");

test("a popup that is where it was asked to be, or on the other side, is told the place that it would have natively", () => {
  const number = fc.integer({ min: -500, max: 500 });
  const size = fc.integer({ min: 0, max: 300 });
  const numbers = fc.record({
    x: number,
    y: number,
    width: size,
    height: size,
    dx: number,
    dy: number,
    w: size,
    h: size,
  });
  const edge = fc.nat({ max: 8 });
  fc.assert(
    fc.property(numbers, edge, edge, fc.boolean(), fc.boolean(), (given, anchor, gravity, flipX, flipY) => {
      const native = { ...given, w: given.w + 1, h: given.h + 1 };
      const asked = positioner({
        set_size: [native.w, native.h],
        set_anchor_rect: [native.x, native.y, native.width, native.height],
        set_anchor: [anchor],
        set_gravity: [gravity],
        set_offset: [native.dx, native.dy],
      });
      let words: [string, string] = [EDGES[anchor] ?? "", EDGES[gravity] ?? ""];
      if (flipX) words = [flip(words[0], "x"), flip(words[1], "x")];
      if (flipY) words = [flip(words[0], "y"), flip(words[1], "y")];
      const host = { ...native, x: native.x + 4, y: native.y + 28, w: native.w + 4, h: native.h + 4 };
      const told = asked.forGuest({ ...place(words, host), width: host.w, height: host.h }, PARENT, POPUP);
      const wanted = place(words, native);
      // Two ways of asking can lead to the same place on the compositor: then either may be told.
      const near = (one: number, other: number) => Math.abs(one - other) <= 4;
      expect([near(told[0], wanted.x), near(told[1], wanted.y)]).toEqual([true, true]);
      if (!flipX && !flipY) expect([told[0], told[1]]).toEqual([wanted.x, wanted.y]);
      expect([told[2], told[3]]).toEqual([native.w, native.h]);
    }),
    { seed: 1, numRuns: 2000 },
  );
});
