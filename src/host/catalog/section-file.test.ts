import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { encodeSections, SectionFile } from "./section-file.ts";
import { TemporaryFolder } from "./test-support.ts";

const SEED = 20261124;
const sections = fc.uniqueArray(
  fc.tuple(fc.string({ minLength: 1, maxLength: 15, unit: "grapheme-ascii" }), fc.uint8Array({ maxLength: 200 })),
  {
    selector: ([name]) => name,
    maxLength: 8,
  },
);

describe("the container of the index", () => {
  test("gives back what was put in, whole and in parts", () => {
    using folder = new TemporaryFolder();
    const path = join(folder.path, "index");
    fc.assert(
      fc.property(sections, (entries) => {
        writeFileSync(path, encodeSections(new Map(entries)));
        using file = SectionFile.open(path);
        for (const [name, data] of entries) {
          expect(file?.has(name)).toBe(true);
          expect(new Uint8Array(file?.read(name) ?? [])).toEqual(new Uint8Array(data));
          const middle = Math.floor(data.length / 2);
          expect(new Uint8Array(file?.readPart(name, middle, data.length) ?? [])).toEqual(data.slice(middle));
        }
        expect(file?.has("no such section")).toBe(false);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("one wrong byte anywhere is found, or the file is of another version", () => {
    using folder = new TemporaryFolder();
    const path = join(folder.path, "index");
    const entries = [
      ["a", Buffer.from("some text")],
      ["b.de", Buffer.from("more of it")],
    ] as const;
    const whole = encodeSections(new Map(entries));
    for (let at = 0; at < whole.length; at++) {
      writeFileSync(path, Buffer.from(whole).fill((whole[at] ?? 0) ^ 0x20, at, at + 1));
      const read = (): unknown[] => {
        using file = SectionFile.open(path);
        return file === undefined ? [] : entries.map(([name]) => file.read(name));
      };
      if (at < 8) expect(read()).toEqual([]);
      else expect(read).toThrow("Cannot read the catalog");
    }
  });

  test("cut off anywhere it is damaged, or no index at all", () => {
    using folder = new TemporaryFolder();
    const path = join(folder.path, "index");
    const whole = encodeSections(new Map([["a", Buffer.from("some text")]]));
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      if (length < 16) expect(SectionFile.open(path)).toBeUndefined();
      else expect(() => SectionFile.open(path)).toThrow("Cannot read the catalog");
    }
    expect(readFileSync(path)).toHaveLength(whole.length - 1);
  });

  test("parts outside a section, and sections that are not there, are damage", () => {
    using folder = new TemporaryFolder();
    const path = join(folder.path, "index");
    writeFileSync(path, encodeSections(new Map([["a", Buffer.from("text")]])));
    using file = SectionFile.open(path);
    expect(() => file?.readPart("a", 2, 5)).toThrow("too short");
    expect(() => file?.readPart("a", -1, 2)).toThrow("too short");
    expect(() => file?.read("b")).toThrow("missing");
  });
});
