import { expect, test } from "bun:test";
import { RateLimit } from "./rate-limit.ts";

test("so many at once, then one for each part of the interval", () => {
  let now = 0;
  const limit = new RateLimit(4, 1000, () => now);
  const taken = () => Array.from({ length: 6 }, () => limit.take()).filter(Boolean).length;
  expect(taken()).toBe(4);
  now = 249;
  expect(taken()).toBe(0);
  now = 250;
  expect(taken()).toBe(1);
  now = 100_000;
  expect(taken()).toBe(4);
});
