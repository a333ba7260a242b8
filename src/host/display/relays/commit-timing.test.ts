import { expect, test } from "bun:test";
import fc from "fast-check";
import { hostTime } from "./commit-timing.ts";
import { shiftTime } from "./presentation-time.ts";

test("a moment of the guest's clock becomes the host's", () => {
  expect(hostTime(0, 1, 500, 99_000_000_000n)).toEqual([0, 100, 500]);
  expect(hostTime(0, 1, 999_999_999, 1n)).toEqual([0, 2, 0]);
  expect(hostTime(0, 0xffffffff, 0, 1_000_000_000n)).toEqual([1, 0, 0]);
});

test("a guest whose clock is ahead of the host's", () => {
  expect(hostTime(0, 100, 0, -1_000_000_000n)).toEqual([0, 99, 0]);
  expect(hostTime(0, 0, 5, -1_000_000_000n)).toEqual([0, 0, 0]);
});

test("the end of time stays the end of time", () => {
  expect(hostTime(0xffffffff, 0xffffffff, 999_999_999, 5_000_000_000n)).toEqual([0xffffffff, 0xffffffff, 999_999_999]);
});

test("there and back is the same moment", () => {
  const seconds = fc.integer({ min: 0, max: 0xffff });
  const low = fc.integer({ min: 0, max: 0xffffffff });
  const nanoseconds = fc.integer({ min: 0, max: 999_999_999 });
  const offset = fc.bigInt({ min: 0n, max: 1n << 60n });
  fc.assert(
    fc.property(seconds, low, nanoseconds, offset, (high, rest, nano, ahead) => {
      const [hostHigh, hostLow, hostNano] = hostTime(high, rest, nano, ahead);
      expect(shiftTime(hostHigh, hostLow, hostNano, ahead)).toEqual([high, rest, nano]);
    }),
    { seed: 20261124, numRuns: 300 },
  );
});
