/** The beginning of an X11 connection: what the client says, and what the server answers. */
import { type Fields, type Layout, layoutSize, readFields, xError } from "./layout.ts";

const PROTOCOL_MAJOR = 11;
const LITTLE_ENDIAN = 0x6c;
const SUCCESS = 1;

/** The part of every answer that says how long the rest is. */
export const SETUP_HEADER_BYTES = 8;

const SETUP = [
  ["u32", "release"],
  ["u32", "idBase"],
  ["u32", "idMask"],
  ["u32", "motionBufferSize"],
  ["u16", "vendorLength"],
  ["u16", "maxRequestWords"],
  ["u8", "screens"],
  ["u8", "formats"],
  ["unused10"],
] as const satisfies Layout;
const FORMAT_BYTES = 8;
const SCREEN = [
  ["u32", "root"],
  ["unused16"],
  ["u16", "width"],
  ["u16", "height"],
  ["unused8"],
  ["u32", "visual"],
  ["unused2"],
  ["u8", "depth"],
  ["unused1"],
] as const satisfies Layout;

/** What the server says of itself and of its one screen. */
export type Setup = Pick<Fields<typeof SETUP>, "idBase" | "idMask"> &
  Pick<Fields<typeof SCREEN>, "root" | "width" | "height" | "visual">;

/** What a client says first: byte order, version, no authorization. */
export function setupRequest(): Uint8Array {
  return new Uint8Array([LITTLE_ENDIAN, 0, PROTOCOL_MAJOR, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/** Bytes of the whole answer, of which the header is there. */
export function setupSize(header: Uint8Array): number {
  return SETUP_HEADER_BYTES + 4 * new DataView(header.buffer, header.byteOffset).getUint16(6, true);
}

/** Reads the whole answer. Throws VitrineError "protocol" when the server refuses, or answers in another form. */
export function readSetup(bytes: Uint8Array): Setup {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < SETUP_HEADER_BYTES || view.getUint8(0) !== SUCCESS)
    throw xError("the server refuses the connection");
  const { idBase, idMask, vendorLength, screens, formats } = readFields(view, SETUP_HEADER_BYTES, SETUP);
  if (screens < 1) throw xError("the server has no screen");
  const at = SETUP_HEADER_BYTES + layoutSize(SETUP) + ((vendorLength + 3) & ~3) + FORMAT_BYTES * formats;
  const { root, width, height, visual } = readFields(view, at, SCREEN);
  return { idBase, idMask, root, width, height, visual };
}
