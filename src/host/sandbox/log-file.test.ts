import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { LineCutter, LogFile, MAX_LOG_BYTES, MAX_LOG_LINE_CHARS } from "./log-file.ts";

function inFolder(run: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-log-"));
  try {
    run(join(folder, "a.log"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("LogFile", () => {
  test("lines are safe to show, private, and appended over restarts", () => {
    inFolder((path) => {
      for (const text of ["one\u001b[2J\ntwo", "three"]) {
        const log = new LogFile(path);
        log.line(text);
        log.close();
      }
      expect(readFileSync(path, "utf8")).toBe("one\ufffd[2J\ufffdtwo\nthree\n");
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });
  });

  test("an entry has a time, and its severity when it is not just information", () => {
    inFolder((path) => {
      const log = new LogFile(path);
      log.entry("info", "begin");
      log.entry("error", "end");
      log.close();
      expect(readFileSync(path, "utf8")).toMatch(/^\d{4}-\S+Z begin\n\d{4}-\S+Z error: end\n$/);
    });
  });

  test("never more than two files of the bound, and the newest lines stay", () => {
    inFolder((path) => {
      const log = new LogFile(path);
      const line = "x".repeat(MAX_LOG_LINE_CHARS);
      for (let count = 0; count * MAX_LOG_LINE_CHARS < 3 * MAX_LOG_BYTES; count++) log.line(line);
      log.line("last");
      log.close();
      expect(statSync(path).size).toBeLessThanOrEqual(MAX_LOG_BYTES);
      expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(MAX_LOG_BYTES);
      expect(readFileSync(path, "utf8").endsWith("last\n")).toBe(true);
    });
  });
});

describe("LineCutter", () => {
  test("any cutting of the bytes gives the same lines", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat(40)), (parts, cuts) => {
        const text = parts.join("\n").replaceAll("\r", "");
        const bytes = new TextEncoder().encode(text);
        const lines: string[] = [];
        const cutter = new LineCutter((line) => lines.push(line));
        let at = 0;
        for (const size of cuts) {
          cutter.push(bytes.subarray(at, at + size));
          at += size;
        }
        cutter.push(bytes.subarray(at));
        cutter.end();
        const expected = text.split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(lines).toEqual(expected);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test("a line without end is handed over in bounded parts", () => {
    const lines: string[] = [];
    const cutter = new LineCutter((line) => lines.push(line));
    for (let count = 0; count < 100; count++) cutter.push(new Uint8Array(999).fill(65));
    cutter.end();
    expect(Math.max(...lines.map((line) => line.length))).toBe(MAX_LOG_LINE_CHARS);
    expect(lines.join("").length).toBe(99_900);
  });
});
