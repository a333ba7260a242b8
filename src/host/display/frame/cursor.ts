/** What the pointer looks like on a frame, drawn for compositors that have no cursors by name. No I/O. */
import type { Zone } from "./measures.ts";
import { Canvas, drawStrokes, fillPolygon } from "./strokes.ts";

export interface CursorPicture {
  readonly side: number;
  /** The point that points; in pixels. */
  readonly hotspot: number;
  /** argb8888, premultiplied. */
  readonly pixels: Uint8Array;
}

/** Names of wp_cursor_shape_device_v1.shape. */
export type CursorShape = "default" | "ns_resize" | "ew_resize" | "nwse_resize" | "nesw_resize";

const SIDE = 24;
const CENTRE = SIDE / 2;
const [OUTLINE, INK] = [0xffffff, 0x000000];
/** By xdg_toplevel.resize_edge. */
const RESIZE: Readonly<Record<number, CursorShape>> = {
  1: "ns_resize",
  2: "ns_resize",
  4: "ew_resize",
  8: "ew_resize",
  5: "nwse_resize",
  10: "nwse_resize",
  6: "nesw_resize",
  9: "nesw_resize",
};
/** Arrows around their middle. */
const ARROWS: Readonly<Record<Exclude<CursorShape, "default">, string>> = {
  ns_resize: "0,-8 0,8; -3,5 0,8 3,5; -3,-5 0,-8 3,-5",
  ew_resize: "-8,0 8,0; 5,-3 8,0 5,3; -5,-3 -8,0 -5,3",
  nwse_resize: "-6,6 6,-6; -6,2 -6,6 -2,6; 2,-6 6,-6 6,-2",
  nesw_resize: "-6,-6 6,6; 2,6 6,6 6,2; -6,-2 -6,-6 -2,-6",
};
/** The usual arrow, from its tip. */
const POINTER = [
  [1, 1],
  [1, 17],
  [5, 13.5],
  [7.5, 19],
  [10, 18],
  [7.5, 12.5],
  [12.5, 12.5],
] as const;

/** How the pointer looks on `zone`. */
export function cursorShape(zone: Zone): CursorShape {
  return (zone.kind === "resize" ? RESIZE[zone.edge] : undefined) ?? "default";
}

export function drawCursor(shape: CursorShape): CursorPicture {
  const draw = (background: number): Canvas => {
    const canvas = new Canvas(SIDE, SIDE, background);
    if (shape === "default") {
      const outline = POINTER.map(([x, y]) => `${x},${-y}`);
      drawStrokes(canvas, [...outline, outline[0]].join(" "), { x: 0, y: 0, unit: 1 }, { width: 3, colour: OUTLINE });
      fillPolygon(canvas, POINTER, INK);
    } else {
      const at = { x: CENTRE, y: CENTRE, unit: 1 };
      drawStrokes(canvas, ARROWS[shape], at, { width: 4, colour: OUTLINE });
      drawStrokes(canvas, ARROWS[shape], at, { width: 2, colour: INK });
    }
    return canvas;
  };
  const hotspot = shape === "default" ? 1 : CENTRE;
  return { side: SIDE, hotspot, pixels: cutOut(draw(0x000000), draw(0xffffff)) };
}

/** The picture without its background, from what it looks like on black and on white. */
function cutOut(onBlack: Canvas, onWhite: Canvas): Uint8Array {
  const pixels = onBlack.pixels.map((black, index) => {
    const alpha = 255 - (((onWhite.pixels[index] ?? 0) & 0xff) - (black & 0xff));
    return ((alpha << 24) | (black & 0xffffff)) >>> 0;
  });
  return new Uint8Array(pixels.buffer);
}
