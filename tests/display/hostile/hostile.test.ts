/**
 * Every attack on the display, each by name with what must come of it, on sway: the compositor, the host half and
 * bystanders live on, nothing is kept.
 */
import { expect, test } from "bun:test";
import { TOPICS } from "./catalogue.ts";
import { attackOn } from "./suite.ts";

test("every attack has a name of its own", () => {
  const names = Object.values(TOPICS).flatMap((attacks) => attacks.map(({ name }) => name));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

attackOn("sway", () => true);
