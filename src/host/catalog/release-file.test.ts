import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VitrineError } from "../../base/error.ts";
import { checkRelease, MAX_RELEASE_ENTRIES, parseRelease } from "./release-file.ts";

const SHA = "ab".repeat(32);
const TEXT = `Origin: Debian
Suite: stable
Codename: trixie
Date: Sat, 21 Nov 2026 09:15:44 UTC
Valid-Until: Sat, 28 Nov 2026 09:15:44 UTC
Acquire-By-Hash: yes
Architectures: all amd64
Components: main contrib
MD5Sum:
 3e498904a30e240573dac8ddac594e6f  5 main/not-this
SHA256:
 ${SHA}  5046370 main/dep11/Components-amd64.yml.gz
 ${SHA} 12 ../../etc/passwd
 ${SHA} 12 /etc/passwd
 ${SHA} 99999999999 main/too-large
 nonsense
`;

describe("parseRelease", () => {
  test("reads what is used, and lists only files with a plain path and a possible size", () => {
    const release = parseRelease(TEXT, "x");
    expect(release).toMatchObject({
      suite: "stable",
      codename: "trixie",
      byHash: true,
      components: ["main", "contrib"],
    });
    expect(new Date(release.date).toISOString()).toBe("2026-11-21T09:15:44.000Z");
    expect([...release.files.values()]).toEqual([
      { path: "main/dep11/Components-amd64.yml.gz", size: 5046370, sha256: SHA },
    ]);
  });

  test("without a date it is refused, and so is one that lists too much", () => {
    expect(() => parseRelease("Suite: stable\n", "x")).toThrow('its date "" cannot be read');
    expect(() => parseRelease(TEXT.replace(/Valid-Until: .*/, "Valid-Until: soon"), "x")).toThrow('its end "soon"');
    const lines = Array.from({ length: MAX_RELEASE_ENTRIES + 1 }, (_, index) => ` ${SHA} 1 f${index}`);
    expect(() => parseRelease(`Date: Sat, 21 Nov 2026 09:15:44 UTC\nSHA256:\n${lines.join("\n")}`, "x")).toThrow(
      "more than",
    );
  });

  test("any text: an error of ours, or a release", () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom("\n", "SHA256:\n", "Date: Sat, 21 Nov 2026 09:15:44 UTC\n", ` ${SHA} 1 a/b\n`, "Suite: x\n"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 15 }), (parts) => {
        try {
          parseRelease(parts.join(""), "x");
        } catch (error) {
          expect(VitrineError.from(error).code).toBe("corrupt");
        }
      }),
      { seed: 20261124, numRuns: 1000 },
    );
  });
});

describe("checkRelease", () => {
  const release = parseRelease(TEXT, "x");
  const now = release.date + 1000;
  const expectation = { address: "x", suite: "trixie", heldDate: undefined, now };

  test("is content with the suite by either name, and with the same release again", () => {
    checkRelease(release, expectation);
    checkRelease(release, { ...expectation, suite: "stable", heldDate: release.date });
  });

  test("refuses another suite, what is no longer valid, what is older", () => {
    expect(() => checkRelease(release, { ...expectation, suite: "sid" })).toThrow('"sid" was asked for');
    expect(() => checkRelease(release, { ...expectation, now: now + 30 * 86_400_000 })).toThrow(
      "valid until 2026-11-28 09:15 UTC",
    );
    expect(() => checkRelease(release, { ...expectation, heldDate: release.date + 1 })).toThrow("seen before");
  });
});
