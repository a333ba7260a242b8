import { expect, test } from "bun:test";
import fc from "fast-check";
import { reliefOf } from "../memory/low-memory.ts";
import { hasRoom, isSuperfluous, MAX_READY_MACHINES } from "./ready-pool.ts";

const SEED = 5;
const GIB = 1024 ** 3;

const machine = fc.record({
  name: fc.string({ minLength: 1, maxLength: 3 }),
  startedAt: fc.integer({ min: 0, max: 5 }),
  ready: fc.option(
    fc.record({
      key: fc.constantFrom("a", "b", "c"),
      start: fc.constantFrom("s", "t"),
      state: fc.constantFrom("preparing" as const, "ready" as const),
    }),
    { nil: undefined },
  ),
  idleSince: fc.option(fc.integer({ min: 0, max: 5 })),
  shrunk: fc.boolean(),
});
const machines = fc.uniqueArray(machine, { selector: ({ name }) => name, maxLength: 6 });
const named = (name: string, startedAt: number, key: string, start = key) => ({
  name,
  startedAt,
  ready: { key, start, state: "ready" as const },
});
const left = (records: Parameters<typeof isSuperfluous>[1], most = MAX_READY_MACHINES) =>
  records.filter(({ name }) => !isSuperfluous(name, records, most)).map(({ name }) => name);

test("the newest stay, at most so many; of one key the oldest; nothing that is out of date", () => {
  expect(left([named("one", 1, "a"), named("two", 2, "b"), named("three", 3, "c")])).toEqual(["two", "three"]);
  expect(left([named("one", 1, "a"), named("two", 2, "b")], 1)).toEqual(["two"]);
  expect(left([named("one", 1, "a"), named("two", 2, "b")], 0)).toEqual([]);
  expect(left([named("one", 1, "a"), named("again", 2, "a"), named("two", 3, "b")])).toEqual(["one", "two"]);
  expect(left([named("old", 1, "a", "start"), named("new", 2, "b", "start")])).toEqual(["new"]);
});

test("never more than wanted, never two of one key, and all come to one conclusion", () => {
  fc.assert(
    fc.property(machines, fc.integer({ min: 0, max: 2 }), (all, most) => {
      const stay = left(
        all.filter(({ ready }) => ready !== undefined),
        most,
      );
      expect(stay.length).toBeLessThanOrEqual(most);
      const keys = all.filter(({ name }) => stay.includes(name)).map(({ ready }) => ready?.key);
      expect(new Set(keys).size).toBe(keys.length);
      const reversed = all.toReversed();
      for (const { name, ready } of all) {
        if (ready !== undefined) expect(isSuperfluous(name, reversed, most)).toBe(isSuperfluous(name, all, most));
      }
    }),
    { seed: SEED },
  );
});

test("when memory is short, ready machines end before anything else is asked of anybody, the oldest first", () => {
  fc.assert(
    fc.property(machines, fc.constantFrom("short" as const, "dangerous" as const), (all, pressure) => {
      const ready = all.filter((one) => one.ready !== undefined);
      const turn = reliefOf(pressure, all);
      if (ready.length === 0) return;
      expect(turn?.relief).toBe("stop");
      const chosen = ready.find(({ name }) => name === turn?.name);
      expect(chosen?.startedAt).toBe(Math.min(...ready.map(({ startedAt }) => startedAt)));
      expect(reliefOf(pressure, all.toReversed())).toEqual(turn);
    }),
    { seed: SEED },
  );
});

test("there is room for one more while plenty is left beside it", () => {
  expect(hasRoom({ total: 8 * GIB, available: 6 * GIB }, GIB)).toBe(true);
  expect(hasRoom({ total: 8 * GIB, available: 3 * GIB }, GIB)).toBe(false);
  expect(hasRoom({ total: 2 * GIB, available: 1.4 * GIB }, GIB)).toBe(false);
});
