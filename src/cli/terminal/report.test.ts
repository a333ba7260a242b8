import { describe, expect, test } from "bun:test";
import { VitrineError } from "../../base/error.ts";
import { formatBytes, formatDuration, formatError, formatTable, parseBytes } from "./report.ts";

describe("report", () => {
  test("an error, and what mends it", () => {
    expect(formatError(new VitrineError("io", 'Cannot read "x": gone', { fix: "look elsewhere" }))).toBe(
      'vitrine: Cannot read "x": gone\n  fix: look elsewhere',
    );
  });

  test("only a defect shows where it comes from", () => {
    const cause = new TypeError("oops");
    expect(formatError(cause)).toContain("report.test.ts");
    expect(formatError(new VitrineError("io", "x", { cause }))).toBe("vitrine: x");
  });

  test("columns are as wide as they must be, numbers stand to the right", () => {
    expect(
      formatTable(
        ["NAME", "SIZE"],
        [
          ["a", "5 MB"],
          ["longer", "12 MB"],
        ],
      ),
    ).toBe("NAME     SIZE\na        5 MB\nlonger  12 MB\n");
  });

  test("sizes and times", () => {
    expect([999, 1_500_000, 2_340_000_000].map(formatBytes)).toEqual(["1 KB", "2 MB", "2.3 GB"]);
    expect([999, 61_000, 7_300_000, 200_000_000].map(formatDuration)).toEqual(["0 s", "1 min", "2 h", "2 d"]);
  });

  test("sizes that people write", () => {
    expect(["16G", "1.5 gb", "64MB", "2t"].map((text) => parseBytes(text, 4096))).toEqual([
      16e9, 1_500_000_256, 64e6, 2e12,
    ]);
    for (const text of ["", "16", "16X", "-1G", "1e3G", "G"])
      expect(() => parseBytes(text, 4096)).toThrow("Cannot use size");
  });
});
