import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_READY_MACHINES } from "./ready/ready-pool.ts";
import { readSettings } from "./settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-settings-"));
  mkdirSync(join(folder, "vitrine"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function settings(text: string | undefined) {
  if (text !== undefined) writeFileSync(join(folder, "vitrine/settings.json"), text);
  return readSettings({ XDG_CONFIG_HOME: folder });
}

test("what is not set is as usual", () => {
  expect(settings(undefined)).toEqual({ readyMachines: MAX_READY_MACHINES });
  expect(settings("{}")).toEqual({ readyMachines: MAX_READY_MACHINES });
  expect(settings('{"readyMachines": 0}')).toEqual({ readyMachines: 0 });
});

test("what is wrong is told, with the file and the place in it", () => {
  for (const text of ["", "[]", '{"readyMachines": 3}', '{"readyMachines": "2"}', '{"readyMachine": 1}']) {
    expect(() => settings(text)).toThrow(`Cannot use "${join(folder, "vitrine/settings.json")}": `);
  }
  expect(() => settings('{"readyMachines": 3}')).toThrow("readyMachines: ");
});
