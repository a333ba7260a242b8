/** The mark on an app's icon that tells which sandbox it is of: a disc in the sandbox's colour. */
import { VitrineError } from "../../base/error.ts";
import { decodePng, type Picture } from "./png-decode.ts";
import { encodePng } from "./png-encode.ts";

/** Of the icon's side: the disc's radius, the white ring around it, how far its middle is from the corner. */
const RADIUS = 0.19;
const RING = 0.03;
const INSET = 0.22;
/** Points across a pixel that are asked whether they are within the disc: edges are smooth. */
const SAMPLES = 4;

type Color = readonly [red: number, green: number, blue: number];
const WHITE: Color = [255, 255, 255];

/**
 * The icon in the PNG file `icon`, written anew, with a disc of `color` ("#rrggbb") in the lower right corner; undefined
 * when it is no usable picture. Nothing of the file itself goes into the new one, only its pixels.
 */
export function badgeIcon(icon: Uint8Array, color: string): Uint8Array | undefined {
  const picture = decodePng(icon);
  return picture === undefined ? undefined : encodePng(drawBadge(picture, parseColor(color)));
}

function drawBadge({ width, height, pixels }: Picture, color: Color): Picture {
  const side = Math.min(width, height);
  const [x, y] = [width - INSET * side, height - INSET * side];
  const drawn = Uint8Array.from(pixels);
  disc(drawn, width, height, x, y, (RADIUS + RING) * side, WHITE);
  disc(drawn, width, height, x, y, RADIUS * side, color);
  return { width, height, pixels: drawn };
}

function disc(
  pixels: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
  radius: number,
  color: Color,
): void {
  for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(height, y + radius); row++) {
    for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(width, x + radius); column++) {
      blend(pixels, (row * width + column) * 4, color, coverage(column - x, row - y, radius));
    }
  }
}

/** Share of the pixel at that distance from the middle that is within the disc. */
function coverage(dx: number, dy: number, radius: number): number {
  let inside = 0;
  for (let i = 0; i < SAMPLES; i++) {
    for (let j = 0; j < SAMPLES; j++) {
      if (Math.hypot(dx + (i + 0.5) / SAMPLES, dy + (j + 0.5) / SAMPLES) <= radius) inside++;
    }
  }
  return inside / SAMPLES ** 2;
}

/** `color` over a pixel, with `alpha` from 0 to 1. */
function blend(pixels: Uint8Array, at: number, color: Color, alpha: number): void {
  const below = ((pixels[at + 3] ?? 0) / 255) * (1 - alpha);
  const sum = alpha + below;
  if (sum === 0) return;
  for (const [channel, value] of color.entries()) {
    pixels[at + channel] = Math.round((value * alpha + (pixels[at + channel] ?? 0) * below) / sum);
  }
  pixels[at + 3] = Math.round(sum * 255);
}

function parseColor(color: string): Color {
  const [, red = "", green = "", blue = ""] = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color) ?? [];
  if (red === "") throw new VitrineError("invalid-argument", `Cannot use "${color}" as a colour: want "#rrggbb"`);
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}
