import { describe, expect, test } from "bun:test";
import { VitrineError } from "../../base/error.ts";
import { CommandNotFound, statusOfError, statusOfProcess, statusOfRun } from "./exit-status.ts";

describe("exit statuses", () => {
  test("a process's own status passes through; signals are 128 and their number", () => {
    expect(statusOfProcess({ code: 0, signal: null })).toBe(0);
    expect(statusOfProcess({ code: 255, signal: null })).toBe(255);
    expect(statusOfProcess({ code: null, signal: "SIGINT" })).toBe(130);
    expect(statusOfProcess({ code: null, signal: "SIGKILL" })).toBe(137);
    expect(statusOfProcess({ code: null, signal: "SIG39" })).toBe(128);
  });

  test("errors are told apart", () => {
    expect(statusOfError(new VitrineError("not-found", "x"))).toBe(66);
    expect(statusOfError(new CommandNotFound("x", undefined))).toBe(127);
    expect(statusOfError(new VitrineError("cancelled", "x"))).toBe(130);
    expect(statusOfError(new TypeError("x"))).toBe(70);
  });

  test("what Stricli reports as negative is wrong usage or a defect", () => {
    expect([0, undefined, 5, -4, -5, -1, -2].map(statusOfRun)).toEqual([0, 0, 5, 64, 64, 70, 70]);
  });
});
