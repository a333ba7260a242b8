import { describe, expect, test } from "bun:test";
import { constants, fstatSync, ftruncateSync, mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoName } from "./errors.ts";
import { fileSize, getSeals, Mapping, memfdCreate, openFile, preadInto, punchHole } from "./memory.ts";
import { descriptorFlags, failure } from "./test-support.ts";

const PAGE = 4096;

describe("memory files", () => {
  test("have the size asked for, read as zeros and are close-on-exec", () => {
    using fd = memfdCreate("plain", 3 * PAGE);
    expect(fileSize(fd)).toBe(3 * PAGE);
    expect(descriptorFlags(fd.raw).closeOnExec).toBe(true);
    const bytes = new Uint8Array(8).fill(9);
    expect(preadInto(fd, bytes, PAGE)).toBe(8);
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("seals hold", () => {
    using fixed = memfdCreate("fixed", PAGE, ["shrink", "grow", "seal"]);
    expect(getSeals(fixed).sort()).toEqual(["grow", "seal", "shrink"]);
    expect(() => ftruncateSync(fixed.raw, PAGE - 1)).toThrow("EPERM");
    expect(() => ftruncateSync(fixed.raw, PAGE + 1)).toThrow("EPERM");
    expect(fileSize(fixed)).toBe(PAGE);
    writeSync(fixed.raw, new Uint8Array([1]));

    using readOnly = memfdCreate("read-only", PAGE, ["write"]);
    expect(getSeals(readOnly)).toEqual(["write"]);
    expect(() => writeSync(readOnly.raw, new Uint8Array([1]))).toThrow("EPERM");
    expect(failure(() => Mapping.map(readOnly, { length: PAGE, writable: true }))).toMatchObject({ code: "denied" });

    using open = memfdCreate("open", PAGE);
    expect(getSeals(open)).toEqual([]);
    ftruncateSync(open.raw, 1);
  });

  test("a file that knows no seals has none", () => {
    using fd = openFile("/proc/self/status", constants.O_RDONLY);
    expect(getSeals(fd)).toEqual([]);
  });

  test("punchHole gives blocks back and leaves zeros", () => {
    using fd = memfdCreate("holes", 64 * PAGE);
    using mapping = Mapping.map(fd, { length: 64 * PAGE, writable: true });
    mapping.bytes.fill(1);
    const before = fstatSync(fd.raw).blocks;
    punchHole(fd, PAGE, 32 * PAGE);
    expect(fstatSync(fd.raw).blocks).toBe(before - (32 * PAGE) / 512);
    expect(fileSize(fd)).toBe(64 * PAGE);
    expect(mapping.bytes[PAGE - 1]).toBe(1);
    expect(mapping.bytes[PAGE]).toBe(0);
    expect(mapping.bytes[33 * PAGE]).toBe(1);
  });
});

describe("openFile", () => {
  test("opens close-on-exec, creates private files, names the path when it fails", () => {
    const folder = mkdtempSync(join(tmpdir(), "vitrine-sys-"));
    try {
      using fd = openFile(join(folder, "new"), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
      expect(descriptorFlags(fd.raw).closeOnExec).toBe(true);
      expect(fstatSync(fd.raw).mode & 0o777).toBe(0o600);
      const missing = failure(() => openFile(join(folder, "missing"), constants.O_RDONLY));
      expect(missing).toMatchObject({ code: "not-found" });
      expect(errnoName(missing)).toBe("ENOENT");
      expect(String(missing)).toContain(`"${join(folder, "missing")}"`);
      expect(failure(() => openFile(`${folder}\0x`, constants.O_RDONLY))).toMatchObject({ code: "invalid-argument" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("Mapping", () => {
  test("is the memory itself: two mappings and the file see each other's writes", () => {
    using fd = memfdCreate("shared", 4 * PAGE);
    using one = Mapping.map(fd, { length: 4 * PAGE, writable: true });
    using two = Mapping.map(fd, { length: PAGE, writable: false, offset: 2 * PAGE });
    one.bytes[2 * PAGE + 5] = 77;
    expect(two.bytes[5]).toBe(77);
    writeSync(fd.raw, new Uint8Array([88]), 0, 1, 2 * PAGE + 6);
    expect(two.bytes[6]).toBe(88);
    expect(two.bytes.length).toBe(PAGE);
  });

  test("outlives its descriptor", () => {
    const fd = memfdCreate("outlived", PAGE);
    using mapping = Mapping.map(fd, { length: PAGE, writable: true });
    fd.close();
    mapping.bytes[0] = 1;
    expect(mapping.bytes[0]).toBe(1);
  });

  test("after close nothing of it is left to touch, and close again is harmless", () => {
    using fd = memfdCreate("closed", PAGE);
    const mapping = Mapping.map(fd, { length: PAGE, writable: true });
    const part = mapping.bytes.subarray(16, 32);
    const addresses = (): number => readFileSync("/proc/self/maps", "utf8").split("memfd:closed").length - 1;
    expect(addresses()).toBe(1);
    mapping.close();
    mapping.close();
    expect(addresses()).toBe(0);
    expect(mapping.bytes.length).toBe(0);
    expect(part.length).toBe(0);
    part[0] = 1;
    expect(part[0]).toBeUndefined();
    expect(preadInto(fd, part, 0)).toBe(0);
  });

  test("maps only what the file has, so that touching it cannot kill the process", () => {
    using fd = memfdCreate("short", PAGE);
    for (const options of [
      { length: PAGE + 1, writable: false },
      { length: PAGE, offset: PAGE, writable: false },
      { length: 0, writable: false },
      { length: PAGE, offset: -PAGE, writable: false },
      { length: 1.5, writable: false },
    ]) {
      expect(failure(() => Mapping.map(fd, options))).toMatchObject({ code: "invalid-argument" });
    }
  });
});

describe("preadInto", () => {
  test("fills a part of a mapping far from its start, from far inside a file, and nothing beside it", () => {
    const length = 3 * 1024 ** 3;
    const far = 5 * 1024 ** 3 + 3;
    // Sparse files: only the pages touched take memory.
    using source = memfdCreate("far", far + 100);
    writeSync(source.raw, new Uint8Array(100).fill(5), 0, 100, far);
    using destination = memfdCreate("arena", length);
    using mapping = Mapping.map(destination, { length, writable: true });
    const at = length - 1000;
    expect(preadInto(source, mapping.bytes.subarray(at, at + 50), far)).toBe(50);
    expect([...new Set(mapping.bytes.subarray(at, at + 50))]).toEqual([5]);
    expect(mapping.bytes[at - 1]).toBe(0);
    expect(mapping.bytes[at + 50]).toBe(0);
  });

  test("does not move the file offset", () => {
    using fd = memfdCreate("offset", 10);
    preadInto(fd, new Uint8Array(10), 0);
    expect(readFileSync(`/proc/self/fdinfo/${fd.raw}`, "utf8")).toMatch(/^pos:\s*0$/m);
  });

  test("a file truncated meanwhile gives a short read, no signal", () => {
    using pool = memfdCreate("pool", 64 * PAGE);
    using arena = memfdCreate("arena", 64 * PAGE);
    using mapping = Mapping.map(arena, { length: 64 * PAGE, writable: true });
    ftruncateSync(pool.raw, 10 * PAGE + 7);
    expect(preadInto(pool, mapping.bytes, 0)).toBe(10 * PAGE + 7);
    expect(preadInto(pool, mapping.bytes, 10 * PAGE)).toBe(7);
    expect(preadInto(pool, mapping.bytes, 64 * PAGE)).toBe(0);
    ftruncateSync(pool.raw, 0);
    expect(preadInto(pool, mapping.bytes, 0)).toBe(0);
  });

  test("tells a descriptor that cannot be read", () => {
    using fd = openFile("/dev/null", constants.O_WRONLY);
    expect(() => preadInto(fd, new Uint8Array(1), 0)).toThrow("EBADF");
    using memory = memfdCreate("negative", 1);
    expect(failure(() => preadInto(memory, new Uint8Array(1), -1))).toMatchObject({ code: "invalid-argument" });
  });
});
