/** Looks at the beginning of a PNG file: is it one, and how large is its picture? Specification: PNG, third edition, 11.2.1. */

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const HEADER_LENGTH = 13;
/** Bytes that {@link pngSize} looks at: signature, and the whole header chunk. */
export const PNG_HEADER_BYTES = 33;
/** Allowed bit depths by colour type. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** Width and height in pixels; undefined when `data` does not begin as a PNG file does. */
export function pngSize(data: Uint8Array): { width: number; height: number } | undefined {
  if (data.length < PNG_HEADER_BYTES || !SIGNATURE.every((byte, index) => data[index] === byte)) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const type = Buffer.from(data.subarray(12, 16)).toString("latin1");
  if (view.getUint32(8) !== HEADER_LENGTH || type !== "IHDR") return undefined;
  if (view.getUint32(29) !== Bun.hash.crc32(data.subarray(12, 29))) return undefined;
  const [width, height, depth, color] = [view.getUint32(16), view.getUint32(20), view.getUint8(24), view.getUint8(25)];
  const [compression, filter, interlace] = [view.getUint8(26), view.getUint8(27), view.getUint8(28)];
  const known = DEPTHS[color]?.includes(depth) === true && compression === 0 && filter === 0 && interlace <= 1;
  return known && width > 0 && height > 0 && width < 2 ** 31 && height < 2 ** 31 ? { width, height } : undefined;
}
