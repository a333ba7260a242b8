/** Writes PNG files: 8 bits a sample, red, green, blue, alpha, nothing else in them. */
import { deflateSync } from "node:zlib";
import type { Picture } from "./png-decode.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const RGBA = 6;
/** Filter "up": rows of icons are much like the row above. */
const UP = 2;

/** The file of `picture`. */
export function encodePng({ width, height, pixels }: Picture): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, RGBA, 0, 0, 0], 8);
  const row = width * 4;
  const data = new Uint8Array(height * (row + 1));
  for (let y = 0; y < height; y++) {
    data[y * (row + 1)] = UP;
    for (let x = 0; x < row; x++) {
      data[y * (row + 1) + 1 + x] = (pixels[y * row + x] ?? 0) - (y === 0 ? 0 : (pixels[(y - 1) * row + x] ?? 0));
    }
  }
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(data, { level: 9 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(Bun.hash.crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
