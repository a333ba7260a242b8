/**
 * Comparing a window in its frame with the same window without one. The native window gets just the place that is inside
 * the other's frame; then the pictures may differ nowhere but in the frame, and the frame must be what it shall be.
 */
import { insetsOf, type Look } from "../../src/host/display/frame/measures.ts";
import { colourOfName, colourValue } from "../../src/host/sandbox/colour.ts";
import type { Compositor } from "./compositor.ts";
import type { Pixels } from "./pixels.ts";
import type { Rectangle } from "./sway.ts";

/** What is left of a rectangle inside a frame, of which `scale` pixels make a unit; with -1, what it is with the frame. */
export function insideFrame({ x, y, width, height }: Rectangle, look: Look, scale = 1): Rectangle {
  const { left, top, right, bottom } = insetsOf(look);
  return {
    x: x + left * scale,
    y: y + top * scale,
    width: width - (left + right) * scale,
    height: height - (top + bottom) * scale,
  };
}

/** Makes sway leave windows that fill the screen as much room as a frame takes, or all of it. */
export async function makeRoomForFrame(compositor: Compositor, room: boolean): Promise<void> {
  await compositor.swaymsg(`gaps outer current set ${room ? insetsOf("border").left : 0}`);
}

/**
 * The rectangle of the one frame in the picture, or within a part of it, which belongs to `sandbox`; a text instead when it is
 * not whole.
 */
export function frameIn(
  picture: Pixels,
  sandbox: string,
  look: Look,
  scale = 1,
  within?: Rectangle,
): Rectangle | string {
  const colour = colourValue(colourOfName(sandbox));
  const outer = picture.box(
    (candidate, x, y) => candidate === colour && (within === undefined || contains(within, x, y)),
  );
  if (outer === undefined) return `no frame in the colour 0x${colour.toString(16)}`;
  const inner = insideFrame(outer, look, scale);
  const gap = picture.box((candidate, x, y) => contains(outer, x, y) && !contains(inner, x, y) && candidate !== colour);
  return gap === undefined ? outer : `the frame ${text(outer)} has a gap within ${text(gap)}`;
}

/** What is on the screen with us and natively, and what without a window. */
export interface Pictures {
  readonly ours: Pixels;
  readonly native: Pixels;
  readonly empty: Pixels;
}

/**
 * How `pictures`, on which a menu has opened since `before`, differ in that menu; undefined when they do not. Its frame, not
 * what is in it, begins where the menu does natively.
 */
export function menuDifference(
  { ours, native }: Pictures,
  before: Pick<Pictures, "ours" | "native">,
  sandbox: string,
): string | undefined {
  const changed = ours.difference(before.ours);
  if (changed === undefined) return "no menu is to be seen";
  const outer = frameIn(ours, sandbox, "popup", 1, changed);
  if (typeof outer === "string") return outer;
  const inside = insideFrame(outer, "popup");
  const place = { ...inside, x: outer.x, y: outer.y };
  if (native.part(place).equals(before.native.part(place))) return `natively there is no menu at ${text(place)}`;
  if (!ours.part(inside).equals(native.part(place))) return `the content of the menu ${text(outer)} differs`;
  // What it was opened by may look different from now on.
  const elsewhere = ours.box((colour, x, y) => {
    const isStill = colour === before.ours.at(x, y) && native.at(x, y) === before.native.at(x, y);
    return !isStill && !contains(outer, x, y) && colour !== native.at(x, y);
  });
  return elsewhere && `beside the menu ${text(elsewhere)} differs`;
}

/** How `ours`, with one window in its frame, differs from `native`; undefined when it does not. */
export function differenceInFrame(pictures: Pictures, sandbox: string, scale = 1): string | undefined {
  const { ours, native, empty } = pictures;
  const outer = frameIn(ours, sandbox, "border", scale);
  if (typeof outer === "string") return outer;
  const inner = insideFrame(outer, "border", scale);
  if (!ours.part(inner).equals(native.part(inner))) return `the content of ${text(inner)} differs`;
  const beyond = ours.box((colour, x, y) => !contains(outer, x, y) && colour !== empty.at(x, y));
  return beyond && `something is beyond the frame: ${text(beyond)}`;
}

function contains({ x, y, width, height }: Rectangle, px: number, py: number): boolean {
  return px >= x && py >= y && px < x + width && py < y + height;
}

function text({ x, y, width, height }: Rectangle): string {
  return `${width}x${height} at ${x},${y}`;
}
