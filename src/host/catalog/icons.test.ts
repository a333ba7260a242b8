import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { pngSize } from "./png-header.ts";
import { tarMember } from "./tar.ts";
import { png, tar, tarHeader } from "./test-support.ts";

describe("tarMember", () => {
  const member = (data: string): Uint8Array => Buffer.from(data);

  test("finds a file among others, and what tar(1) makes", () => {
    const archive = tar({ "one.png": member("1"), "./two.png": member("2".repeat(700)), "three.png": member("") });
    expect(Buffer.from(tarMember(archive, "two.png") ?? []).toString()).toBe("2".repeat(700));
    expect(tarMember(archive, "three.png")).toHaveLength(0);
    expect(tarMember(archive, "four.png")).toBeUndefined();
    const made = Bun.spawnSync([
      "sh",
      "-c",
      'cd "$1" && tar -cf - package.json',
      "sh",
      `${import.meta.dirname}/../../..`,
    ]).stdout;
    expect(Buffer.from(tarMember(made, "package.json") ?? []).toString()).toContain('"vitrine"');
  });

  test("links, folders and devices of that name are not it", () => {
    for (const type of ["1", "2", "3", "5", "L", "x"]) {
      const archive = Buffer.concat([tarHeader("a.png", 0, type), tar({ "b.png": member("b") })]);
      expect([type, tarMember(archive, "a.png")]).toEqual([type, undefined]);
      expect(tarMember(archive, "b.png")).toHaveLength(1);
    }
  });

  test("damage ends the search; no byte makes it fail or reach outside", () => {
    const archive = tar({ "a.png": member("a".repeat(600)), "b.png": member("b") });
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.nat(255), fc.nat(archive.length), (at, byte, end) => {
        const bad = Buffer.from(archive)
          .fill(byte, at, at + 1)
          .subarray(0, end);
        const found = tarMember(bad, "b.png");
        expect(found === undefined || found.length <= 1).toBe(true);
      }),
      { seed: 20261124, numRuns: 2000 },
    );
    const huge = tarHeader("a.png", 0o77777777777, "0");
    expect(tarMember(Buffer.concat([huge, new Uint8Array(1024)]), "a.png")).toBeUndefined();
  });
});

describe("pngSize", () => {
  test("of a picture", () => {
    expect(pngSize(png(64, 48))).toEqual({ width: 64, height: 48 });
  });

  test("of what is none, or a spoilt one", () => {
    expect(pngSize(Buffer.from("GIF89a"))).toBeUndefined();
    const picture = png(64, 48);
    for (let at = 0; at < 33; at++)
      expect(pngSize(Buffer.from(picture).fill((picture[at] ?? 0) ^ 1, at, at + 1))).toBeUndefined();
    for (let end = 0; end < 33; end++) expect(pngSize(picture.subarray(0, end))).toBeUndefined();
  });
});
