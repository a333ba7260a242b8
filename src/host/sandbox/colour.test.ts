import { expect, test } from "bun:test";
import { COLOUR_NAMES, colourOfName, colourValue } from "./colour.ts";

test("a name always has the same colour, and every colour is somebody's", () => {
  expect(colourOfName("work")).toBe(colourOfName("work"));
  const names = Array.from({ length: 200 }, (_, index) => `sandbox-${index}`);
  expect(new Set(names.map(colourOfName))).toEqual(new Set(COLOUR_NAMES));
});

type Matrix = readonly [Triple, Triple, Triple];
type Triple = readonly [number, number, number];

/** What is left of linear red, green and blue (Machado, Oliveira and Fernandes 2009, severity 1). */
const EYES: Readonly<Record<string, Matrix>> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  "no red cones": [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  "no green cones": [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};
/** In CIELAB; two is what can just be seen side by side. */
const LEAST_DISTANCE = 25;

test.each(Object.keys(EYES))("eyes with %s tell all of them apart", (eyes) => {
  const near = COLOUR_NAMES.flatMap((one, index) =>
    COLOUR_NAMES.slice(index + 1).flatMap((other) => {
      const distance = Math.hypot(...difference(lab(colourValue(one), eyes), lab(colourValue(other), eyes)));
      return distance < LEAST_DISTANCE ? [`${one} and ${other}: ${Math.round(distance)}`] : [];
    }),
  );
  expect(near).toEqual([]);
});

function difference(a: Triple, b: Triple): Triple {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function lab(colour: number, eyes: string): Triple {
  const linear = [16, 8, 0].map((shift) => linearLight((colour >> shift) & 0xff));
  const seen = multiply(EYES[eyes] ?? [], linear).map((value) => Math.min(1, Math.max(0, value)));
  // To CIE XYZ, by the white of sRGB.
  const [x = 0, y = 0, z = 0] = multiply(
    [
      [0.4339, 0.3762, 0.1899],
      [0.2126, 0.7152, 0.0722],
      [0.0177, 0.1095, 0.8728],
    ],
    seen,
  ).map((value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function multiply(rows: readonly Triple[], [a = 0, b = 0, c = 0]: readonly number[]): number[] {
  return rows.map(([p, q, r]) => p * a + q * b + r * c);
}

function linearLight(value: number): number {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}
