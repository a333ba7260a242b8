/** Reading PNG as far as screenshots need it: 8 bits a colour, with or without transparency, which is left out. */
import { inflateSync } from "node:zlib";
import { VitrineError } from "../../src/base/error.ts";

const SIGNATURE_BYTES = 8;
/** Bytes of a pixel by colour type. */
const PIXEL_BYTES: Readonly<Record<number, number>> = { 2: 3, 6: 4 };

export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel, row by row. */
  readonly rgb: Buffer;
}

export function decodePng(bytes: Buffer): RgbPicture {
  let [width, height, pixelBytes] = [0, 0, 0];
  const data: Buffer[] = [];
  for (let at = SIGNATURE_BYTES; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    const chunk = bytes.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") {
      [width, height] = [chunk.readUInt32BE(0), chunk.readUInt32BE(4)];
      pixelBytes = chunk[8] === 8 && chunk[12] === 0 ? (PIXEL_BYTES[chunk[9] ?? 0] ?? 0) : 0;
    } else if (type === "IDAT") data.push(chunk);
    at += length + 12;
  }
  if (pixelBytes === 0)
    throw new VitrineError("protocol", "reading a picture failed: a PNG of 8 bits a colour is wanted");
  const pixels = unfilter(inflateSync(Buffer.concat(data)), width * pixelBytes, height, pixelBytes);
  const rgb = Buffer.alloc(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++)
    pixels.copy(rgb, pixel * 3, pixel * pixelBytes, pixel * pixelBytes + 3);
  return { width, height, rgb };
}

/** Takes back what each row was made easier to compress by (PNG specification, section 9). */
function unfilter(raw: Buffer, rowBytes: number, height: number, pixelBytes: number): Buffer {
  const out = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (rowBytes + 1)] ?? 0;
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x >= pixelBytes ? (out[at - pixelBytes] ?? 0) : 0;
      const up = y > 0 ? (out[at - rowBytes] ?? 0) : 0;
      const corner = x >= pixelBytes && y > 0 ? (out[at - rowBytes - pixelBytes] ?? 0) : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      out[at] = ((raw[y * (rowBytes + 1) + 1 + x] ?? 0) + guess) & 0xff;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
