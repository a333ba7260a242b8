import { expect, test } from "bun:test";
import { shiftTime } from "./presentation-time.ts";

test("a host time becomes the guest's", () => {
  expect(shiftTime(0, 100, 500, 99_000_000_000n)).toEqual([0, 1, 500]);
  expect(shiftTime(0, 100, 500, 99_000_000_501n)).toEqual([0, 0, 999_999_999]);
});

test("seconds beyond 32 bits and a guest that is ahead", () => {
  expect(shiftTime(1, 0, 0, 1_000_000_000n)).toEqual([0, 0xffffffff, 0]);
  expect(shiftTime(0, 0xffffffff, 0, -1_000_000_000n)).toEqual([1, 0, 0]);
});

test("never before the guest's own start", () => {
  expect(shiftTime(0, 1, 0, 5_000_000_000n)).toEqual([0, 0, 0]);
});
