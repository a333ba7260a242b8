import { expect, test } from "bun:test";
import { MAX_SELECTION_TYPES, targetFor, targetsOfTypes, typeFor, typesOfTargets } from "./types.ts";

test("what an X program owns is offered under MIME types, text under all of its names", () => {
  const targets = ["TARGETS", "TIMESTAMP", "UTF8_STRING", "STRING", "text/html", "image/png"];
  const types = typesOfTargets(targets);
  expect(types).toEqual(["text/html", "image/png", "text/plain;charset=utf-8", "text/plain", "UTF8_STRING"]);
  expect(types.map((type) => targetFor(type, targets))).toEqual([
    "text/html",
    "image/png",
    "UTF8_STRING",
    "UTF8_STRING",
    "UTF8_STRING",
  ]);
  expect(typesOfTargets(["TARGETS", "MULTIPLE"])).toEqual([]);
  expect(targetFor("text/plain", ["STRING"])).toBe("STRING");
  expect(targetFor("image/png", ["STRING"])).toBeUndefined();
});

test("what the display offers can be had under X's names", () => {
  const types = ["text/html", "text/plain;charset=utf-8", "SAVE_TARGETS"];
  expect(targetsOfTypes(types)).toEqual(["text/html", "text/plain;charset=utf-8", "UTF8_STRING", "STRING", "TEXT"]);
  expect(typeFor("UTF8_STRING", types)).toBe("text/plain;charset=utf-8");
  expect(typeFor("text/html", types)).toBe("text/html");
  expect(typeFor("image/png", types)).toBeUndefined();
  expect(targetsOfTypes(["image/png"])).toEqual(["image/png"]);
});

test("no more kinds are passed on than anybody has", () => {
  const many = Array.from({ length: 1000 }, (_, index) => `x/y${index}`);
  expect(typesOfTargets(many).length).toBe(MAX_SELECTION_TYPES);
  expect(targetsOfTypes(many).length).toBe(MAX_SELECTION_TYPES);
});
