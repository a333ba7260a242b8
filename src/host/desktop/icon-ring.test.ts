import { expect, test } from "bun:test";
import { drawRing, ringWidth } from "./icon-ring.ts";

test("a ring in the sandbox's colour goes all around, and leaves the middle alone", () => {
  const side = 24;
  const pixels = new Uint32Array(side * side).fill(0x11223344);
  drawRing(pixels, side, side, 0xffd32f2f);
  const width = ringWidth(side);
  expect(width).toBe(2);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const edge = Math.min(x, y, side - 1 - x, side - 1 - y) < width;
      expect(pixels[y * side + x]).toBe(edge ? 0xffd32f2f : 0x11223344);
    }
  }
});

test.each([1, 2, 3, 512])("an icon of %d pixels has a ring and stays in its bounds", (side) => {
  const pixels = new Uint32Array(side * side + 1).fill(7);
  drawRing(pixels, side, side, 0xff000000);
  expect(pixels[0]).toBe(0xff000000);
  expect(pixels[side * side - 1]).toBe(0xff000000);
  expect(pixels[side * side]).toBe(7);
});
