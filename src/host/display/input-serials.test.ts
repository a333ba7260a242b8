import { expect, test } from "bun:test";
import { InputSerials } from "./input-serials.ts";
import { MAX_REMEMBERED_SERIALS } from "./limits.ts";

test("only what was given counts, and only a press is an action", () => {
  const serials = new InputSerials(() => 0);
  serials.note(7, "focus");
  serials.note(8, "action");
  expect([6, 7, 8].map((serial) => serials.has(serial))).toEqual([false, true, true]);
  expect([6, 7, 8].map((serial) => serials.isRecentAction(serial, 1000))).toEqual([false, false, true]);
});

test("an action is recent for so long and no longer", () => {
  let now = 5000;
  const serials = new InputSerials(() => now);
  serials.note(1, "action");
  now += 1000;
  expect(serials.isRecentAction(1, 1000)).toBe(true);
  now += 1;
  expect(serials.isRecentAction(1, 1000)).toBe(false);
  expect(serials.has(1)).toBe(true);
});

test("focus that comes with the serial of a press does not undo the press, nor make it younger", () => {
  let now = 0;
  const serials = new InputSerials(() => now);
  serials.note(1, "action");
  now = 10;
  serials.note(1, "focus");
  expect(serials.isRecentAction(1, 10)).toBe(true);
  now = 11;
  expect(serials.isRecentAction(1, 10)).toBe(false);
});

test("the oldest are forgotten first, and one that comes again is new", () => {
  const serials = new InputSerials(() => 0);
  for (let serial = 0; serial < MAX_REMEMBERED_SERIALS; serial += 1) serials.note(serial, "action");
  serials.note(0, "action");
  serials.note(0xffffffff, "focus");
  expect([0, 1, 2, 0xffffffff].map((serial) => serials.has(serial))).toEqual([true, false, true, true]);
});
