/** The measures of frames, all in surface units: the one place where they are. */
import type { Rect, Size } from "../surfaces/rect.ts";

/** Width of the frame of a window: seen at a glance, and wide enough to take hold of. */
export const WINDOW_BORDER = 4;
/** Height of the title bar, its upper border included. */
export const TITLE_BAR_HEIGHT = 28;
/** Width of the frame of a menu or tooltip. */
export const POPUP_BORDER = 2;

/** How a frame looks: a line around a window, the same with a title bar, or a line around a popup. */
export type Look = "border" | "title-bar" | "popup";

/** How far a frame reaches beyond what it encloses. */
export interface Insets {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const INSETS: Readonly<Record<Look, Insets>> = {
  border: allAround(WINDOW_BORDER),
  "title-bar": { ...allAround(WINDOW_BORDER), top: TITLE_BAR_HEIGHT },
  popup: allAround(POPUP_BORDER),
};

export function insetsOf(look: Look): Insets {
  return INSETS[look];
}

/** A size with the frame. */
export function withFrame({ width, height }: Size, { left, top, right, bottom }: Insets): Size {
  return { width: width + left + right, height: height + top + bottom };
}

/** What a frame leaves of a size; at least 1. Zero stands for "whatever you like" in xdg-shell and stays. */
export function withoutFrame({ width, height }: Size, { left, top, right, bottom }: Insets): Size {
  return {
    width: width > 0 ? Math.max(1, width - left - right) : 0,
    height: height > 0 ? Math.max(1, height - top - bottom) : 0,
  };
}

/**
 * The four strips of a frame around a content of that size, whose corner is the origin. They touch and do not overlap, and
 * each has one of the corners: none is longer than the content and one border, beyond which sway before 1.9 cuts off what
 * begins to the left of or above the window's surface.
 */
export function stripsAround({ width, height }: Size, { left, top, right, bottom }: Insets): [Rect, Rect, Rect, Rect] {
  return [
    { x: -left, y: -top, width: left + width, height: top },
    { x: width, y: -top, width: right, height: top + height },
    { x: 0, y: height, width: width + right, height: bottom },
    { x: -left, y: 0, width: left, height: height + bottom },
  ];
}

function allAround(width: number): Insets {
  return { left: width, top: width, right: width, bottom: width };
}
