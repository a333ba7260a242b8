import { describe, expect, test } from "bun:test";
import { accessSync, constants, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoName } from "./errors.ts";
import type { OwnedFd } from "./fd.ts";
import { pipe } from "./process.ts";
import {
  acceptConnection,
  checkConnected,
  connectUnix,
  connectVsock,
  listenUnix,
  listenVsock,
  MAX_UNIX_PATH_BYTES,
  readSome,
  shutdownWrite,
  socketPair,
  writeSome,
} from "./socket.ts";
import { descriptorFlags, failure } from "./test-support.ts";

const CLEAN = { closeOnExec: true, nonBlocking: true };

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-sys-"));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function closeAll(...fds: readonly (OwnedFd | undefined)[]): void {
  for (const fd of fds) fd?.close();
}

describe("Unix sockets", () => {
  test("connect, accept, talk both ways; everything is close-on-exec and non-blocking", () => {
    inFolder((folder) => {
      const path = join(folder, "socket");
      const listener = listenUnix(path);
      expect(acceptConnection(listener)).toBeUndefined();
      const client = connectUnix(path);
      checkConnected(client);
      const server = acceptConnection(listener);
      if (server === undefined) throw new Error("no connection waits");
      for (const fd of [listener, client, server]) expect(descriptorFlags(fd.raw)).toEqual(CLEAN);
      const into = new Uint8Array(16);
      expect(readSome(server, into)).toBe("again");
      expect(writeSome(client, new Uint8Array([1, 2, 3]))).toBe(3);
      expect(readSome(server, into)).toBe(3);
      expect([...into.subarray(0, 3)]).toEqual([1, 2, 3]);
      expect(writeSome(server, new Uint8Array([4]))).toBe(1);
      expect(readSome(client, into)).toBe(1);
      closeAll(listener, client, server);
    });
  });

  test("a listener's file is private", () => {
    inFolder((folder) => {
      using _listener = listenUnix(join(folder, "socket"));
      expect(statSync(join(folder, "socket")).mode & 0o777).toBe(0o600);
    });
  });

  test("nobody there is unavailable; a path in use exists already", () => {
    inFolder((folder) => {
      const path = join(folder, "socket");
      const missing = failure(() => connectUnix(path));
      expect(missing).toMatchObject({ code: "unavailable" });
      expect(errnoName(missing)).toBe("ENOENT");
      listenUnix(path).close();
      const dead = failure(() => connectUnix(path));
      expect(dead).toMatchObject({ code: "unavailable" });
      expect(errnoName(dead)).toBe("ECONNREFUSED");
      expect(failure(() => listenUnix(path))).toMatchObject({ code: "already-exists" });
    });
  });

  test("a listener that is not served turns callers away instead of holding them", () => {
    inFolder((folder) => {
      const path = join(folder, "socket");
      using _listener = listenUnix(path, 1);
      const clients: OwnedFd[] = [];
      const error = failure(() => {
        for (let count = 0; count < 10; count++) clients.push(connectUnix(path));
      });
      expect(error).toMatchObject({ code: "unavailable" });
      expect(clients.length).toBe(2);
      closeAll(...clients);
    });
  });

  test("the path's length is checked in bytes", () => {
    for (const path of ["", "a\0b", "x".repeat(MAX_UNIX_PATH_BYTES + 1), "é".repeat(MAX_UNIX_PATH_BYTES)]) {
      expect(failure(() => connectUnix(path))).toMatchObject({ code: "invalid-argument" });
      expect(failure(() => listenUnix(path))).toMatchObject({ code: "invalid-argument" });
    }
    inFolder((folder) => {
      const path = join(folder, "x".repeat(MAX_UNIX_PATH_BYTES - folder.length - 1));
      using _listener = listenUnix(path);
      using _client = connectUnix(path);
    });
  });
});

describe("plain reads and writes", () => {
  test("half-close: the peer reads the end and can still answer", () => {
    const [left, right] = socketPair();
    expect([descriptorFlags(left.raw), descriptorFlags(right.raw)]).toEqual([CLEAN, CLEAN]);
    shutdownWrite(left);
    const into = new Uint8Array(4);
    expect(readSome(right, into)).toBe(0);
    expect(writeSome(right, new Uint8Array([1]))).toBe(1);
    expect(readSome(left, into)).toBe(1);
    right.close();
    shutdownWrite(left);
    left.close();
  });

  test("a full pipe takes a part, then says again", () => {
    const [readEnd, writeEnd] = pipe();
    const bytes = new Uint8Array(1024 * 1024);
    const taken = writeSome(writeEnd, bytes);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(bytes.length);
    expect(writeSome(writeEnd, bytes)).toBe("again");
    closeAll(readEnd, writeEnd);
  });

  test("a peer that has gone is an io error, not a signal", () => {
    const [readEnd, writeEnd] = pipe();
    readEnd.close();
    const error = failure(() => writeSome(writeEnd, new Uint8Array([1])));
    expect(error).toMatchObject({ code: "io" });
    expect(errnoName(error)).toBe("EPIPE");
    writeEnd.close();

    const [left, right] = socketPair();
    writeSome(left, new Uint8Array([1]));
    right.close();
    // The peer closed with a byte unread.
    const reset = failure(() => readSome(left, new Uint8Array(1)));
    expect(reset).toMatchObject({ code: "io" });
    expect(errnoName(reset)).toBe("ECONNRESET");
    left.close();
  });

  test("no room to read into is a mistake of the caller; nothing to write is nothing", () => {
    const [left, right] = socketPair();
    expect(failure(() => readSome(left, new Uint8Array(0)))).toMatchObject({ code: "invalid-argument" });
    expect(writeSome(left, new Uint8Array(0))).toBe(0);
    closeAll(left, right);
  });

  test("errno survives garbage collections in between", () => {
    const [left, right] = socketPair();
    const into = new Uint8Array(1);
    let garbage: unknown[] = [];
    for (let round = 0; round < 20_000; round++) {
      garbage.push(new Uint8Array(1000), { round });
      if (garbage.length > 1000) garbage = [];
      if (readSome(left, into) !== "again") throw new Error("nothing was there to read");
    }
    closeAll(left, right);
  });
});

function vsockIsThere(): boolean {
  try {
    accessSync("/dev/vsock", constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!vsockIsThere())("vsock: listens once per port, connects without waiting", () => {
  const port = 0x7000_0000 + process.pid;
  using listener = listenVsock(port);
  expect(descriptorFlags(listener.raw)).toEqual(CLEAN);
  expect(acceptConnection(listener)).toBeUndefined();
  expect(failure(() => listenVsock(port))).toMatchObject({ code: "already-exists" });
  using connecting = connectVsock(1, port);
  expect(descriptorFlags(connecting.raw)).toEqual(CLEAN);
});
