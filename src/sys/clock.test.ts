import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { monotonicNanoseconds } from "./clock.ts";

test("the clock is the kernel's, not the process's", () => {
  const uptime = Number.parseFloat(readFileSync("/proc/uptime", "utf8"));
  // uptime counts suspended time too, and in hundredths of a second.
  expect(Math.abs(Number(monotonicNanoseconds()) / 1e9 - uptime)).toBeLessThan(1);
});

test("it does not go backwards", () => {
  const first = monotonicNanoseconds();
  expect(monotonicNanoseconds()).toBeGreaterThanOrEqual(first);
});
