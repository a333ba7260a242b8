import { expect, test } from "bun:test";
import { memoryCost, residentOf } from "./resident.ts";

const NOBODY = 0x7fff_ffff;

test("what a process costs", () => {
  const cost = memoryCost(process.pid);
  expect(cost?.own).toBeGreaterThan(1e6);
  expect(cost?.shared).toBeGreaterThan(1e6);
  expect(memoryCost(NOBODY)).toBeUndefined();
});

test("a mapping is found by its size, and as much of it as is there", () => {
  // The stack of the main thread is no mapping of this size, and a process that is gone has none.
  expect(residentOf(process.pid, 12_345 * 4096 * 1024)).toBeUndefined();
  expect(residentOf(NOBODY, 4096)).toBeUndefined();
});
