import { expect, test } from "bun:test";
import { constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "./memory.ts";
import { peerCredentials, pipe, tryLock } from "./process.ts";
import { readSome, socketPair, writeSome } from "./socket.ts";
import { descriptorFlags, failure } from "./test-support.ts";

test("pipe: what goes in comes out, then the end; close-on-exec and non-blocking", () => {
  const [readEnd, writeEnd] = pipe();
  for (const fd of [readEnd, writeEnd]) {
    expect(descriptorFlags(fd.raw)).toEqual({ closeOnExec: true, nonBlocking: true });
  }
  const into = new Uint8Array(8);
  expect(readSome(readEnd, into)).toBe("again");
  expect(writeSome(writeEnd, new Uint8Array([1, 2]))).toBe(2);
  expect(readSome(readEnd, into)).toBe(2);
  writeEnd.close();
  expect(readSome(readEnd, into)).toBe(0);
  readEnd.close();
});

test("tryLock: one open at a time holds the lock, until its last duplicate closes", () => {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-sys-"));
  const open = () => openFile(join(folder, "lock"), constants.O_RDWR | constants.O_CREAT);
  const first = open();
  const copy = first.dup();
  const second = open();
  expect(tryLock(first)).toBe(true);
  expect(tryLock(first)).toBe(true);
  expect(tryLock(second)).toBe(false);
  first.close();
  expect(tryLock(second)).toBe(false);
  copy.close();
  expect(tryLock(second)).toBe(true);
  second.close();
  rmSync(folder, { recursive: true });
});

test("peerCredentials: the other end of a pair is this process; a pipe has no peer", () => {
  const [left, right] = socketPair();
  expect(peerCredentials(left)).toEqual({
    pid: process.pid,
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
  });
  const [readEnd, writeEnd] = pipe();
  expect(failure(() => peerCredentials(readEnd))).toMatchObject({ code: "invalid-argument" });
  for (const fd of [left, right, readEnd, writeEnd]) fd.close();
});

test("forbidCoreDumps: neither this process nor one that it starts leaves its memory when it crashes", () => {
  const script = `
    import { forbidCoreDumps } from ${JSON.stringify(join(import.meta.dirname, "process.ts"))};
    forbidCoreDumps();
    Bun.spawnSync(["cat", "/proc/self/limits"], { stdout: "inherit" });
  `;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", script]);
  expect(stdout.toString()).toMatch(/^Max core file size +0 +0 /m);
});
