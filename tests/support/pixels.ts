/** A picture as pixels: a screenshot as PNG, or as PPM (P6, 8 bits a colour), which is quicker to read. */
import { VitrineError } from "../../src/base/error.ts";
import { decodePng } from "./png.ts";
import type { Rectangle } from "./sway.ts";

const PNG_BEGINS = 0x89;

export class Pixels {
  readonly width: number;
  readonly height: number;
  readonly #rgb: Buffer;

  private constructor(width: number, height: number, rgb: Buffer) {
    this.width = width;
    this.height = height;
    this.#rgb = rgb;
  }

  static from(bytes: Buffer): Pixels {
    if (bytes[0] === PNG_BEGINS) {
      const { width, height, rgb } = decodePng(bytes);
      return new Pixels(width, height, rgb);
    }
    const [header = "", width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString("latin1", 0, 64)) ?? [];
    if (header === "") throw new VitrineError("protocol", "reading a picture failed: a PPM of 8 bits is wanted");
    return new Pixels(Number(width), Number(height), bytes.subarray(header.length));
  }

  equals(other: Pixels): boolean {
    return this.width === other.width && this.height === other.height && this.#rgb.equals(other.#rgb);
  }

  /** The colour of a pixel, 0xRRGGBB. */
  at(x: number, y: number): number {
    return this.#rgb.readUIntBE((y * this.width + x) * 3, 3);
  }

  /** The pixels of a rectangle that lies inside, row by row. */
  part({ x, y, width, height }: Rectangle): Buffer {
    const rows = Array.from({ length: height }, (_, row) => {
      const start = ((y + row) * this.width + x) * 3;
      return this.#rgb.subarray(start, start + width * 3);
    });
    return Buffer.concat(rows);
  }

  /** The smallest rectangle that holds every pixel that `wanted` takes; undefined without one. */
  box(wanted: (colour: number, x: number, y: number) => boolean): Rectangle | undefined {
    let [left, top, right, bottom] = [this.width, this.height, -1, -1];
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) {
        if (!wanted(this.at(x, y), x, y)) continue;
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
      }
    }
    return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
  }

  /** Where it differs from a picture of the same size. */
  difference(other: Pixels): Rectangle | undefined {
    return this.box((colour, x, y) => colour !== other.at(x, y));
  }

  /** The one colour of a rectangle; undefined when there are several. */
  colourOf(rectangle: Rectangle): number | undefined {
    const colour = this.at(rectangle.x, rectangle.y);
    const other = this.part(rectangle);
    for (let at = 0; at < other.length; at += 3) if (other.readUIntBE(at, 3) !== colour) return undefined;
    return colour;
  }
}
