/**
 * Decodes PNG pictures of icons, which strangers have made: every length is compared before it is used, and what does not fit
 * ends it. Specification: Portable Network Graphics, third edition.
 */
import { inflateSync } from "node:zlib";
import { pngSize } from "../catalog/png-header.ts";

/** Sides of a picture that is decoded, in pixels: icons have up to 512. */
export const MAX_ICON_SIDE = 1024;
/** Chunks of one picture. */
export const MAX_PNG_CHUNKS = 4096;

/** A picture: four bytes a pixel (red, green, blue, alpha; not premultiplied), rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly color: number;
  readonly interlaced: boolean;
  readonly palette: Uint8Array;
  readonly transparency: Uint8Array;
}

/** Samples of a pixel by colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const GREY = 0;
const COLOR = 2;
const PALETTE = 3;

/** First column and row, and steps, of the passes of an interlaced picture (Adam7); the whole in one otherwise. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const WHOLE = [[0, 0, 1, 1]] as const;

/** The picture in `file`; undefined when it is damaged, too large, or no PNG file. */
export function decodePng(file: Uint8Array): Picture | undefined {
  const size = pngSize(file);
  if (size === undefined || size.width > MAX_ICON_SIDE || size.height > MAX_ICON_SIDE) return undefined;
  const chunks = readChunks(file);
  if (chunks === undefined) return undefined;
  const part = (type: string): Uint8Array =>
    Buffer.concat(chunks.filter((chunk) => chunk.type === type).map(({ data }) => data));
  const [depth = 0, color = 0, interlace = 0] = [file[24], file[25], file[28]];
  const header = {
    ...size,
    depth,
    color,
    interlaced: interlace === 1,
    palette: part("PLTE"),
    transparency: part("tRNS"),
  };
  const passes = header.interlaced ? PASSES : WHOLE;
  const lengths = passes.map((pass) => passBytes(header, pass));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const data = inflate(part("IDAT"), total);
  if (data === undefined) return undefined;
  const pixels = new Uint8Array(size.width * size.height * 4);
  let at = 0;
  for (const [index, pass] of passes.entries()) {
    const end = at + (lengths[index] ?? 0);
    if (!decodePass(header, pass, data.subarray(at, end), pixels)) return undefined;
    at = end;
  }
  return { ...size, pixels };
}

function readChunks(file: Uint8Array): { type: string; data: Uint8Array }[] | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks: { type: string; data: Uint8Array }[] = [];
  for (let at = 8; at + 12 <= file.length && chunks.length < MAX_PNG_CHUNKS; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > file.length || view.getUint32(end) !== Bun.hash.crc32(file.subarray(at + 4, end))) return undefined;
    const type = Buffer.from(file.subarray(at + 4, at + 8)).toString("latin1");
    if (type === "IEND") return chunks;
    chunks.push({ type, data: file.subarray(at + 8, end) });
    at = end + 4;
  }
  return undefined;
}

function inflate(data: Uint8Array, length: number): Uint8Array | undefined {
  try {
    const unpacked = inflateSync(data, { maxOutputLength: length });
    return unpacked.length === length ? unpacked : undefined;
  } catch {
    return undefined;
  }
}

type Pass = readonly [left: number, top: number, stepX: number, stepY: number];

function passSize({ width, height }: Header, [left, top, stepX, stepY]: Pass): { columns: number; rows: number } {
  return {
    columns: Math.max(0, Math.ceil((width - left) / stepX)),
    rows: Math.max(0, Math.ceil((height - top) / stepY)),
  };
}

/** Bytes of a row, without its filter. */
function rowBytes({ depth, color }: Header, columns: number): number {
  return Math.ceil((columns * (CHANNELS[color] ?? 0) * depth) / 8);
}

function passBytes(header: Header, pass: Pass): number {
  const { columns, rows } = passSize(header, pass);
  return columns === 0 ? 0 : rows * (1 + rowBytes(header, columns));
}

/** Undoes the filters of a pass in place, and puts its pixels where they belong; false when a filter is unknown. */
function decodePass(header: Header, pass: Pass, data: Uint8Array, pixels: Uint8Array): boolean {
  const { columns, rows } = passSize(header, pass);
  const [left, top, stepX, stepY] = pass;
  const length = rowBytes(header, columns);
  const distance = Math.max(1, Math.ceil(((CHANNELS[header.color] ?? 0) * header.depth) / 8));
  let above: Uint8Array = new Uint8Array(length);
  for (let row = 0; row < (columns === 0 ? 0 : rows); row++) {
    const start = row * (length + 1);
    const line = data.subarray(start + 1, start + 1 + length);
    if (!unfilter(data[start] ?? 255, line, above, distance)) return false;
    for (let column = 0; column < columns; column++) {
      const at = ((top + row * stepY) * header.width + left + column * stepX) * 4;
      if (!putPixel(header, line, column, pixels, at)) return false;
    }
    above = line;
  }
  return true;
}

/** Filters 0 to 4: none, left, above, their mean, Paeth. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, distance: number): boolean {
  if (filter > 4) return false;
  for (let at = 0; at < line.length; at++) {
    const a = at < distance ? 0 : (line[at - distance] ?? 0);
    const b = above[at] ?? 0;
    const c = at < distance ? 0 : (above[at - distance] ?? 0);
    const predicted = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter] ?? 0;
    line[at] = (line[at] ?? 0) + predicted;
  }
  return true;
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

/** Writes the pixel `column` of a row; false when the palette has no such colour. */
function putPixel(header: Header, line: Uint8Array, column: number, pixels: Uint8Array, at: number): boolean {
  const { color, depth, palette, transparency } = header;
  const channels = CHANNELS[color] ?? 1;
  const sample = (channel: number): number => sampleAt(line, column * channels + channel, depth);
  if (color === PALETTE) {
    const index = sample(0);
    if (index * 3 + 3 > palette.length) return false;
    pixels.set(palette.subarray(index * 3, index * 3 + 3), at);
    pixels[at + 3] = transparency[index] ?? 255;
    return true;
  }
  const eight = (value: number): number => (depth === 16 ? value >> 8 : Math.round((value * 255) / (2 ** depth - 1)));
  const grey = color === GREY || color === 4;
  for (let channel = 0; channel < 3; channel++) pixels[at + channel] = eight(sample(grey ? 0 : channel));
  pixels[at + 3] =
    color === GREY || color === COLOR ? keyedAlpha(header, sample, grey ? 1 : 3) : eight(sample(channels - 1));
  return true;
}

/** Without an alpha channel one colour may be named that is transparent. */
function keyedAlpha({ transparency }: Header, sample: (channel: number) => number, channels: number): number {
  if (transparency.length < 2 * channels) return 255;
  for (let channel = 0; channel < channels; channel++) {
    if (sample(channel) !== ((transparency[2 * channel] ?? 0) << 8) + (transparency[2 * channel + 1] ?? 0)) return 255;
  }
  return 0;
}

function sampleAt(line: Uint8Array, index: number, depth: number): number {
  if (depth === 16) return ((line[2 * index] ?? 0) << 8) + (line[2 * index + 1] ?? 0);
  if (depth === 8) return line[index] ?? 0;
  const bit = index * depth;
  return ((line[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
