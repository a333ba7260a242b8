/**
 * Drawing with a round pen: strokes become pixels, each covered as much as the pen covers it. Small and slow next to a real
 * rasteriser, and enough for a line of text that is drawn when a title changes. No I/O.
 */
import type { Colour } from "./colour.ts";
import { DOTLESS, GLYPHS, MARKS, UNKNOWN_GLYPH } from "./glyphs.ts";
import { CYRILLIC_GREEK, LOOK_ALIKES } from "./glyphs-cyrillic-greek.ts";

/** Pieces of a curve; more cannot be told apart at the sizes of title bars. */
const CURVE_PIECES = 6;
/** Between two letters, in units of the glyphs. */
const SPACING = 1.9;
const SPACE_WIDTH = 3.2;

/** What xrgb8888 says nothing of, and some programs that take screenshots read as if it were argb8888. */
const OPAQUE = 0xff000000;

/** An opaque picture; a pixel is 0xFFRRGGBB (xrgb8888 of wl_shm). */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;

  constructor(width: number, height: number, background: Colour) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint32Array(width * height).fill((OPAQUE | background) >>> 0);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.pixels.buffer);
  }

  /** Lays `colour` over a pixel; `cover` is from 0 to 1. */
  blend(x: number, y: number, colour: Colour, cover: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height || cover <= 0) return;
    const index = y * this.width + x;
    const below = this.pixels[index] ?? 0;
    let mixed = OPAQUE;
    for (const shift of [16, 8, 0]) {
      const [under, over] = [(below >> shift) & 0xff, (colour >> shift) & 0xff];
      mixed |= Math.round(under + (over - under) * Math.min(cover, 1)) << shift;
    }
    this.pixels[index] = mixed >>> 0;
  }
}

export interface Pen {
  /** Width of the stroke, in pixels. */
  readonly width: number;
  readonly colour: Colour;
}

type Point = readonly [x: number, y: number];
type Line = readonly Point[];

/** Draws strokes (see glyphs.ts) with their origin at x, y; a unit is `unit` pixels, and its y goes up. */
export function drawStrokes(
  canvas: Canvas,
  strokes: string,
  at: { readonly x: number; readonly y: number; readonly unit: number },
  pen: Pen,
): void {
  drawLines(
    canvas,
    linesOf(strokes).map((line) => line.map(([x, y]): Point => [at.x + x * at.unit, at.y - y * at.unit])),
    pen,
  );
}

/** How wide a line of text is, in units of the glyphs, the space after it included. */
export function textWidth(text: string): number {
  return layOut(text).width;
}

/** Draws a line of text that begins at x on the base line y. */
export function drawText(
  canvas: Canvas,
  text: string,
  at: { readonly x: number; readonly y: number; readonly unit: number },
  pen: Pen,
): void {
  for (const { x, lines } of layOut(text).glyphs) {
    const placed = lines.map((line) => line.map(([dx, dy]): Point => [at.x + (x + dx) * at.unit, at.y - dy * at.unit]));
    drawLines(canvas, placed, pen);
  }
}

/** Fills a rectangle with round corners. */
export function fillRounded(
  canvas: Canvas,
  { x, y, width, height, radius }: Record<"x" | "y" | "width" | "height" | "radius", number>,
  colour: Colour,
): void {
  for (let py = Math.floor(y); py < y + height; py++) {
    for (let px = Math.floor(x); px < x + width; px++) {
      const [cx, cy] = [px + 0.5, py + 0.5];
      const dx = Math.max(x + radius - cx, cx - (x + width - radius), 0);
      const dy = Math.max(y + radius - cy, cy - (y + height - radius), 0);
      canvas.blend(px, py, colour, radius - Math.hypot(dx, dy) + 0.5);
    }
  }
}

/** Fills a polygon; corners in pixels. */
export function fillPolygon(canvas: Canvas, corners: readonly Point[], colour: Colour): void {
  // Four looks at each pixel are fine enough for a cursor.
  const looks = [0.25, 0.75];
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const inside = looks.flatMap((dy) => looks.filter((dx) => isInside(x + dx, y + dy, corners)));
      canvas.blend(x, y, colour, inside.length / looks.length ** 2);
    }
  }
}

/** By the number of edges to the right of the point. */
function isInside(x: number, y: number, corners: readonly Point[]): boolean {
  let inside = false;
  for (const [index, [ax, ay]] of corners.entries()) {
    const [bx, by] = corners.at(index - 1) ?? [ax, ay];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

interface Layout {
  readonly glyphs: { readonly x: number; readonly lines: readonly Line[] }[];
  readonly width: number;
}

function layOut(text: string): Layout {
  const glyphs: { x: number; lines: readonly Line[] }[] = [];
  let x = 0;
  for (const letter of lettersOf(text)) {
    if (letter === " ") {
      x += SPACE_WIDTH;
      continue;
    }
    const { lines, left, right } = glyphOf(letter);
    glyphs.push({ x: x - left, lines });
    x += right - left + SPACING;
  }
  return { glyphs, width: x };
}

/** Letters with what belongs to them, marks or the rest of a Korean syllable, decomposed; all that separates words is a space. */
function lettersOf(text: string): string[] {
  return (
    text
      .normalize("NFD")
      .replace(/\s/gu, " ")
      .match(/[\u1100-\u115f][\u1160-\u11ff]*|\P{M}\p{M}*|\p{M}/gu) ?? []
  );
}

interface Glyph {
  readonly lines: readonly Line[];
  readonly left: number;
  readonly right: number;
}

function glyphOf(letter: string): Glyph {
  const [base = "", ...marks] = letter;
  const shown = marks.map((mark) => MARKS[mark]);
  // The dot of a letter gives way to a mark above it.
  const shape = shown.some((mark) => mark !== undefined && !mark.below) ? (DOTLESS[base] ?? base) : base;
  const lines = linesOf(GLYPHS[shape] ?? GLYPHS[LOOK_ALIKES[shape] ?? ""] ?? CYRILLIC_GREEK[shape] ?? UNKNOWN_GLYPH);
  const xs = lines.flat().map(([x]) => x);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const above = Math.max(...lines.flat().map(([, y]) => y)) + 1;
  const marked = shown.flatMap((mark) => {
    if (mark === undefined) return [];
    const [dx, dy] = [(left + right) / 2, mark.below ? 0 : above];
    return linesOf(mark.strokes).map((line) => line.map(([x, y]): Point => [x + dx, y + dy]));
  });
  return { lines: [...lines, ...marked], left, right };
}

const known = new Map<string, readonly Line[]>();

/** Strokes as straight lines. */
function linesOf(strokes: string): readonly Line[] {
  const before = known.get(strokes);
  if (before !== undefined) return before;
  const lines = strokes.split(";").map((stroke) => flatten(stroke.trim().split(/\s+/)));
  known.set(strokes, lines);
  return lines;
}

function flatten(words: readonly string[]): Line {
  const isClosed = words.at(-1) === "z";
  const points = words.slice(0, isClosed ? -1 : undefined).map((word) => {
    const [x = 0, y = 0] = word.replace("~", "").split(",").map(Number);
    return { at: [x, y] as Point, pulls: word.startsWith("~") };
  });
  // A closed stroke of pulling points alone begins between its first and its last.
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const start = first.pulls ? middle(first.at, last.at) : first.at;
  const line: Point[] = [start];
  let control: Point | undefined;
  const goTo = (end: Point): void => {
    const from = line[line.length - 1] ?? start;
    if (control === undefined) line.push(end);
    else
      for (let piece = 1; piece <= CURVE_PIECES; piece++) line.push(onCurve(from, control, end, piece / CURVE_PIECES));
    control = undefined;
  };
  for (const { at, pulls } of first.pulls ? points : points.slice(1)) {
    if (!pulls) goTo(at);
    else {
      if (control !== undefined) goTo(middle(control, at));
      control = at;
    }
  }
  if (isClosed) goTo(start);
  return line;
}

function middle([ax, ay]: Point, [bx, by]: Point): Point {
  return [(ax + bx) / 2, (ay + by) / 2];
}

function onCurve([ax, ay]: Point, [cx, cy]: Point, [bx, by]: Point, t: number): Point {
  const [a, c, b] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
  return [a * ax + c * cx + b * bx, a * ay + c * cy + b * by];
}

/** Covers pixels by their distance from the nearest line. */
function drawLines(canvas: Canvas, lines: readonly Line[], { width, colour }: Pen): void {
  const radius = width / 2;
  const covers = new Map<number, number>();
  for (const line of lines) {
    for (const [index, [bx, by]] of line.entries()) {
      const [ax, ay] = line[index - 1] ?? [bx, by];
      const reach = radius + 1;
      const [right, bottom] = [Math.max(ax, bx) + reach, Math.max(ay, by) + reach];
      for (let y = Math.max(0, Math.floor(Math.min(ay, by) - reach)); y < Math.min(bottom, canvas.height); y++) {
        for (let x = Math.max(0, Math.floor(Math.min(ax, bx) - reach)); x < Math.min(right, canvas.width); x++) {
          const cover = radius + 0.5 - distance(x + 0.5, y + 0.5, ax, ay, bx, by);
          const at = y * canvas.width + x;
          if (cover > (covers.get(at) ?? 0)) covers.set(at, cover);
        }
      }
    }
  }
  for (const [at, cover] of covers) canvas.blend(at % canvas.width, Math.floor(at / canvas.width), colour, cover);
}

function distance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(((x - ax) * dx + (y - ay) * dy) / length, 1));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
