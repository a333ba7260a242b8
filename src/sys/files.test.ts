import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataRanges, exchangePaths } from "./files.ts";
import { openFile } from "./memory.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const MIB = 1024 * 1024;

describe("the data of a sparse file", () => {
  test("is all that was written, and not all of the rest", () => {
    using fd = openFile(join(folder, "sparse"), constants.O_RDWR | constants.O_CREAT);
    truncateSync(join(folder, "sparse"), 100 * MIB);
    expect([...dataRanges(fd)]).toEqual([]);
    for (const at of [0, 10 * MIB, 100 * MIB - 1]) writeSync(fd.raw, "x", at);
    const ranges = [...dataRanges(fd)];
    const has = (at: number) => ranges.some(({ offset, length }) => at >= offset && at < offset + length);
    expect([0, 10 * MIB, 100 * MIB - 1].map(has)).toEqual([true, true, true]);
    expect(ranges.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(10 * MIB);
    for (const { offset, length } of ranges) expect(offset + length).toBeLessThanOrEqual(100 * MIB);
  });

  test("of a file without holes is all of it; of an empty one nothing", () => {
    writeFileSync(join(folder, "full"), "full");
    using fd = openFile(join(folder, "full"), constants.O_RDONLY);
    expect([...dataRanges(fd)]).toEqual([{ offset: 0, length: 4 }]);
    truncateSync(join(folder, "full"), 0);
    expect([...dataRanges(fd)]).toEqual([]);
  });
});

describe("two paths", () => {
  test("change places, whatever they are", () => {
    mkdirSync(join(folder, "a"));
    writeFileSync(join(folder, "a/inside"), "1");
    writeFileSync(join(folder, "b"), "2");
    exchangePaths(join(folder, "a"), join(folder, "b"));
    expect(readFileSync(join(folder, "a"), "utf8")).toBe("2");
    expect(readdirSync(join(folder, "b"))).toEqual(["inside"]);
  });

  test("stay as they are when one is missing", () => {
    writeFileSync(join(folder, "a"), "1");
    expect(() => exchangePaths(join(folder, "a"), join(folder, "b"))).toThrow("no such file");
    expect(readdirSync(folder)).toEqual(["a"]);
  });
});
