import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VitrineError } from "../../../base/error.ts";
import { decodeEvent, type EventName, encodeEvent } from "./events.ts";
import { type FieldType, type Layout, layoutSize, readFields, sizeOf, writeFields } from "./layout.ts";
import { MAX_X_PACKET_BYTES, PacketReader } from "./packets.ts";
import * as requests from "./requests.ts";
import { readSetup, setupRequest } from "./setup.ts";

fc.configureGlobal({ seed: 20261130, numRuns: 500 });

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof VitrineError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

const RANGES: Partial<Record<FieldType, [number, number]>> = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u32: [0, 0xffff_ffff],
  i32: [-0x8000_0000, 0x7fff_ffff],
};

/** Values for all named fields of a layout. */
function valuesOf(layout: Layout): fc.Arbitrary<Record<string, number>> {
  const named = layout.flatMap(([type, name]) => (name === undefined ? [] : [[name, type] as const]));
  const arbitraries = named.map(([name, type]) => {
    const [min, max] = RANGES[type] ?? [0, 0];
    return [name, fc.integer({ min, max })] as const;
  });
  return fc.record(Object.fromEntries(arbitraries), { noNullPrototype: true });
}

const tables = Object.values(requests as Readonly<Record<string, unknown>>).filter(
  (value): value is requests.RequestTable => typeof value === "object",
);
const type = fc.constantFrom<FieldType>("u8", "u16", "i16", "u32", "i32", "unused1", "unused12");
const layout = fc
  .array(type, { maxLength: 12 })
  .map((types): Layout => types.map((each, index) => (each.startsWith("unused") ? [each] : [each, `f${index}`])));

test("any fields are read as they were written, and unused bytes are zero", () => {
  const both = layout.chain((fields) => fc.tuple(fc.constant(fields), valuesOf(fields)));
  fc.assert(
    fc.property(both, ([fields, values]) => {
      const view = new DataView(new ArrayBuffer(layoutSize(fields)));
      expect(writeFields(view, 0, fields, values)).toBe(view.byteLength);
      expect(readFields(view, 0, fields)).toEqual(values);
      if (view.byteLength > 0) expect(codeOf(() => readFields(view, 1, fields))).toBe("protocol");
    }),
  );
});

test("any request says its own length, and holds its fields and tail", () => {
  const request = fc
    .constantFrom(...tables)
    .chain((table) => fc.tuple(fc.constant(table), valuesOf(table.fields), fc.uint8Array({ maxLength: 40 })));
  fc.assert(
    fc.property(request, ([table, values, tail]) => {
      const bytes = requests.encodeRequest(table, values, tail);
      const view = new DataView(bytes.buffer);
      expect([bytes.length % 4, bytes[0], view.getUint16(2, true) * 4]).toEqual([0, table.opcode, bytes.length]);
      const [data, ...fields] = table.fields;
      expect({ ...(data && readFields(view, 1, [data])), ...readFields(view, 4, fields) }).toEqual(values);
      const start = 4 + layoutSize(fields);
      expect(bytes.slice(start, start + tail.length)).toEqual(tail);
      expect(bytes.length - start - tail.length).toBeLessThan(4);
    }),
  );
  expect(tables.length).toBeGreaterThan(15);
  expect(sizeOf("unused22")).toBe(22);
});

test("requests and events are those of the protocol, byte for byte", () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  expect(hex(requests.encodeRequest(requests.mapWindow, { window: 0x200001 }))).toBe("0800020001002000");
  const tail = requests.words(640, 480);
  expect(hex(requests.encodeRequest(requests.configureWindow, { window: 0x200001, mask: 12 }, tail))).toBe(
    "0c000500010020000c00000080020000e0010000",
  );
  const name = new TextEncoder().encode("WM_S0");
  expect(hex(requests.encodeRequest(requests.internAtom, { onlyIfExists: 1, nameLength: 5 }, name))).toBe(
    "1001040005000000574d5f5330000000",
  );
  expect(hex(setupRequest())).toBe("6c000b000000000000000000");
  const message = { format: 32, window: 0x400001, type: 300, data0: 1, data1: 2, data2: 3, data3: 4, data4: 5 };
  expect(hex(encodeEvent("clientMessage", message))).toBe(
    "2120000001004000 2c010000 01000000 02000000 03000000 04000000 05000000".replaceAll(" ", ""),
  );
});

describe("events", () => {
  const NAMES = ["mapRequest", "configureRequest", "selectionRequest", "clientMessage", "configureNotify"] as const;

  test("are read as they were written, also those that a client has sent", () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), bytes, fc.boolean(), (name, noise, sent) => {
        const code = encodeEvent(name, {} as never)[0] ?? 0;
        noise[0] = sent ? code | 0x80 : code;
        const event = decodeEvent(noise, undefined);
        expect(event?.name).toBe(name);
        expect(event?.sent).toBe(sent);
        const again = decodeEvent(encodeEvent(name, (event as unknown as { fields: never }).fields), undefined);
        expect(again?.fields as unknown).toEqual(event?.fields);
      }),
    );
  });

  test("of an extension are known by the number that the server has given it", () => {
    const bytes = new Uint8Array(32);
    bytes[0] = 87;
    expect(decodeEvent(bytes, undefined)).toBeUndefined();
    expect(decodeEvent(bytes, 87)?.name).toBe("xfixesSelectionNotify" satisfies EventName);
  });
});

/** The answer to a setup, of a server with one screen. */
function setupAnswer(vendor: string): Uint8Array {
  const vendorBytes = (vendor.length + 3) & ~3;
  const length = 32 + vendorBytes + 2 * 8 + 40;
  const bytes = new Uint8Array(8 + length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint16(6, length / 4, true);
  view.setUint32(12, 0x200000, true);
  view.setUint32(16, 0x1fffff, true);
  view.setUint16(24, vendor.length, true);
  view.setUint8(28, 1);
  view.setUint8(29, 2);
  const screen = 40 + vendorBytes + 16;
  view.setUint32(screen, 0x3a, true);
  view.setUint16(screen + 20, 1280, true);
  view.setUint16(screen + 22, 800, true);
  view.setUint32(screen + 32, 0x21, true);
  return bytes;
}

test("the setup tells the root window, its size, and the ids that are ours", () => {
  const wanted = { idBase: 0x200000, idMask: 0x1fffff, root: 0x3a, width: 1280, height: 800, visual: 0x21 };
  expect(readSetup(setupAnswer("The X.Org Foundation"))).toEqual(wanted);
  const refusal = setupAnswer("x");
  refusal[0] = 0;
  expect(codeOf(() => readSetup(refusal))).toBe("protocol");
});

describe("packets", () => {
  const longReply = new Uint8Array(32 + 4 * 3);
  longReply.set([1, 0, 0, 0, 3]);

  test("come out whole, however the stream is cut", () => {
    const packet = fc.oneof(
      fc.constant(longReply),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).filter(([code = 0]) => code !== 1 && (code & 0x7f) !== 35),
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 10 }), cuts, (packets, sizes) => {
        const all = [setupAnswer("vendor"), ...packets];
        const stream = Buffer.concat(all);
        const reader = new PacketReader();
        const found: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          reader.push(stream.subarray(at, at + size));
          for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
          at += size;
        }
        expect(found.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(
          all.map((bytes) => Buffer.from(bytes).toString("hex")),
        );
      }),
    );
  });

  test("that are longer than anything asked for are refused before they come", () => {
    const reader = new PacketReader();
    reader.push(setupAnswer(""));
    reader.next();
    const bytes = longReply.slice();
    new DataView(bytes.buffer).setUint32(4, MAX_X_PACKET_BYTES, true);
    reader.push(bytes);
    expect(codeOf(() => reader.next())).toBe("protocol");
  });

  test("any bytes at all throw nothing but the one error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const code = codeOf(() => {
          const reader = new PacketReader();
          reader.push(bytes);
          for (let next = reader.next(); next !== undefined; next = reader.next()) {
            if (next.length >= 32) decodeEvent(next, 87);
            readSetup(next);
          }
        });
        expect(["nothing thrown", "protocol"]).toContain(code);
      }),
      { numRuns: 3000 },
    );
  });
});
