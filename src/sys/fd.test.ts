import { describe, expect, test } from "bun:test";
import { closeSync, fstatSync } from "node:fs";
import { VitrineError } from "../base/error.ts";
import { OwnedFd, setNonBlocking } from "./fd.ts";
import { memfdCreate } from "./memory.ts";
import { pipe } from "./process.ts";
import { descriptorFlags, failure } from "./test-support.ts";

describe("OwnedFd", () => {
  test("closes once, at the end of the block, and says so", () => {
    let raw = -1;
    let kept: OwnedFd | undefined;
    {
      using fd = memfdCreate("block", 1);
      raw = fd.raw;
      kept = fd;
      expect(fd.isOpen).toBe(true);
      fstatSync(raw);
    }
    expect(kept?.isOpen).toBe(false);
    expect(() => fstatSync(raw)).toThrow("EBADF");
  });

  test("a second close is harmless, also for whoever has the number by then", () => {
    const first = memfdCreate("first", 1);
    const raw = first.raw;
    first.close();
    using second = memfdCreate("second", 1);
    expect(second.raw).toBe(raw);
    first.close();
    first[Symbol.dispose]();
    fstatSync(second.raw);
  });

  test("use after close or take is a defect, and is told", () => {
    const fd = memfdCreate("gone", 1);
    const raw = fd.take();
    expect(fd.isOpen).toBe(false);
    for (const use of [() => fd.raw, () => fd.dup(), () => fd.take()]) {
      expect(failure(use)).toMatchObject({ code: "internal" });
    }
    fd.close();
    using again = OwnedFd.own(raw);
    fstatSync(again.raw);
  });

  test("tells that somebody else has closed its descriptor", () => {
    const fd = memfdCreate("stolen", 1);
    closeSync(fd.raw);
    const error = failure(() => fd.close());
    expect(error).toBeInstanceOf(VitrineError);
    expect(String(error)).toContain("EBADF");
    expect(fd.isOpen).toBe(false);
  });

  test("owns only numbers that can be descriptors", () => {
    for (const raw of [-1, 1.5, Number.NaN])
      expect(failure(() => OwnedFd.own(raw))).toMatchObject({ code: "internal" });
  });

  test("dup is another descriptor of the same file, close-on-exec", () => {
    using fd = memfdCreate("original", 123);
    using copy = fd.dup();
    expect(copy.raw).not.toBe(fd.raw);
    expect(fstatSync(copy.raw).ino).toBe(fstatSync(fd.raw).ino);
    expect(descriptorFlags(copy.raw).closeOnExec).toBe(true);
  });
});

test("setNonBlocking sets and clears the flag of this end only", () => {
  const [readEnd, writeEnd] = pipe();
  setNonBlocking(readEnd, false);
  expect(descriptorFlags(readEnd.raw).nonBlocking).toBe(false);
  expect(descriptorFlags(writeEnd.raw).nonBlocking).toBe(true);
  setNonBlocking(readEnd, true);
  expect(descriptorFlags(readEnd.raw).nonBlocking).toBe(true);
  readEnd.close();
  writeEnd.close();
});
