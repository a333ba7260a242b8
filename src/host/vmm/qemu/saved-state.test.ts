import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Mapping, memfdCreate } from "../../../sys/memory.ts";
import { copyMemory, memoryFile, restoreMode } from "./saved-state.ts";

const PAGE = 4096;
const PAGES = 600;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-memory-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("memory is copied as it is, whichever pages are in use; the others take no room", () => {
  const page = fc.integer({ min: 0, max: PAGES - 1 });
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(page, fc.integer({ min: 0, max: PAGE - 1 })), { maxLength: 60 }), (used) => {
      using memory = memfdCreate("memory", PAGES * PAGE);
      using mapping = Mapping.map(memory, { length: PAGES * PAGE, writable: true });
      for (const [index, offset] of used) mapping.bytes[index * PAGE + offset] = 1 + (offset % 255);
      copyMemory(memory, folder);
      expect(Buffer.compare(readFileSync(memoryFile(folder)), mapping.bytes)).toBe(0);
      const pages = new Set(used.map(([index]) => index)).size;
      // Beside the data, the file system may want a block or two for its own list of them.
      expect(statSync(memoryFile(folder)).blocks * 512).toBeLessThanOrEqual((pages + 2) * PAGE);
      rmSync(memoryFile(folder));
    }),
    { seed: 5, numRuns: 40 },
  );
});

test("nobody else can read it", () => {
  using memory = memfdCreate("memory", PAGE);
  copyMemory(memory, folder);
  expect(statSync(memoryFile(folder)).mode & 0o777).toBe(0o600);
});

test("a QEMU that could map it without being able to write it does so", () => {
  expect(restoreMode(folder)).toBe("restore-writable");
  writeFileSync(join(folder, "readonly"), "");
  expect(restoreMode(folder)).toBe("restore");
});
