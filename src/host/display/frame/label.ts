/** The pictures in a title bar: its text, and its buttons. Drawn at the scale of the screen. No I/O. */
import type { Size } from "../surfaces/rect.ts";
import { type Colour, readableOn } from "./colour.ts";
import { BUTTON, type Button, LABEL_HEIGHT, MAX_LABEL_WIDTH } from "./measures.ts";
import { Canvas, drawStrokes, drawText, fillRounded, textWidth } from "./strokes.ts";

/** Along the edges of each picture, for renderers that mix a pixel with its neighbours; not shown. In surface units. */
export const PICTURE_MARGIN = 1;

/** Surface units for one of the letters' own. */
const UNIT = 9 / 7;
const BASE_LINE = 14.5;
const WEIGHT = { name: 1.9, title: 1.25, button: 1.4 } as const;
/** Left and right of the name in its box, and between that and the title. */
const PADDING = 6;
const GAP = 8;
/** How strongly a button shows that the pointer is on it, of 1. */
const HOVER = 0.25;
const ICON_UNIT = 1;
const ICONS: Readonly<Record<Button, string>> = {
  minimize: "-4,-3 4,-3",
  maximize: "-4,4 4,4 4,-4 -4,-4 -4,4",
  close: "-4,4 4,-4; -4,-4 4,4",
};

/** A picture of `size` in surface units, margins included. */
export interface Picture extends Size {
  readonly canvas: Canvas;
}

/** The sandbox's name in a box of its own, then the window's title, which must have been made harmless. */
export function drawLabel(name: string, title: string, colour: Colour, scale: number): Picture {
  const nameWidth = textWidth(name) * UNIT + 2 * PADDING;
  const wanted = nameWidth + (title === "" ? 0 : GAP + textWidth(title) * UNIT);
  const picture = blank({ width: Math.ceil(Math.min(wanted, MAX_LABEL_WIDTH)), height: LABEL_HEIGHT }, colour, scale);
  const { canvas } = picture;
  const ink = readableOn(colour);
  const [left, top] = [PICTURE_MARGIN * scale, PICTURE_MARGIN * scale];
  const box = { x: left, y: top, width: nameWidth * scale, height: LABEL_HEIGHT * scale, radius: 4 * scale };
  fillRounded(canvas, box, ink);
  const y = top + BASE_LINE * scale;
  const unit = UNIT * scale;
  drawText(canvas, name, { x: left + PADDING * scale, y, unit }, { width: WEIGHT.name * scale, colour });
  const x = left + (nameWidth + GAP) * scale;
  drawText(canvas, title, { x, y, unit }, { width: WEIGHT.title * scale, colour: ink });
  return picture;
}

/** The buttons; `hovered` has the pointer on it. */
export function drawButtons(
  buttons: readonly Button[],
  hovered: Button | undefined,
  colour: Colour,
  scale: number,
): Picture {
  const picture = blank({ width: buttons.length * BUTTON.width, height: BUTTON.height }, colour, scale);
  const { canvas } = picture;
  const ink = readableOn(colour);
  for (const [index, button] of buttons.entries()) {
    const left = (PICTURE_MARGIN + index * BUTTON.width) * scale;
    const top = PICTURE_MARGIN * scale;
    const [width, height] = [BUTTON.width * scale, BUTTON.height * scale];
    if (button === hovered)
      fillRounded(canvas, { x: left, y: top, width, height, radius: 4 * scale }, mix(colour, ink));
    const at = { x: left + width / 2, y: top + height / 2, unit: ICON_UNIT * scale };
    drawStrokes(canvas, ICONS[button], at, { width: WEIGHT.button * scale, colour: ink });
  }
  return picture;
}

function blank(inside: Size, colour: Colour, scale: number): Picture {
  const width = inside.width + 2 * PICTURE_MARGIN;
  const height = inside.height + 2 * PICTURE_MARGIN;
  return { width, height, canvas: new Canvas(width * scale, height * scale, colour) };
}

function mix(under: Colour, over: Colour): Colour {
  const canvas = new Canvas(1, 1, under);
  canvas.blend(0, 0, over, HOVER);
  return (canvas.pixels[0] ?? under) & 0xffffff;
}
