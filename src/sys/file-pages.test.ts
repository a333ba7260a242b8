import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { releaseFilePages } from "./file-pages.ts";

const residentOfFiles = () => Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

test("what files back is let go, and comes back when it is needed", () => {
  const before = residentOfFiles();
  releaseFilePages();
  expect(residentOfFiles()).toBeLessThan(before / 2);
  expect([3, 1, 2].sort().map((value) => new Intl.NumberFormat("en").format(value * 1000))).toEqual([
    "1,000",
    "2,000",
    "3,000",
  ]);
});
