/**
 * Fixed parts of X11 messages as data: fields one after the other, little endian, without gaps of their own (X11 protocol,
 * appendix B). A field without a name is unused bytes: written as zeros, not read.
 */
import { VitrineError } from "../../../base/error.ts";

export type FieldType = "u8" | "u16" | "i16" | "u32" | "i32" | `unused${number}`;
export type Field = readonly [type: FieldType, name?: string];
export type Layout = readonly Field[];

/** The named fields of a layout. */
export type Fields<L extends Layout> = {
  readonly [F in L[number] as F extends readonly [FieldType, infer N extends string] ? N : never]: number;
};

/** What an X client or server must not send: the one error for bytes that break the protocol. */
export function xError(message: string): VitrineError {
  return new VitrineError("protocol", `X11: ${message}`);
}

/** Bytes that a field takes. */
export function sizeOf(type: FieldType): number {
  switch (type) {
    case "u8":
      return 1;
    case "u16":
    case "i16":
      return 2;
    case "u32":
    case "i32":
      return 4;
    default:
      return Number(type.slice("unused".length));
  }
}

/** Bytes that a layout takes. */
export function layoutSize(layout: Layout): number {
  return layout.reduce((sum, [type]) => sum + sizeOf(type), 0);
}

/** Writes the fields from `at` on; numbers are cut to the field's bits, as C does. Returns where the next byte goes. */
export function writeFields(
  view: DataView,
  at: number,
  layout: Layout,
  values: Readonly<Record<string, number>>,
): number {
  let next = at;
  for (const [type, name] of layout) {
    const value = name === undefined ? 0 : (values[name] ?? 0);
    if (type === "u8") view.setUint8(next, value);
    else if (type === "u16" || type === "i16") view.setUint16(next, value, true);
    else if (type === "u32" || type === "i32") view.setUint32(next, value, true);
    next += sizeOf(type);
  }
  return next;
}

/** Reads the fields from `at` on. Throws VitrineError "protocol" when the bytes end before. */
export function readFields<const L extends Layout>(view: DataView, at: number, layout: L): Fields<L> {
  if (at + layoutSize(layout) > view.byteLength) throw xError(`a message of ${view.byteLength} bytes is too short`);
  const values: Record<string, number> = {};
  let next = at;
  for (const [type, name] of layout as Layout) {
    if (name !== undefined) values[name] = readField(view, next, type);
    next += sizeOf(type);
  }
  return values as Fields<L>;
}

function readField(view: DataView, at: number, type: FieldType): number {
  switch (type) {
    case "u8":
      return view.getUint8(at);
    case "u16":
      return view.getUint16(at, true);
    case "i16":
      return view.getInt16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i32":
      return view.getInt32(at, true);
    default:
      return 0;
  }
}
