/**
 * The mark of a sandbox on pictures of its apps, in menus and in task bars: a ring in its colour, outermost, as the frame
 * around its windows is. An app could draw the icon of a program of the host, and no frame of ours is where icons are shown.
 */

/** Part of the side that the ring takes, on each side; still seen when the icon is shown at 16 pixels. */
const RING_PART = 12;

/** Width of the ring of an icon whose shorter side has `side` pixels. */
export function ringWidth(side: number): number {
  return Math.max(1, Math.ceil(side / RING_PART));
}

/** Draws the ring into a picture, row by row without gaps. `value` is an opaque pixel of the colour, as the picture has them. */
export function drawRing(pixels: Uint32Array, width: number, height: number, value: number): void {
  const ring = ringWidth(Math.min(width, height));
  for (let y = 0; y < height; y += 1) {
    const row = pixels.subarray(y * width, (y + 1) * width);
    if (y < ring || y >= height - ring) {
      row.fill(value);
      continue;
    }
    row.fill(value, 0, ring);
    row.fill(value, Math.max(ring, width - ring));
  }
}
