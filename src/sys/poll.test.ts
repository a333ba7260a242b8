import { expect, test } from "bun:test";
import { awaitReadable } from "./poll.ts";
import { sendMessage, socketPair } from "./socket.ts";

test("a descriptor is readable when it has bytes or has ended, and not before", () => {
  const [one, other] = socketPair();
  using _one = one;
  expect(awaitReadable(one, 0)).toBe(false);
  const began = performance.now();
  expect(awaitReadable(one, 30)).toBe(false);
  expect(performance.now() - began).toBeGreaterThanOrEqual(29);
  sendMessage(other, new Uint8Array(1));
  expect(awaitReadable(one, 1000)).toBe(true);
  other.close();
  expect(awaitReadable(one, 0)).toBe(true);
});
