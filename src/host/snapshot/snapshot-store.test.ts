import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import { storedPath } from "../image/store.ts";
import {
  describeSnapshot,
  isRefused,
  MAX_DIGESTED_BYTES,
  MAX_SNAPSHOTS,
  openSnapshot,
  pruneSnapshots,
  refuseSnapshot,
  removeSnapshotsOf,
  SNAPSHOT_RETRY_MS,
} from "./snapshot-store.ts";

const KEY = "0123456789abcdef";
const MEMORY_BYTES = MAX_DIGESTED_BYTES + 1;
let folder: string;
let before: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-snapshots-"));
  before = process.env.XDG_DATA_HOME;
  process.env.XDG_DATA_HOME = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env.XDG_DATA_HOME;
  else process.env.XDG_DATA_HOME = before;
  rmSync(folder, { recursive: true });
});

/** As a driver and whoever runs it leave it behind. */
function store(key: string, appImage = "/images/one"): string {
  const directory = storedPath("snapshot", key);
  mkdirSync(directory);
  writeFileSync(join(directory, "memory"), new Uint8Array(MEMORY_BYTES).fill(7));
  writeFileSync(join(directory, "state"), "state of the devices");
  describeSnapshot(directory, [appImage, "/images/layer"]);
  return directory;
}

const names = () => readdirSync(join(folder, "vitrine")).sort();

test("a snapshot is found under its key, and there is none under another", () => {
  const directory = store(KEY);
  expect(openSnapshot(KEY)).toEqual({ key: KEY, directory });
  expect(openSnapshot("fedcba9876543210")).toBeUndefined();
});

describe("one that has changed since it was taken is none, and gone", () => {
  const damages: [what: string, damage: (directory: string) => void][] = [
    ["memory cut short", (directory) => truncateSync(join(directory, "memory"), MEMORY_BYTES - 1)],
    ["memory written to", (directory) => appendFileSync(join(directory, "memory"), "x", { flag: "r+" })],
    [
      "memory replaced by an equal file of the same times",
      (directory) => {
        const path = join(directory, "memory");
        const bytes = readFileSync(path);
        rmSync(path);
        writeFileSync(path, bytes);
        utimesSync(path, 1, 1);
      },
    ],
    ["memory gone", (directory) => rmSync(join(directory, "memory"))],
    ["state gone", (directory) => rmSync(join(directory, "state"))],
    ["description gone", (directory) => rmSync(join(directory, "snapshot.json"))],
    ["description empty", (directory) => writeFileSync(join(directory, "snapshot.json"), "")],
    ["description of something else", (directory) => writeFileSync(join(directory, "snapshot.json"), '{"files":7}')],
    [
      "state that the disk gives back otherwise",
      (directory) => {
        // Content and stamp are those of another file: as if bits had changed below the file system.
        const description = JSON.parse(readFileSync(join(directory, "snapshot.json"), "utf8"));
        const state = description.files.find(({ name }: { name: string }) => name === "state");
        state.digest = "0".repeat(64);
        writeFileSync(join(directory, "snapshot.json"), JSON.stringify(description));
      },
    ],
  ];
  test.each(damages)("%s", (_what, damage) => {
    const directory = store(KEY);
    damage(directory);
    expect(openSnapshot(KEY)).toBeUndefined();
    expect(existsSync(directory)).toBe(false);
    expect(isRefused(KEY)).toBe(false);
  });
});

test("one that was of no use is gone, and for some time none is wanted in its place", () => {
  const directory = store(KEY);
  expect(isRefused(KEY)).toBe(false);
  refuseSnapshot(KEY);
  expect(existsSync(directory)).toBe(false);
  expect(isRefused(KEY)).toBe(true);
  const long = (Date.now() - SNAPSHOT_RETRY_MS - 1000) / 1000;
  utimesSync(`${directory}.refused`, long, long);
  expect(isRefused(KEY)).toBe(false);
  pruneSnapshots();
  expect(names()).toEqual([]);
});

test("those used longest ago go when there are too many", () => {
  const keys = Array.from({ length: MAX_SNAPSHOTS + 2 }, (_, index) => index.toString(16).padStart(16, "0"));
  for (const [index, key] of keys.entries()) {
    const directory = store(key);
    const used = 1_000_000 + index;
    utimesSync(join(directory, "snapshot.json"), used, used);
  }
  // Used just now, though it is the oldest.
  expect(openSnapshot(keys[0] ?? "")).toBeDefined();
  pruneSnapshots();
  const kept = keys.filter((key) => openSnapshot(key) !== undefined);
  expect(kept).toEqual([keys[0], ...keys.slice(3)] as string[]);
});

test("what killed builders left goes, what is being built stays", () => {
  store(KEY);
  for (const key of ["a".repeat(16), "b".repeat(16)]) {
    mkdirSync(`${storedPath("snapshot", key)}.building`);
    writeFileSync(`${storedPath("snapshot", key)}.lock`, "");
  }
  using lock = openFile(`${storedPath("snapshot", "b".repeat(16))}.lock`, constants.O_RDWR);
  expect(tryLock(lock)).toBe(true);
  pruneSnapshots();
  expect(names()).toEqual([
    `snapshot-${KEY}`,
    `snapshot-${"b".repeat(16)}.building`,
    `snapshot-${"b".repeat(16)}.lock`,
  ]);
});

test("an image takes its snapshots with it, and no others", () => {
  store(KEY, "/images/one");
  store("f".repeat(16), "/images/two");
  removeSnapshotsOf("/images/one");
  expect(names()).toEqual([`snapshot-${"f".repeat(16)}`]);
});
