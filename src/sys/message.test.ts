import { describe, expect, test } from "bun:test";
import { fstatSync } from "node:fs";
import { errnoName } from "./errors.ts";
import type { OwnedFd } from "./fd.ts";
import { fileSize, memfdCreate } from "./memory.ts";
import { MAX_FDS_PER_MESSAGE, receiveMessage, sendMessage, socketPair } from "./socket.ts";
import { countDescriptors, descriptorFlags, failure } from "./test-support.ts";

function memoryFiles(count: number): OwnedFd[] {
  return Array.from({ length: count }, (_, index) => memfdCreate(`passed-${index}`, 1000 + index));
}

function closeAll(fds: readonly OwnedFd[]): void {
  for (const fd of fds) fd.close();
}

function receive(fd: OwnedFd, into: Uint8Array, maxFds?: number): { length: number; fds: OwnedFd[] } {
  const message = receiveMessage(fd, into, maxFds);
  if (message === "again") throw new Error("a message should be there");
  return message;
}

describe("messages with descriptors", () => {
  for (const count of [1, 2, 3, MAX_FDS_PER_MESSAGE]) {
    test(`${count} pass both ways, in order, close-on-exec; the sender keeps its own`, () => {
      const [left, right] = socketPair();
      const files = memoryFiles(count);
      const into = new Uint8Array(64);
      for (const [from, to] of [
        [left, right],
        [right, left],
      ] as const) {
        expect(sendMessage(from, new Uint8Array([7, 8, 9]), files)).toBe(3);
        const { length, fds } = receive(to, into);
        expect([...into.subarray(0, length)]).toEqual([7, 8, 9]);
        expect(fds.map(fileSize)).toEqual(files.map(fileSize));
        expect(fds.map((fd) => fstatSync(fd.raw).ino)).toEqual(files.map((fd) => fstatSync(fd.raw).ino));
        expect(fds.every((fd) => descriptorFlags(fd.raw).closeOnExec)).toBe(true);
        expect(files.every((fd) => fd.isOpen)).toBe(true);
        closeAll(fds);
      }
      closeAll([...files, left, right]);
    });
  }

  test("more than fit are refused before anything is sent, and so are descriptors without a byte", () => {
    const [left, right] = socketPair();
    const files = memoryFiles(MAX_FDS_PER_MESSAGE + 1);
    expect(failure(() => sendMessage(left, new Uint8Array(1), files))).toMatchObject({ code: "limit" });
    expect(failure(() => sendMessage(left, new Uint8Array(0), files.slice(0, 1)))).toMatchObject({ code: "internal" });
    expect(receiveMessage(right, new Uint8Array(1))).toBe("again");
    closeAll([...files, left, right]);
  });

  for (const [maxFds, sent] of [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 28],
    [27, 28],
  ] as const) {
    test(`${sent} sent where ${maxFds} are admitted: all are closed and the peer broke the protocol`, () => {
      const [left, right] = socketPair();
      const files = memoryFiles(sent);
      const before = countDescriptors();
      sendMessage(left, new Uint8Array(1), files);
      expect(failure(() => receiveMessage(right, new Uint8Array(8), maxFds))).toMatchObject({ code: "protocol" });
      expect(countDescriptors()).toBe(before);
      closeAll([...files, left, right]);
    });
  }

  test("exactly as many as are admitted pass", () => {
    const [left, right] = socketPair();
    const files = memoryFiles(1);
    sendMessage(left, new Uint8Array(1), files);
    const { fds } = receive(right, new Uint8Array(8), 1);
    expect(fds.length).toBe(1);
    closeAll([...fds, ...files, left, right]);
  });

  test("they come no later than the first byte they were sent with, and never those of two messages at once", () => {
    const [left, right] = socketPair();
    const files = memoryFiles(3);
    sendMessage(left, new Uint8Array([1, 2, 3, 4]), files.slice(0, 1));
    sendMessage(left, new Uint8Array([5]), files.slice(1, 2));
    sendMessage(left, new Uint8Array([6, 7]), files.slice(2));
    const into = new Uint8Array(64);
    const first = receive(right, into.subarray(0, 2));
    expect([first.length, first.fds.map(fileSize)]).toEqual([2, [1000]]);
    // The rest of the first message has no descriptors left that would keep it apart from the second.
    const second = receive(right, into);
    expect([...into.subarray(0, second.length)]).toEqual([3, 4, 5]);
    expect(second.fds.map(fileSize)).toEqual([1001]);
    const third = receive(right, into);
    expect([...into.subarray(0, third.length)]).toEqual([6, 7]);
    expect(third.fds.map(fileSize)).toEqual([1002]);
    closeAll([...first.fds, ...second.fds, ...third.fds, ...files, left, right]);
  });
});

describe("messages without descriptors", () => {
  test("a part of an array is sent, and received into a part of an array", () => {
    const [left, right] = socketPair();
    expect(sendMessage(left, new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4))).toBe(3);
    const into = new Uint8Array(10);
    expect(receive(right, into.subarray(5, 7)).length).toBe(2);
    expect([...into]).toEqual([0, 0, 0, 0, 0, 1, 2, 0, 0, 0]);
    expect(sendMessage(left, new Uint8Array(0))).toBe(0);
    closeAll([left, right]);
  });

  test("a full socket takes a part, then says again; the descriptors went with the part", () => {
    const [left, right] = socketPair();
    const files = memoryFiles(1);
    const bytes = new Uint8Array(4 * 1024 * 1024);
    const sent = sendMessage(left, bytes, files);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(bytes.length);
    expect(sendMessage(left, bytes)).toBe("again");
    expect(sendMessage(left, bytes, files)).toBe("again");
    let received = 0;
    const passed: OwnedFd[] = [];
    for (const into = new Uint8Array(65_536); ; ) {
      const message = receiveMessage(right, into);
      if (message === "again") break;
      received += message.length;
      passed.push(...message.fds);
    }
    expect(received).toBe(sent as number);
    expect(passed.length).toBe(1);
    closeAll([...passed, ...files, left, right]);
  });

  test("nothing there is again, a closed peer is length 0, a gone reader is an io error", () => {
    const [left, right] = socketPair();
    expect(receiveMessage(left, new Uint8Array(1))).toBe("again");
    right.close();
    expect(receive(left, new Uint8Array(1))).toEqual({ length: 0, fds: [] });
    for (const fds of [[], [left]]) {
      const error = failure(() => sendMessage(left, new Uint8Array(1), fds));
      expect(error).toMatchObject({ code: "io" });
      expect(errnoName(error)).toBe("EPIPE");
    }
    left.close();
  });

  test("a call without room, or for more descriptors than a message has, is the caller's mistake", () => {
    const [left, right] = socketPair();
    expect(failure(() => receiveMessage(left, new Uint8Array(0)))).toMatchObject({ code: "invalid-argument" });
    for (const maxFds of [-1, MAX_FDS_PER_MESSAGE + 1]) {
      expect(failure(() => receiveMessage(left, new Uint8Array(1), maxFds))).toMatchObject({
        code: "invalid-argument",
      });
    }
    closeAll([left, right]);
  });
});
