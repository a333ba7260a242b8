import { afterEach, describe, expect, test } from "bun:test";
import { constants } from "node:fs";
import { readFile } from "node:fs/promises";
import type { OwnedFd } from "./fd.ts";
import { type Readiness, setLoopErrorHandler, type Watch, watch } from "./loop.ts";
import { memfdCreate, openFile } from "./memory.ts";
import { pipe } from "./process.ts";
import { readSome, shutdownWrite, socketPair, writeSome } from "./socket.ts";
import { failure } from "./test-support.ts";

const BYTE = new Uint8Array([1]);
const into = new Uint8Array(65_536);
let opened: OwnedFd[] = [];

afterEach(() => {
  for (const fd of opened) fd.close();
  opened = [];
  setLoopErrorHandler(undefined);
});

function pair(): [OwnedFd, OwnedFd] {
  const both = socketPair();
  opened.push(...both);
  return both;
}

/** Resolves after the loop has delivered `rounds` events of a watch of its own, so after everything that was ready. */
async function turns(rounds: number): Promise<void> {
  const [left, right] = pair();
  for (let round = 0; round < rounds; round++) {
    await new Promise<void>((resolve) => {
      const watching = watch(right, { readable: true }, () => {
        readSome(right, into);
        watching.close();
        resolve();
      });
      // Not before the wait has gone to the pool, every other time.
      if (round % 2 === 0) setTimeout(() => writeSome(left, BYTE), 2);
      else writeSome(left, BYTE);
    });
  }
}

describe("watch", () => {
  test("tells readable again and again until it has been read", async () => {
    const [left, right] = pair();
    writeSome(left, new Uint8Array(3));
    const seen: Readiness[] = [];
    await new Promise<void>((resolve) => {
      watch(right, { readable: true }, (ready) => {
        seen.push(ready);
        readSome(right, into.subarray(0, 1));
        if (seen.length === 3) resolve();
      });
    });
    await turns(4);
    expect(seen).toEqual(Array(3).fill({ readable: true, writable: false, hangup: false }));
  });

  test("serves 200 descriptors, closing some of them inside handlers", async () => {
    const pairs = Array.from({ length: 200 }, () => pair());
    const watches: Watch[] = [];
    const calls = new Array<number>(pairs.length).fill(0);
    const expected = pairs.map((_, index) => (index % 3 === 0 ? 1 : 2));
    await new Promise<void>((resolve) => {
      const done = (): void => {
        if (calls.every((count, index) => count === expected[index])) resolve();
      };
      for (const [index, [left, right]] of pairs.entries()) {
        watches[index] = watch(right, { readable: true }, () => {
          readSome(right, into);
          calls[index] = (calls[index] ?? 0) + 1;
          if (index % 3 === 0) watches[index]?.close();
          if (calls[index] === 1) writeSome(left, BYTE);
          done();
        });
      }
      for (const [left] of pairs) writeSome(left, BYTE);
    });
    await turns(4);
    expect(calls).toEqual(expected);
  });

  test("tells nothing to a watch that an earlier handler of the same round has closed", async () => {
    const first = pair();
    const second = pair();
    const calls: string[] = [];
    const watches: Watch[] = [];
    for (const [index, [left, right]] of [first, second].entries()) {
      writeSome(left, BYTE);
      watches[index] = watch(right, { readable: true }, () => {
        calls.push(`called ${index}`);
        readSome(right, into);
        watches[1 - index]?.close();
      });
    }
    await turns(4);
    expect(calls.length).toBe(1);
  });

  test("tells nothing to a new descriptor that has got the number of a closed one", async () => {
    for (const inPool of [false, true]) {
      const pairs = [pair(), pair()] as const;
      const calls: string[] = [];
      for (const [index, [, right]] of pairs.entries()) {
        const other = pairs[1 - index]?.[1];
        watch(right, { readable: true }, () => {
          calls.push("old");
          readSome(right, into);
          if (other === undefined) throw new Error("there are two");
          const number = other.raw;
          other.close();
          const [fresh, peer] = pair();
          expect([fresh.raw, peer.raw]).toContain(number);
          for (const fd of [fresh, peer]) watch(fd, { readable: true }, () => calls.push("new"));
        });
      }
      if (inPool) await turns(2);
      for (const [left] of pairs) writeSome(left, BYTE);
      await turns(4);
      expect(calls).toEqual(["old"]);
    }
  });

  test("interest in writing goes on and off", async () => {
    const [left, right] = pair();
    let writable = 0;
    let readable = 0;
    const watching = watch(left, { readable: true }, (ready) => {
      if (ready.readable) {
        readable++;
        readSome(left, into);
      }
      if (ready.writable) {
        writable++;
        watching.update({ readable: true });
      }
    });
    await turns(4);
    expect([readable, writable]).toEqual([0, 0]);
    for (let round = 1; round <= 5; round++) {
      watching.update({ readable: true, writable: true });
      await turns(2);
      expect([readable, writable]).toEqual([0, round]);
    }
    // A full socket is not writable until the peer reads.
    while (writeSome(left, into) !== "again");
    watching.update({ writable: true });
    await turns(4);
    expect(writable).toBe(5);
    while (readSome(right, into) !== "again");
    await turns(4);
    expect(writable).toBe(6);
  });

  test("an interest dropped by an earlier handler of the same round counts", async () => {
    const pairs = [pair(), pair()];
    let calls = 0;
    const watches: Watch[] = [];
    for (const [index, [left, right]] of pairs.entries()) {
      writeSome(left, BYTE);
      watches[index] = watch(right, { readable: true }, () => {
        calls++;
        readSome(right, into);
        watches[1 - index]?.update({});
      });
    }
    await turns(4);
    expect(calls).toBe(1);
  });

  test("the end of a stream is readable, the peer's going a hangup; a paused watch hears of neither", async () => {
    const [left, right] = pair();
    const seen: Readiness[] = [];
    const watching = watch(right, { readable: true }, (ready) => {
      seen.push(ready);
      watching.update({});
    });
    shutdownWrite(left);
    await turns(4);
    expect(seen).toEqual([{ readable: true, writable: false, hangup: false }]);
    expect(readSome(right, into)).toBe(0);
    left.close();
    await turns(20);
    expect(seen.length).toBe(1);
    watching.update({ writable: true });
    await turns(4);
    expect(seen[1]).toEqual({ readable: false, writable: true, hangup: true });
  });

  test("a pipe that loses its reader hangs up", async () => {
    const [readEnd, writeEnd] = pipe();
    opened.push(writeEnd);
    while (writeSome(writeEnd, into) !== "again");
    readEnd.close();
    const ready = await new Promise<Readiness>((resolve) => {
      const watching = watch(writeEnd, { writable: true }, (state) => {
        watching.close();
        resolve(state);
      });
    });
    expect(ready).toEqual({ readable: false, writable: true, hangup: true });
  });

  test("ends with its descriptor, closed or taken, though a duplicate lives", async () => {
    for (const end of [(fd: OwnedFd) => fd.close(), (fd: OwnedFd) => opened.push(fd.dup()) && fd.close()]) {
      const [left, right] = pair();
      let calls = 0;
      const watching = watch(right, { readable: true }, () => calls++);
      opened.push(right.dup());
      writeSome(left, BYTE);
      end(right);
      await turns(4);
      expect(calls).toBe(0);
      watching.close();
      expect(failure(() => watching.update({}))).toMatchObject({ code: "internal" });
    }
  });

  test("close is idempotent, leaves the descriptor open, and another watch may follow", async () => {
    const [left, right] = pair();
    const first = watch(right, { readable: true }, () => {});
    expect(failure(() => watch(right, { readable: true }, () => {}))).toMatchObject({ code: "internal" });
    first.close();
    let calls = 0;
    const second = watch(right, { readable: true }, () => {
      calls++;
      second.close();
    });
    first.close();
    writeSome(left, BYTE);
    await turns(4);
    expect(calls).toBe(1);
    expect(right.isOpen).toBe(true);
  });

  test("a paused watch still owns its descriptor", () => {
    const [, right] = pair();
    watch(right, {}, () => {});
    expect(failure(() => watch(right, {}, () => {}))).toMatchObject({ code: "internal" });
  });

  test("files and /dev/null are always ready, also when the wait has gone to the pool, and can pause", async () => {
    const file = memfdCreate("file", 10);
    const nothing = openFile("/dev/null", constants.O_RDWR);
    opened.push(file, nothing);
    for (const inPool of [false, true]) {
      for (const fd of [file, nothing]) {
        const [, other] = pair();
        const keeping = watch(other, { readable: true }, () => {});
        if (inPool) await turns(2);
        const seen: Readiness[] = [];
        const watching = watch(fd, {}, (ready) => {
          seen.push(ready);
          if (seen.length === 2) watching.update({});
        });
        await turns(2);
        expect(seen).toEqual([]);
        watching.update({ readable: true });
        await turns(2);
        expect(seen).toEqual(Array(2).fill({ readable: true, writable: false, hangup: false }));
        watching.close();
        keeping.close();
      }
    }
  });

  test("a file gets its turn though nothing else wakes the wait in the pool", async () => {
    const [, idle] = pair();
    watch(idle, { readable: true }, () => {});
    const file = memfdCreate("file", 10);
    opened.push(file);
    for (let round = 0; round < 3; round++) {
      // Time for the wait to reach the pool.
      await new Promise((resolve) => setTimeout(resolve, 10));
      await new Promise<void>((resolve) => {
        const watching = watch(file, { writable: true }, () => {
          watching.close();
          resolve();
        });
      });
    }
  });

  test("a closed descriptor cannot be watched", () => {
    const [, right] = pair();
    right.close();
    expect(failure(() => watch(right, { readable: true }, () => {}))).toMatchObject({ code: "internal" });
  });

  test("goes on when a handler throws, and the error handler is told", async () => {
    const [left, right] = pair();
    const errors: unknown[] = [];
    setLoopErrorHandler((error) => errors.push(error));
    writeSome(left, new Uint8Array(2));
    watch(right, { readable: true }, () => {
      readSome(right, into.subarray(0, 1));
      throw new Error("thrown by a handler");
    });
    await turns(4);
    expect(errors.map(String)).toEqual(Array(2).fill("Error: thrown by a handler"));
  });

  test("leaves the pool usable for the runtime's own work, and timers run under load", async () => {
    const [left, right] = pair();
    let calls = 0;
    // Always ready.
    writeSome(left, BYTE);
    const watching = watch(right, { readable: true }, () => calls++);
    for (let round = 0; round < 20; round++) {
      await readFile("/proc/self/status");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(calls).toBeGreaterThan(20);
    watching.close();
  });
});
