/**
 * Where windows are on the X screen. Nobody sees that: the compositor places windows. But the pointer cannot leave the X
 * screen, and programs keep their menus within it, so a window shall be on it, with room around it.
 */
import type { Point, Rectangle, Size } from "../wayland/types.ts";

/** As near to its place as it fits on the screen; what is larger than the screen begins in its corner. */
export function withinScreen(window: Rectangle, screen: Size): Rectangle {
  return {
    ...window,
    x: Math.max(0, Math.min(window.x, screen.width - window.width)),
    y: Math.max(0, Math.min(window.y, screen.height - window.height)),
  };
}

/** A new window: where it wants to be, and in the middle when it does not say. */
export function firstPlace(window: Rectangle, screen: Size): Rectangle {
  const isUnplaced = window.x === 0 && window.y === 0;
  const middle = { x: (screen.width - window.width) >> 1, y: (screen.height - window.height) >> 1 };
  return withinScreen(isUnplaced ? { ...window, ...middle } : window, screen);
}

/** Where a menu is on its window, moved so far that it touches it: some compositors hide menus that do not. */
export function onParent(menu: Rectangle, parent: Rectangle): Point {
  const along = (start: number, size: number, room: number) => Math.max(-size, Math.min(start, room));
  return {
    x: along(menu.x - parent.x, menu.width, parent.width),
    y: along(menu.y - parent.y, menu.height, parent.height),
  };
}
