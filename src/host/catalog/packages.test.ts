import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Drops } from "./drops.ts";
import { buildPackageGraph, installSize } from "./package-graph.ts";
import { type PackageEntry, parsePackages } from "./packages-file.ts";
import { PACKAGES } from "./test-support.ts";

function read(text: string): { entries: PackageEntry[]; drops: Readonly<Record<string, number>> } {
  const drops = new Drops();
  return { entries: [...parsePackages(text, drops)], drops: drops.counts };
}

describe("the Packages index", () => {
  test("what is kept of a package", () => {
    expect(read(PACKAGES).entries[0]).toEqual({
      name: "calc",
      version: "1:2.5+dfsg1-3",
      download: 10240,
      installedKib: 100,
      section: "math",
      homepage: "https://calc.example/",
      description: "does sums",
      essential: false,
      needs: [["libmaths1", "libsums"], ["libc6"]],
      provides: [],
    });
    expect(read(PACKAGES).entries).toHaveLength(4);
  });

  test("paragraphs that describe no package are counted", () => {
    const bad = [
      "Package: ../x\nVersion: 1\nSize: 1",
      "Package: a1\nVersion: 1 2\nSize: 1",
      "Package: a1\nVersion: 1\nSize: -5",
      "Package: a1\nVersion: 1\nSize: 9e99",
      "x",
    ];
    expect(read(`${bad.join("\n\n")}\n\n${PACKAGES}`)).toMatchObject({
      entries: { length: 4 },
      drops: { "package: not readable": bad.length },
    });
  });

  test("any text: nothing is thrown", () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom("\n\n", "\n", "Package: ab\n", "Version: 1\n", "Size: 5\n", "Depends: a | , b\n", " x\n"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        for (const { name } of read(parts.join("")).entries) expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
      }),
      { seed: 20261124, numRuns: 1000 },
    );
  });
});

describe("what an installation takes", () => {
  const entry = (name: string, more: Partial<PackageEntry> = {}): PackageEntry => ({
    name,
    version: "1",
    download: 1024,
    installedKib: 10,
    section: "",
    homepage: "",
    description: "",
    essential: false,
    needs: [],
    provides: [],
    ...more,
  });

  test("the package with all it needs, what every image holds aside; circles end", () => {
    const entries = [
      entry("aa", { needs: [["bb"], ["virtual"], ["nowhere", "cc"], ["base"]] }),
      entry("bb", { needs: [["aa"]] }),
      entry("base", { needs: [["core"]] }),
      entry("cc"),
      entry("core", { essential: true }),
      entry("dd", { provides: ["virtual"], download: 2048 }),
      entry("ee"),
    ];
    const graph = buildPackageGraph(entries, ["base"]);
    expect([...graph.inBase]).toEqual([0, 0, 1, 0, 1, 0, 0]);
    expect(installSize(graph, [0])).toEqual({ packages: 4, download: 5 * 1024, installed: 40 * 1024 });
    expect(installSize(graph, [0, 6])).toEqual({ packages: 5, download: 6 * 1024, installed: 50 * 1024 });
    expect(installSize(graph, [2])).toEqual({ packages: 0, download: 0, installed: 0 });
  });

  test("needs of any shape: more packages never take less", () => {
    const names = Array.from({ length: 12 }, (_, index) => `p${String(index).padStart(2, "0")}`);
    const needs = fc.array(fc.array(fc.constantFrom(...names, "none"), { minLength: 1, maxLength: 3 }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(needs, { minLength: 12, maxLength: 12 }), fc.nat(11), fc.nat(11), (all, one, other) => {
        const graph = buildPackageGraph(
          names.map((name, index) => entry(name, { needs: all[index] ?? [] })),
          [],
        );
        const both = installSize(graph, [one, other]);
        expect(both.packages).toBeGreaterThanOrEqual(installSize(graph, [one]).packages);
        expect(both.packages).toBeLessThanOrEqual(12);
        expect(both.installed).toBe(both.packages * 10 * 1024);
      }),
      { seed: 20261124, numRuns: 500 },
    );
  });
});
