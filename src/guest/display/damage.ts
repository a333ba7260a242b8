/** Which pixels of a buffer have changed. Never forgets a pixel; may name some that have not changed. */
import { MAX_DAMAGE_RECTS } from "./limits.ts";

/** Half open: x1 and y1 are the first column and row outside. In pixels of a buffer. */
export interface Rect {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** The part of `rect` inside a buffer of `width` by `height`, or undefined when there is none. */
export function clip(rect: Rect, width: number, height: number): Rect | undefined {
  const x0 = Math.max(0, rect.x0);
  const y0 = Math.max(0, rect.y0);
  const x1 = Math.min(width, rect.x1);
  const y1 = Math.min(height, rect.y1);
  return x0 < x1 && y0 < y1 ? { x0, y0, x1, y1 } : undefined;
}

function contains(outer: Rect, inner: Rect): boolean {
  return outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && outer.x1 >= inner.x1 && outer.y1 >= inner.y1;
}

export class DamageRegion {
  #rects: Rect[] = [];

  get rects(): readonly Rect[] {
    return this.#rects;
  }

  /** Pixels named, those named twice counted twice. */
  get area(): number {
    return this.#rects.reduce((sum, { x0, y0, x1, y1 }) => sum + (x1 - x0) * (y1 - y0), 0);
  }

  add(rect: Rect): void {
    if (this.#rects.some((known) => contains(known, rect))) return;
    this.#rects = this.#rects.filter((known) => !contains(rect, known));
    this.#rects.push(rect);
    if (this.#rects.length > MAX_DAMAGE_RECTS) this.#rects = [this.#bounds()];
  }

  clear(): void {
    this.#rects = [];
  }

  #bounds(): Rect {
    return this.#rects.reduce((a, b) => ({
      x0: Math.min(a.x0, b.x0),
      y0: Math.min(a.y0, b.y0),
      x1: Math.max(a.x1, b.x1),
      y1: Math.max(a.y1, b.y1),
    }));
  }
}
