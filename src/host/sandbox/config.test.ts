import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { configDirectory, configNames, findConfig, lockConfig, readConfig } from "./config.ts";
import { findHomeDisk, MIN_HOME_BYTES, markUsed } from "./home-disk.ts";
import { makeSandbox, removeSandbox, requireHomeDisk, resizeSandbox, sandboxesOfImage } from "./make.ts";

let folder: string;
let environment: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-config-"));
  const [XDG_RUNTIME_DIR, XDG_STATE_HOME] = [join(folder, "runtime"), join(folder, "state")];
  mkdirSync(XDG_RUNTIME_DIR);
  environment = { XDG_DATA_HOME: folder, XDG_RUNTIME_DIR, XDG_STATE_HOME };
});
afterEach(() => rmSync(folder, { recursive: true }));

const make = (name: string, image = "writing") => {
  using _lock = lockConfig(name, environment);
  return makeSandbox({ name, system: { kind: "image", image } }, environment);
};
const sandboxes = () => join(folder, "vitrine/sandboxes");
const file = (name: string) => join(configDirectory(name, environment), "sandbox.json");

function failure(work: () => unknown): VitrineError {
  try {
    work();
  } catch (error) {
    return VitrineError.from(error);
  }
  throw new Error("a failure is wanted");
}

describe("a sandbox that was made", () => {
  test("is as it was made, with a home that takes no room", () => {
    make("letters");
    expect(readConfig("letters", environment)).toMatchObject({
      name: "letters",
      system: { kind: "image", image: "writing" },
      colour: "blue",
    });
    expect(requireHomeDisk("letters", environment)).toMatchObject({ unused: true, quotaBytes: 16e9, usedBytes: 0 });
    expect(statSync(configDirectory("letters", environment)).mode & 0o777).toBe(0o700);
    expect(sandboxesOfImage("writing", environment)).toEqual(["letters"]);
  });

  test("has the colour that is used least", () => {
    expect(["a", "b", "c"].map((name) => make(name).colour)).toEqual(["blue", "green", "orange"]);
  });

  test("is made once, and only under a name that can be one", () => {
    make("letters");
    expect(failure(() => make("letters")).code).toBe("already-exists");
    expect(failure(() => make("../letters")).code).toBe("invalid-argument");
    expect(
      failure(() =>
        makeSandbox(
          { name: "small", system: { kind: "image", image: "a" }, homeBytes: MIN_HOME_BYTES - 4096 },
          environment,
        ),
      ).code,
    ).toBe("invalid-argument");
    expect(configNames(environment)).toEqual(["letters"]);
    expect(readdirSync(sandboxes()).filter((name) => !name.endsWith(".lock"))).toEqual(["letters"]);
  });

  test("is not there before it is whole: what a killed command left does not count, and goes with the next", () => {
    mkdirSync(join(sandboxes(), "letters.new"), { recursive: true, mode: 0o700 });
    writeFileSync(join(sandboxes(), "letters.new/sandbox.json"), "{");
    expect(findConfig("letters", environment)).toBeUndefined();
    expect(configNames(environment)).toEqual([]);
    make("letters");
    expect(existsSync(join(sandboxes(), "letters.new"))).toBe(false);
  });

  test("leaves nothing when it is removed", async () => {
    make("letters");
    await removeSandbox("letters", environment);
    expect(readdirSync(sandboxes())).toEqual([]);
    expect(failure(() => readConfig("letters", environment))).toMatchObject({ code: "not-found" });
  });

  test("is changed by one command at a time", () => {
    using lock = lockConfig("letters", environment);
    expect(failure(() => make("letters"))).toMatchObject({ code: "unavailable" });
    lock[Symbol.dispose]();
    make("letters");
  });

  test("of a newer version is refused, by its name, and nothing else is", () => {
    make("letters");
    make("other");
    writeFileSync(file("letters"), JSON.stringify({ format: 2, name: "letters", disks: [] }));
    const error = failure(() => readConfig("letters", environment));
    expect(error.code).toBe("unavailable");
    expect(error.message).toBe(
      'Cannot read sandbox "letters": its configuration has format "2", this version of Vitrine knows 1',
    );
    expect(error.fix).toContain("newer");
    expect(sandboxesOfImage("writing", environment)).toEqual(["other"]);
  });

  test.each([
    ["cut short", (text: string) => text.slice(0, text.length / 2)],
    ["without an image", (text: string) => text.replace('"image":', '"images":')],
    ["of an older format that never was", (text: string) => text.replace('"format": 1', '"format": 0')],
  ])("whose configuration is %s is told to be damaged", (_, damage) => {
    make("letters");
    writeFileSync(file("letters"), damage(readFileSync(file("letters"), "utf8")));
    expect(failure(() => readConfig("letters", environment))).toMatchObject({ code: "corrupt" });
  });
});

describe("the disk of a home", () => {
  test("once used, is made into a file system no more", () => {
    make("letters");
    markUsed(requireHomeDisk("letters", environment).path);
    expect(requireHomeDisk("letters", environment)).toMatchObject({ unused: false, quotaBytes: 16e9 });
  });

  test("can only grow", () => {
    make("letters");
    expect(resizeSandbox("letters", 32e9, environment)).toEqual({ used: 0, running: false });
    expect(requireHomeDisk("letters", environment).quotaBytes).toBe(32e9);
    expect(failure(() => resizeSandbox("letters", 16e9, environment)).code).toBe("invalid-argument");
  });

  test("that is gone is told", () => {
    make("letters");
    const directory = configDirectory("letters", environment);
    rmSync(findHomeDisk(directory)?.path ?? "");
    expect(failure(() => requireHomeDisk("letters", environment)).code).toBe("corrupt");
  });
});
