/**
 * The requests that a window manager sends, and what is answered. A request is its opcode, one byte of data, its length in
 * words, its fields, and bytes behind them that fill whole words (X11 protocol, appendix B).
 */
import { type Fields, type Layout, layoutSize, writeFields } from "./layout.ts";

export interface RequestTable {
  readonly opcode: number;
  /** The first field is the data byte of the header. */
  readonly fields: Layout;
  /** Of the answer, likewise; without, there is none. */
  readonly reply?: Layout;
}

const table = <const R extends RequestTable>(request: R): R => request;
const HEADER_BYTES = 4;

export const createWindow = table({
  opcode: 1,
  fields: [
    ["u8", "depth"],
    ["u32", "window"],
    ["u32", "parent"],
    ["i16", "x"],
    ["i16", "y"],
    ["u16", "width"],
    ["u16", "height"],
    ["u16", "borderWidth"],
    ["u16", "class"],
    ["u32", "visual"],
    ["u32", "mask"],
  ],
});
/** Its bits in `mask`, and behind it a word for each, lowest bit first. */
export const changeWindowAttributes = table({
  opcode: 2,
  fields: [["unused1"], ["u32", "window"], ["u32", "mask"]],
});
export const destroyWindow = table({ opcode: 4, fields: [["unused1"], ["u32", "window"]] });
export const mapWindow = table({ opcode: 8, fields: [["unused1"], ["u32", "window"]] });
/** As changeWindowAttributes, with a mask of 16 bits. */
export const configureWindow = table({
  opcode: 12,
  fields: [["unused1"], ["u32", "window"], ["u16", "mask"], ["unused2"]],
});
export const getGeometry = table({
  opcode: 14,
  fields: [["unused1"], ["u32", "window"]],
  reply: [
    ["u8", "depth"],
    ["u32", "root"],
    ["i16", "x"],
    ["i16", "y"],
    ["u16", "width"],
    ["u16", "height"],
    ["u16", "borderWidth"],
  ],
});
/** The name follows. */
export const internAtom = table({
  opcode: 16,
  fields: [["u8", "onlyIfExists"], ["u16", "nameLength"], ["unused2"]],
  reply: [["unused1"], ["u32", "atom"]],
});
/** The name follows the answer. */
export const getAtomName = table({
  opcode: 17,
  fields: [["unused1"], ["u32", "atom"]],
  reply: [["unused1"], ["u16", "nameLength"], ["unused22"]],
});
/** `count` units of `format` bits follow. */
export const changeProperty = table({
  opcode: 18,
  fields: [
    ["u8", "mode"],
    ["u32", "window"],
    ["u32", "property"],
    ["u32", "type"],
    ["u8", "format"],
    ["unused3"],
    ["u32", "count"],
  ],
});
/** The value follows the answer: `count` units of `format` bits. */
export const getProperty = table({
  opcode: 20,
  fields: [
    ["u8", "delete"],
    ["u32", "window"],
    ["u32", "property"],
    ["u32", "type"],
    ["u32", "offset"],
    ["u32", "length"],
  ],
  reply: [["u8", "format"], ["u32", "type"], ["u32", "bytesAfter"], ["u32", "count"], ["unused12"]],
});
export const setSelectionOwner = table({
  opcode: 22,
  fields: [["unused1"], ["u32", "owner"], ["u32", "selection"], ["u32", "time"]],
});
export const convertSelection = table({
  opcode: 24,
  fields: [
    ["unused1"],
    ["u32", "requestor"],
    ["u32", "selection"],
    ["u32", "target"],
    ["u32", "property"],
    ["u32", "time"],
  ],
});
/** An event of 32 bytes follows. */
export const sendEvent = table({
  opcode: 25,
  fields: [
    ["u8", "propagate"],
    ["u32", "destination"],
    ["u32", "eventMask"],
  ],
});
export const setInputFocus = table({
  opcode: 42,
  fields: [
    ["u8", "revertTo"],
    ["u32", "focus"],
    ["u32", "time"],
  ],
});
export const queryExtension = table({
  opcode: 98,
  fields: [["unused1"], ["u16", "nameLength"], ["unused2"]],
  reply: [["unused1"], ["u8", "present"], ["u8", "majorOpcode"], ["u8", "firstEvent"], ["u8", "firstError"]],
});
export const killClient = table({ opcode: 113, fields: [["unused1"], ["u32", "resource"]] });

/** Of an extension, whose opcode the server chooses. */
export const compositeRedirectSubwindows = (opcode: number) =>
  table({ opcode, fields: [["u8", "minor"], ["u32", "window"], ["u8", "update"], ["unused3"]] });
export const xfixesQueryVersion = (opcode: number) =>
  table({
    opcode,
    fields: [
      ["u8", "minor"],
      ["u32", "clientMajor"],
      ["u32", "clientMinor"],
    ],
    reply: [["unused1"], ["u32", "major"], ["u32", "minorVersion"]],
  });
export const xfixesSelectSelectionInput = (opcode: number) =>
  table({
    opcode,
    fields: [
      ["u8", "minor"],
      ["u32", "window"],
      ["u32", "selection"],
      ["u32", "mask"],
    ],
  });

const NOTHING = new Uint8Array(0);

/** The bytes of a request; `tail` are those behind its fields. */
export function encodeRequest<const R extends RequestTable>(
  request: R,
  values: Fields<R["fields"]>,
  tail: Uint8Array = NOTHING,
): Uint8Array {
  const [data, ...fields] = request.fields;
  const start = HEADER_BYTES + layoutSize(fields);
  const bytes = new Uint8Array((start + tail.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, request.opcode);
  if (data !== undefined) writeFields(view, 1, [data], values);
  view.setUint16(2, bytes.length / 4, true);
  writeFields(view, HEADER_BYTES, fields, values);
  bytes.set(tail, start);
  return bytes;
}

/** Words as bytes, for the tail of a request. */
export function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}
