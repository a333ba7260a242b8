import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { compareVersions, upstreamVersion } from "./package-version.ts";

const version = fc.stringMatching(/^([0-9]:)?[0-9][a-z0-9.+~]{0,8}(-[a-z0-9.+~]{1,5})?$/);

describe("compareVersions", () => {
  test("orders as dpkg does", () => {
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 150, seed: 20261124 });
    const known = [
      ["1.0~rc1", "1.0"],
      ["1.0", "1.0+b1"],
      ["1:0.1", "9"],
      ["1.10", "1.9"],
      ["0010", "10"],
      ["2.0-1", "2.0-1~bpo1"],
      ["1.0-1", "1.0-1"],
      ["a", "+"],
    ] as const;
    const script = [...known, ...pairs]
      .map(
        ([a, b]) =>
          `if dpkg --compare-versions '${a}' lt '${b}' 2>/dev/null; then echo -1; elif dpkg --compare-versions '${a}' gt '${b}' 2>/dev/null; then echo 1; else echo 0; fi`,
      )
      .join("\n");
    const said = spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout.trim().split("\n").map(Number);
    const found = [...known, ...pairs].map(([a, b]) => [a, b, Math.sign(compareVersions(a, b))]);
    expect(found).toEqual([...known, ...pairs].map(([a, b], index) => [a, b, said[index] ?? Number.NaN]));
  });

  test("is an order", () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
      { seed: 20261124, numRuns: 1000 },
    );
  });
});

test("the makers' version is what people know", () => {
  expect(upstreamVersion("1:48.1-2+b1")).toBe("48.1");
  expect(upstreamVersion("2.6.0+dfsg1-3")).toBe("2.6.0");
  expect(upstreamVersion("3-4-5")).toBe("3-4");
  expect(upstreamVersion("7")).toBe("7");
});
