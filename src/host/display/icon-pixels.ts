/**
 * The picture of an app for task bars. A guest could draw the icon of a program of the host, and the compositor shows it
 * where no frame of ours can be around it; so the pixels are copied, once, and the sandbox's colour is put around them.
 * After that the guest cannot change them. Pure: the caller reads the guest's memory.
 */
import type { Colour } from "./frame/colour.ts";

/** Part of the side that the coloured ring takes, on each side; still seen when the icon is shown at 16 pixels. */
const RING_PART = 12;
const OPAQUE = 0xff000000;

/** Width of the ring of an icon with sides of `side` pixels. */
export function ringWidth(side: number): number {
  return Math.max(1, Math.ceil(side / RING_PART));
}

/** Draws the ring into square pixels of argb8888 or xrgb8888, `side` by `side`, row by row without gaps. */
export function drawRing(pixels: Uint32Array, side: number, colour: Colour): void {
  const width = ringWidth(side);
  const value = (OPAQUE | colour) >>> 0;
  for (let y = 0; y < side; y += 1) {
    const row = pixels.subarray(y * side, (y + 1) * side);
    if (y < width || y >= side - width) {
      row.fill(value);
      continue;
    }
    row.fill(value, 0, width);
    row.fill(value, Math.max(width, side - width));
  }
}
