import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { aheadOfMonotonic, monotonicNanoseconds } from "./clock.ts";

test("the clock is the kernel's, not the process's", () => {
  const uptime = Number.parseFloat(readFileSync("/proc/uptime", "utf8"));
  // uptime counts suspended time too, and in hundredths of a second.
  expect(Math.abs(Number(monotonicNanoseconds()) / 1e9 - uptime)).toBeLessThan(1);
});

test("it does not go backwards", () => {
  const first = monotonicNanoseconds();
  expect(monotonicNanoseconds()).toBeGreaterThanOrEqual(first);
});

test("how far other clocks are ahead", () => {
  const [realtime, monotonic, bootTime, none] = [0, 1, 7, 999];
  expect(aheadOfMonotonic(monotonic)).toBe(0n);
  const now = Number(monotonicNanoseconds() + (aheadOfMonotonic(realtime) ?? 0n)) / 1e6;
  expect(Math.abs(now - Date.now())).toBeLessThan(1000);
  expect(aheadOfMonotonic(bootTime)).toBeGreaterThan(-1_000_000_000n);
  expect(aheadOfMonotonic(none)).toBeUndefined();
});
