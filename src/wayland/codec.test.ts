import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VitrineError } from "../base/error.ts";
import { decode } from "./decode.ts";
import { allInterfaces } from "./generated/all.ts";
import { wl_display, wl_keyboard, wl_pointer, wl_registry, wl_shm, wl_surface } from "./generated/wayland.ts";
import { xdg_toplevel } from "./generated/xdg-shell.ts";
import { MessageReader, type RawMessage } from "./message-reader.ts";
import { encode, MessageWriter } from "./message-writer.ts";
import { type ArgumentTable, fdCount, type MessageTable, messageByName, type NewId, type Value } from "./types.ts";
import { HEADER_BYTES, MAX_MESSAGE_BYTES } from "./wire.ts";

fc.configureGlobal({ seed: 20261124, numRuns: 500 });

const everyMessage = [...allInterfaces.values()].flatMap((table) => [...table.requests, ...table.events]);
const OPCODE = 3;

const uint = fc.nat({ max: 0xffff_ffff });
const id = fc.integer({ min: 1, max: 0xffff_ffff });
const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !value.includes("\0"));
const newId: fc.Arbitrary<NewId> = fc.record({ interface: text, version: uint, id }, { noNullPrototype: true });

function anyValue(argument: ArgumentTable): fc.Arbitrary<Value> {
  switch (argument.type) {
    case "int":
    case "fixed":
      return fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    case "uint":
      return uint;
    case "object":
      return argument.nullable === true ? uint : id;
    case "new_id":
      return argument.interface === undefined ? newId : id;
    case "string":
      return argument.nullable === true ? fc.option(text) : text;
    case "array":
      return fc.uint8Array({ maxLength: 70 });
    case "fd":
      return fc.constant(0);
  }
}

/** Any message of any table with values its arguments may have; descriptors are numbered as decode does. */
const anyMessage = fc
  .constantFrom(...everyMessage)
  .chain((message) => fc.record({ message: fc.constant(message), args: fc.tuple(...message.args.map(anyValue)) }))
  .map(({ message, args }) => {
    let fds = 0;
    return { message, args: args.map((value, index) => (message.args[index]?.type === "fd" ? fds++ : value)) };
  });

function readOne(bytes: Uint8Array): RawMessage {
  const reader = new MessageReader();
  reader.push(bytes);
  const raw = reader.next();
  if (raw === undefined) throw new Error("no whole message");
  expect(reader.next()).toBeUndefined();
  return raw;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VitrineError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

/** A message with these words as its body. */
function raw(...words: number[]): RawMessage {
  const bytes = new Uint8Array(new Uint32Array([1, (HEADER_BYTES + words.length * 4) << 16, ...words]).buffer);
  return readOne(bytes);
}

function request(name: string): MessageTable {
  return messageByName(wl_surface, "requests", name).message;
}

const title = messageByName(xdg_toplevel, "requests", "set_title").message;

describe("any message of any table", () => {
  test("is the same after encoding and decoding, and after encoding again", () => {
    fc.assert(
      fc.property(anyMessage, uint, ({ message, args }, objectId) => {
        const bytes = encode(objectId, OPCODE, message, args);
        expect(bytes.length % 4).toBe(0);
        const read = readOne(bytes);
        expect([read.objectId, read.opcode]).toEqual([objectId, OPCODE]);
        const values = decode(message, read);
        expect(values).toEqual(args);
        expect(encode(objectId, OPCODE, message, values)).toEqual(bytes);
      }),
    );
  });

  test("is the same whatever was written before it", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { minLength: 200, maxLength: 300 }), (messages) => {
        const writer = new MessageWriter();
        for (const { message, args } of messages) writer.append(7, OPCODE, message, args);
        const alone = messages.map(({ message, args }) => encode(7, OPCODE, message, args));
        expect(Buffer.compare(writer.take(), Buffer.concat(alone))).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test("comes whole out of any split of the stream", () => {
    const split = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), split, (messages, sizes) => {
        const whole = messages.map(({ message, args }) => encode(7, OPCODE, message, args));
        const stream = Buffer.concat(whole);
        const reader = new MessageReader();
        const found: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          // One memory for all chunks: what the reader keeps it must have copied.
          const chunk = new Uint8Array(stream.subarray(at, at + (sizes[turn % sizes.length] ?? 0) + 1));
          reader.push(chunk);
          for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next.bytes.slice());
          at += chunk.length;
          chunk.fill(0xee);
        }
        expect(reader.atMessageEnd).toBe(true);
        expect(found).toEqual(whole);
      }),
    );
  });

  test("with a byte changed, or as random bytes, throws nothing but the protocol error", () => {
    const changed = fc.tuple(anyMessage, fc.nat(), fc.nat({ max: 255 })).map(([{ message, args }, at, byte]) => {
      const bytes = encode(1, OPCODE, message, args);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    const stream = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      changed,
      fc.array(changed).map((all) => Buffer.concat(all)),
    );
    let refused = 0;
    fc.assert(
      fc.property(stream, fc.constantFrom(...everyMessage), (bytes, message) => {
        try {
          const reader = new MessageReader();
          reader.push(bytes);
          for (let next = reader.next(); next !== undefined; next = reader.next()) decode(message, next);
        } catch (error) {
          expect(error).toBeInstanceOf(VitrineError);
          expect((error as VitrineError).code).toBe("protocol");
          refused++;
        }
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});

describe("decode", () => {
  const encodedTitle = (bytes: number[], length = bytes.length): RawMessage => {
    const body = new Uint8Array((bytes.length + 3) & ~3);
    body.set(bytes);
    return raw(length, ...new Uint32Array(body.buffer));
  };

  test("refuses a message that is too short or too long", () => {
    const damage = request("damage");
    expect(codeOf(() => decode(damage, raw(1, 2, 3)))).toBe("protocol");
    expect(codeOf(() => decode(damage, raw(1, 2, 3, 4, 5)))).toBe("protocol");
    expect(decode(damage, raw(1, 2, 3, 0xffff_ffff))).toEqual([1, 2, 3, -1]);
  });

  test("takes 0 for an object only where null is allowed", () => {
    expect(decode(request("attach"), raw(0, 0, 0))).toEqual([0, 0, 0]);
    const enter = messageByName(wl_surface, "events", "enter").message;
    expect(codeOf(() => decode(enter, raw(0)))).toBe("protocol");
    expect(codeOf(() => decode(request("frame"), raw(0)))).toBe("protocol");
  });

  test("takes text only with one NUL, at its end, in UTF-8, within the message", () => {
    expect(decode(title, encodedTitle([0x61, 0]))).toEqual(["a"]);
    expect(decode(title, encodedTitle([0]))).toEqual([""]);
    expect(decode(title, encodedTitle([0xef, 0xbb, 0xbf, 0x61, 0]))).toEqual(["\ufeffa"]);
    const refusedTexts: [number[], number?][] = [
      [[0x61, 0x62, 0x63, 0x64]],
      [[0x61, 0, 0x62, 0]],
      [[0, 0]],
      [[0xff, 0]],
      [[0xed, 0xa0, 0x80, 0]],
      [[0x61, 0], 100],
      [[0x61, 0], 0xffff_ffff],
      [[0x61, 0], 0xffff_fffd],
      [[], 0],
    ];
    for (const [bytes, length] of refusedTexts) {
      expect(codeOf(() => decode(title, encodedTitle(bytes, length)))).toBe("protocol");
    }
  });

  test("takes padding whatever it holds", () => {
    expect(decode(title, raw(2, 0xdead_0061))).toEqual(["a"]);
    const enter = messageByName(wl_keyboard, "events", "enter").message;
    expect(decode(enter, raw(9, 5, 3, 0xff03_0201))).toEqual([9, 5, new Uint8Array([1, 2, 3])]);
  });

  test("refuses an array that is longer than the message", () => {
    const enter = messageByName(wl_keyboard, "events", "enter").message;
    for (const length of [5, 8, 0x7fff_ffff, 0xffff_ffff]) {
      expect(codeOf(() => decode(enter, raw(9, 5, length, 0)))).toBe("protocol");
    }
  });

  test("gives the interface and version of a new object that the table leaves open", () => {
    const { message } = messageByName(wl_registry, "requests", "bind");
    const bytes = encode(2, 0, message, [4, { interface: "wl_shm", version: 2, id: 5 }]);
    const words = ["02000000", "00002000", "04000000", "07000000", "776c5f73", "686d0000", "02000000", "05000000"];
    expect(Buffer.from(bytes).toString("hex")).toBe(words.join(""));
    expect(decode(message, readOne(bytes))).toEqual([4, { interface: "wl_shm", version: 2, id: 5 }]);
  });

  test("counts descriptors and takes no bytes for them", () => {
    const { message } = messageByName(wl_shm, "requests", "create_pool");
    expect(fdCount(message)).toBe(1);
    expect(decode(message, raw(8, 4096))).toEqual([8, 0, 4096]);
  });
});

describe("MessageReader", () => {
  test("refuses sizes that no message has, and goes on refusing", () => {
    for (const size of [0, 4, 7, 9, 10, 0xfffd, 0xfffe, 0xffff]) {
      const reader = new MessageReader();
      reader.push(new Uint8Array(new Uint32Array([1, size << 16]).buffer));
      expect(codeOf(() => reader.next())).toBe("protocol");
      reader.push(new Uint8Array(8));
      expect(codeOf(() => reader.next())).toBe("protocol");
    }
  });

  test("reads the longest message byte by byte", () => {
    const { message } = messageByName(wl_keyboard, "events", "enter");
    const bytes = encode(1, 1, message, [1, 2, new Uint8Array(MAX_MESSAGE_BYTES - HEADER_BYTES - 12).fill(7)]);
    expect(bytes.length).toBe(MAX_MESSAGE_BYTES);
    const reader = new MessageReader();
    for (let at = 0; at < bytes.length - 1; at++) {
      reader.push(bytes.subarray(at, at + 1));
      expect(reader.next()).toBeUndefined();
    }
    expect(reader.atMessageEnd).toBe(false);
    reader.push(bytes.subarray(-1));
    expect(reader.next()?.bytes).toEqual(bytes);
  });

  test("does not take a chunk before the last one was read", () => {
    const reader = new MessageReader();
    reader.push(new Uint8Array(16));
    expect(codeOf(() => reader.push(new Uint8Array(8)))).toBe("internal");
  });
});

describe("MessageWriter", () => {
  test("refuses values that the argument's type does not have, and keeps what it had", () => {
    const writer = new MessageWriter();
    const refused: [MessageTable, Value[]][] = [
      [request("damage"), [0, 0, 0, 0x8000_0000]],
      [request("damage"), [0, 0, 0, -0x8000_0001]],
      [request("damage"), [0, 0, 0, 0.5]],
      [request("damage"), [0, 0, 0, Number.NaN]],
      [request("damage"), [0, 0, 0, "1"]],
      [request("damage"), [0, 0, 0]],
      [request("attach"), [-1, 0, 0]],
      [request("attach"), [0x1_0000_0000, 0, 0]],
      [request("attach"), [null, 0, 0]],
      [request("frame"), [0]],
      [messageByName(wl_pointer, "events", "button").message, [-1, 0, 0, 0]],
      [messageByName(wl_pointer, "events", "button").message, [0x1_0000_0000, 0, 0, 0]],
      [title, [null]],
      [title, ["a\0b"]],
      [title, ["\ud800"]],
      [title, [new Uint8Array(1)]],
      [messageByName(wl_registry, "requests", "bind").message, [1, 5]],
      [messageByName(wl_registry, "requests", "bind").message, [1, { interface: "wl_shm", version: -1, id: 5 }]],
      [messageByName(wl_keyboard, "events", "enter").message, [1, 2, "abc"]],
    ];
    writer.append(1, 6, request("commit"), []);
    const before = writer.length;
    for (const [message, args] of refused) {
      expect(codeOf(() => writer.append(1, 0, message, args))).toBe("invalid-argument");
    }
    expect(codeOf(() => writer.append(-1, 0, request("commit"), []))).toBe("invalid-argument");
    expect(codeOf(() => writer.append(1, 0x1_0000, request("commit"), []))).toBe("invalid-argument");
    expect(writer.length).toBe(before);
    expect(writer.take()).toEqual(encode(1, 6, request("commit"), []));
  });

  test("refuses a message that gets too long for the peer", () => {
    const writer = new MessageWriter({ maxMessageBytes: 4096 });
    const room = 4096 - HEADER_BYTES - 4;
    writer.append(1, 2, title, ["a".repeat(room - 1)]);
    expect(codeOf(() => writer.append(1, 2, title, ["a".repeat(room)]))).toBe("protocol");
    expect(codeOf(() => writer.append(1, 2, title, ["é".repeat(room / 2)]))).toBe("protocol");
    expect(codeOf(() => encode(1, 2, title, ["a".repeat(10_000_000)]))).toBe("protocol");
    expect(writer.length).toBe(4096);
  });

  test("gives what it gathered away: later messages do not touch it", () => {
    for (const count of [1, 5000]) {
      const writer = new MessageWriter();
      for (let turn = 0; turn < count; turn++) writer.append(1, 0, request("damage"), [turn, 0, 0, 0]);
      const first = writer.take();
      const copy = first.slice();
      for (let turn = 0; turn < count; turn++) writer.append(2, 0, request("damage"), [-1, -1, -1, -1]);
      expect(first.length).toBe(count * 24);
      expect(first).toEqual(copy);
      expect(writer.take().length).toBe(count * 24);
      expect(writer.take().length).toBe(0);
    }
  });

  test("passes whole messages through in order", () => {
    const writer = new MessageWriter();
    const commit = encode(3, 6, request("commit"), []);
    writer.appendRaw(commit);
    writer.append(1, 0, messageByName(wl_display, "requests", "sync").message, [9]);
    writer.appendRaw(commit);
    const sync = encode(1, 0, messageByName(wl_display, "requests", "sync").message, [9]);
    expect(writer.take()).toEqual(new Uint8Array(Buffer.concat([commit, sync, commit])));
  });
});

test("looking up a message that is not there is a defect", () => {
  expect(codeOf(() => messageByName(wl_surface, "events", "attach"))).toBe("internal");
});
