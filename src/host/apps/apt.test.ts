import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { taint } from "../../base/untrusted.ts";
import { aptFailure } from "./apt-failure.ts";
import { LineReader, MAX_STATUS_LINE_CHARS, parseStatus } from "./apt-status.ts";
import { companionsOf } from "./companions.ts";
import { parsePackageName, parsePaths, parsePlan, parseSize, parseUpgrades, parseVersions } from "./layer-contents.ts";

const SEED = { seed: 20_260_201, numRuns: 500 };

describe("apt's progress", () => {
  test.each([
    ["dlstatus:1:20.5:Retrieving file 2 of 10", { kind: "fetching", fraction: 0.205, text: "Retrieving file 2 of 10" }],
    ["pmstatus:calc:50:Unpacking calc (amd64)", { kind: "installing", fraction: 0.5, text: "Unpacking calc (amd64)" }],
    ["pmstatus:libc6:amd64:7.5:Configuring", { kind: "installing", fraction: 0.075, text: "Configuring" }],
    [
      "pmstatus:dpkg-exec:100:Running dpkg: 12:30:now",
      { kind: "installing", fraction: 1, text: "Running dpkg: 12:30:now" },
    ],
    ["pmerror:/x.deb:10.0:trying to overwrite", { kind: "failed", fraction: 0.1, text: "trying to overwrite" }],
  ] as const)("%s", (line, status) => {
    expect(parseStatus(taint(line))).toEqual(status);
  });

  test("of any text is a status or none, within bounds and clean", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `pmstatus:a:${text}`),
        ),
        (text) => {
          const status = parseStatus(taint(text));
          if (status === undefined) return;
          expect(status.fraction).toBeGreaterThanOrEqual(0);
          expect(status.fraction).toBeLessThanOrEqual(1);
          expect(status.text).not.toMatch(/\p{Cc}/u);
        },
      ),
      SEED,
    );
  });

  test("comes in lines, however it is cut, and no line is endless", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-zé]{0,9}$/)), fc.integer({ min: 1, max: 5 }), (lines, size) => {
        const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
        const seen: string[] = [];
        const reader = new LineReader((line) => seen.push(line), 100);
        for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));
        expect(seen).toEqual(lines);
      }),
      SEED,
    );
    const seen: number[] = [];
    const reader = new LineReader((line) => seen.push(line.length), MAX_STATUS_LINE_CHARS);
    for (let count = 0; count < 100; count++) reader.take(new Uint8Array(1000).fill(97));
    reader.take(new TextEncoder().encode("\n"));
    expect(seen).toEqual([MAX_STATUS_LINE_CHARS]);
  });
});

describe("a failure of apt", () => {
  test.each([
    ["E: Unable to locate package calk", "not-found", '"calk"'],
    ["E: Package 'calk' has no installation candidate", "not-found", '"calk"'],
    ["The following packages have unmet dependencies:\n clash : Conflicts: calc", "invalid-argument", "together"],
    ["Err:1 http://a\n  Temporary failure resolving 'a'\nE: Failed to fetch", "unavailable", "cannot be reached"],
    ["W: GPG error: http://a InRelease: NO_PUBKEY 123\nE: Unable to locate package x", "corrupt", "signature"],
    ["E: Release file for http://a/InRelease is expired (invalid since 2d)", "corrupt", "out of date"],
    ["E: Failed to fetch http://a Hash Sum mismatch", "corrupt", "digests"],
    ["dpkg: error: cannot write: No space left on device", "no-space", "full"],
    ["dpkg: error processing package calc (--configure)", "guest-failed", "could not be installed"],
  ] as const)("%s is %s", (said, code, words) => {
    const error = aptFailure("install", said);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test("shows the guest's words cleaned, and not all of them", () => {
    const said = Array.from({ length: 500 }, (_, index) => `E: \u001b[2Jline ${index} ${"x".repeat(1000)}`).join("\n");
    const { message } = aptFailure("install", said);
    expect(message.length).toBeLessThan(3000);
    expect(message).toContain("line 499");
    expect(message.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});

describe("what a builder says of a layer", () => {
  test("what will be fetched", () => {
    const text = [
      "'http://a/pool/c/calc/calc_1%3a2_amd64.deb' calc_1%3a2_amd64.deb 1234 SHA256:ab",
      "'http://a/lib_1_all.deb' lib_1_all.deb 66 ",
      "Reading package lists...",
      "'http://a/../etc/passwd' ../etc/passwd 1",
    ].join("\n");
    expect(parsePlan(taint(text))).toEqual({ packages: ["calc", "lib"], bytes: 1300 });
  });

  test("what is installed, and what is newer", () => {
    expect(parseVersions(taint("calc 1:2.5+dfsg1-3\nbad\u001b 1\n lib 1\n"))).toEqual([
      { name: "calc", version: "1:2.5+dfsg1-3" },
    ]);
    const text = [
      "Inst calc [1.0] (2.0 Test:13/stable [amd64])",
      "Inst libssl [3.0-1] (3.0-2 Debian-Security:13/stable-security [amd64])",
      "Inst new (1.0 Test:13/stable [amd64])",
      "Conf calc (2.0 Test:13/stable [amd64])",
    ].join("\n");
    expect(parseUpgrades(taint(text))).toEqual([
      { name: "calc", from: "1.0", to: "2.0", security: false },
      { name: "libssl", from: "3.0-1", to: "3.0-2", security: true },
    ]);
  });

  test("which files matter outside", () => {
    const text = [
      "/usr/share/applications/org.example.Calc.desktop",
      "/usr/share/applications/kde/x.desktop",
      "/usr/share/applications/../x.desktop",
      "/usr/bin/calc",
      "/usr/bin/[",
      "/usr/games/play",
      "/usr/share/icons/hicolor/48x48/apps/calc.png",
      "/usr/share/icons/hicolor/48x64/apps/calc.png",
      "/etc/passwd",
    ].join("\n");
    expect(parsePaths(taint(text))).toEqual({
      entries: ["org.example.Calc"],
      commands: ["calc", "play"],
      icons: [{ name: "calc", size: 48, path: "/usr/share/icons/hicolor/48x48/apps/calc.png" }],
    });
  });

  test("a size, and the name of a package", () => {
    expect(parseSize(taint("123\n"))).toBe(123);
    expect(parseSize(taint("-1\n1e9\n"))).toBe(0);
    expect(parsePackageName(taint("calc\n"))).toBe("calc");
    expect(() => parsePackageName(taint("--evil\n"))).toThrow("it is no Debian package");
  });

  test("of any text comes something within bounds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const parse of [parsePlan, parseVersions, parseUpgrades, parsePaths, parseSize]) parse(taint(text));
      }),
      SEED,
    );
  });
});

test("apps get what they need to reach Wayland", () => {
  expect(companionsOf(["libqt6gui6", "libc6"])).toEqual(["qt6-wayland", "qt6-svg-plugins"]);
  expect(companionsOf(["libqt6gui6", "qt6-wayland"])).toEqual(["qt6-svg-plugins"]);
  expect(companionsOf(["libqt5gui5t64", "qtwayland5"])).toEqual(["libqt5svg5"]);
  expect(companionsOf(["libreoffice-writer", "libreoffice-core"])).toEqual(["libreoffice-gtk3"]);
  expect(companionsOf(["libreoffice-writer-nogui", "libreoffice-core-nogui"])).toEqual([]);
  expect(companionsOf(["libsdl2-2.0-0", "libc6"])).toEqual(["libdecor-0-plugin-1-gtk"]);
  expect(companionsOf(["libc6"])).toEqual([]);
});
