/** Which versions of the kernel, the tools image and so on stay in the store, and which go. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import { storeDirectory, storedPath } from "./store.ts";
import { ensureVersion, MAX_STORED_VERSIONS, pruneVersions, UNUSED_VERSION_MS } from "./versions.ts";

let folder: string;
const before = process.env.XDG_DATA_HOME;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-versions-"));
  process.env.XDG_DATA_HOME = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env.XDG_DATA_HOME;
  else process.env.XDG_DATA_HOME = before;
  rmSync(folder, { recursive: true });
});

const key = (number: number) => number.toString(16).padStart(16, "0");
const HOUR_MS = 3_600_000;

/** Builds a version, or uses the one that is there. */
const use = (number: number, kind: "kernel" | "tools" = "tools") =>
  ensureVersion(kind, key(number), async (directory) => writeFileSync(join(directory, "file"), ""), { spaceMib: 0 });

/** Has a version last used that long ago. */
function age(number: number, ms: number): void {
  const then = new Date(Date.now() - ms);
  utimesSync(storedPath("tools", key(number)), then, then);
}

const left = () => readdirSync(storeDirectory()).filter((name) => /^tools-[0-9a-f]+$/.test(name));

describe("versions", () => {
  test("beyond the most that are kept go, the one used longest ago first, with all that belongs to it", async () => {
    for (let number = 0; number < MAX_STORED_VERSIONS; number++) {
      await use(number);
      age(number, (MAX_STORED_VERSIONS - number) * HOUR_MS);
    }
    await use(0); // Now number 1 is the one.
    mkdirSync(`${storedPath("tools", key(1))}.old`);
    await use(100);
    expect(left()).toHaveLength(MAX_STORED_VERSIONS);
    expect(existsSync(storedPath("tools", key(0)))).toBe(true);
    expect(readdirSync(storeDirectory()).filter((name) => name.startsWith(`tools-${key(1)}`))).toEqual([]);
  });

  test("that nobody has used for long go, but for the last", async () => {
    await use(1);
    age(1, 2 * UNUSED_VERSION_MS);
    pruneVersions("tools");
    expect(left()).toEqual([`tools-${key(1)}`]);
    await use(2);
    expect(left()).toEqual([`tools-${key(2)}`]);
  });

  test("that another command removes in this moment are no error", async () => {
    await use(1);
    // It is listed, and is not there any more when it is looked at.
    symlinkSync("gone", storedPath("tools", key(2)));
    await use(3);
    expect(existsSync(storedPath("tools", key(3)))).toBe(true);
  });

  test("of another kind stay", async () => {
    const kernel = await use(1, "kernel");
    const long = new Date(Date.now() - 2 * UNUSED_VERSION_MS);
    utimesSync(kernel, long, long);
    await use(2);
    expect(existsSync(kernel)).toBe(true);
  });

  test("that are being built anew stay", async () => {
    await use(1);
    age(1, 2 * UNUSED_VERSION_MS);
    using lock = openFile(`${storedPath("tools", key(1))}.lock`, constants.O_RDWR);
    expect(tryLock(lock)).toBe(true);
    await use(2);
    expect(left()).toHaveLength(2);
  });
});
