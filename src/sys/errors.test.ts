import { expect, test } from "bun:test";
import { VitrineError } from "../base/error.ts";
import { errnoName, systemError } from "./errors.ts";

test("a failed call says what was tried, why, and gives programs a code", () => {
  const error = systemError('opening "/x"', 2, { fix: "make it" });
  expect(error).toBeInstanceOf(VitrineError);
  expect(error.message).toBe('opening "/x" failed: no such file or directory ("ENOENT")');
  expect([error.code, error.fix, errnoName(error)]).toEqual(["not-found", "make it", "ENOENT"]);
  expect(error.cause).toMatchObject({ errno: 2 });
});

test("codes: the usual one, another one for this call, io for what is not listed", () => {
  expect(systemError("x", 28).code).toBe("no-space");
  expect(systemError("x", 122).code).toBe("no-space");
  expect(systemError("x", 32).code).toBe("io");
  expect(systemError("x", 111).code).toBe("unavailable");
  expect(systemError("x", 13).code).toBe("denied");
  expect(systemError("x", 2, { codes: { 2: "unavailable" } }).code).toBe("unavailable");
  const unknown = systemError("x", 4000);
  expect([unknown.code, errnoName(unknown)]).toEqual(["io", "errno 4000"]);
});

test("errnoName knows only errors of system calls", () => {
  for (const other of [new Error("ENOENT"), new VitrineError("io", "x"), undefined, "ENOENT"]) {
    expect(errnoName(other)).toBeUndefined();
  }
});
