/** The measures of frames, all in surface units: the one place where they are. */
import type { Point, Rect, Size } from "../surfaces/rect.ts";

/** Width of the frame of a window: seen at a glance, and wide enough to take hold of. */
export const WINDOW_BORDER = 4;
/** Height of the title bar, its upper border included. */
export const TITLE_BAR_HEIGHT = 28;
/** Width of the frame of a menu or tooltip. */
export const POPUP_BORDER = 2;
/** From the end of an edge, what resizes both edges that meet there. */
const CORNER = 16;
/** Each button of a title bar. */
export const BUTTON: Size = { width: 26, height: 22 };
/** Height of the text of a title bar, and the most that it is long. */
export const LABEL_HEIGHT = 20;
export const MAX_LABEL_WIDTH = 720;
/** Between text and buttons. */
const GAP = 6;

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

/** Buttons of a title bar, from left to right. */
export type Button = "minimize" | "maximize" | "close";

export interface TitleBarPlan {
  /** Undefined when there is no room. Counted from the corner of the content. */
  readonly label: Rect | undefined;
  readonly buttons: Rect | undefined;
}

/** Where things are in the title bar over a content of that width, with so many buttons and a text of that length. */
export function planTitleBar(width: number, buttons: number, labelWidth: number): TitleBarPlan {
  const top = -TITLE_BAR_HEIGHT + WINDOW_BORDER;
  const room = TITLE_BAR_HEIGHT - WINDOW_BORDER;
  const buttonsWidth = Math.min(buttons * BUTTON.width, width);
  const labelRoom = Math.min(labelWidth, width - buttonsWidth - GAP);
  return {
    label:
      labelRoom > 0 ? { x: 0, y: top + (room - LABEL_HEIGHT) / 2, width: labelRoom, height: LABEL_HEIGHT } : undefined,
    buttons:
      buttonsWidth > 0
        ? { x: width - buttonsWidth, y: top + (room - BUTTON.height) / 2, width: buttonsWidth, height: BUTTON.height }
        : undefined,
  };
}

/** What a place of a frame is for. */
export type Zone =
  | { readonly kind: "resize"; readonly edge: number }
  | { readonly kind: "button"; readonly button: Button }
  | { readonly kind: "move" }
  | { readonly kind: "nothing" };

/** xdg_toplevel.resize_edge: a corner is the sum of its edges. */
const [TOP, BOTTOM, LEFT, RIGHT] = [1, 2, 4, 8] as const;

/** What the place x, y is for, counted from the corner of a content of that size, in a frame around it. */
export function zoneAt({ x, y }: Point, { width, height }: Size, look: Look, buttons: readonly Button[]): Zone {
  if (look === "popup") return { kind: "nothing" };
  const { top } = insetsOf(look);
  const [across, down] = [x < 0 || x >= width, y < WINDOW_BORDER - top || y >= height];
  if (across || down) {
    const vertical =
      y < (across ? CORNER : WINDOW_BORDER) - top ? TOP : y >= height - (across ? CORNER : 0) ? BOTTOM : 0;
    const horizontal = x < (down ? CORNER : 0) ? LEFT : x >= width - (down ? CORNER : 0) ? RIGHT : 0;
    return { kind: "resize", edge: vertical + horizontal };
  }
  const place = planTitleBar(width, buttons.length, 0).buttons;
  if (place !== undefined && x >= place.x) {
    // Where there is no room for all of them, the last ones stay.
    const button = buttons.at(Math.floor((x - width) / BUTTON.width));
    if (button !== undefined) return { kind: "button", button };
  }
  return { kind: "move" };
}

function allAround(width: number): Insets {
  return { left: width, top: width, right: width, bottom: width };
}
