import { expect, test } from "bun:test";
import { COLOURS, colourOfName } from "./colour.ts";

test("a name always has the same colour, and every colour is somebody's", () => {
  expect(colourOfName("work")).toBe(colourOfName("work"));
  const names = Array.from({ length: 200 }, (_, index) => `sandbox-${index}`);
  expect(new Set(names.map(colourOfName))).toEqual(new Set(Object.values(COLOURS)));
});
