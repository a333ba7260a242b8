/** Rectangles as tests compare them. */
import type { Rect } from "./rect.ts";

/** Largest scale of a buffer in these tests. */
export const MAX_SCALE = 3;

/** Under the frame. */
export function isOutOfSight(shown: Rect): boolean {
  return same(shown, { x: -1, y: -1, width: 1, height: 1 });
}

export function same(a: Rect, b: Rect | undefined): boolean {
  return a.x === b?.x && a.y === b.y && a.width === b.width && a.height === b.height;
}

/** The same to within two steps of a viewport's source, at the largest scale. */
export function close(a: Rect, b: Rect): boolean {
  const near = (one: number, other: number) => Math.abs(one - other) <= (2 * MAX_SCALE) / 256;
  return near(a.x, b.x) && near(a.y, b.y) && near(a.width, b.width) && near(a.height, b.height);
}

export function text({ x, y, width, height }: Rect): string {
  return `${width}x${height} at ${x},${y}`;
}
