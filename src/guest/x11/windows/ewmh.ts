/** What the window manager says on the root window and on others, for the toolkits that look (EWMH, ICCCM). */
import { changeProperty, createWindow, words } from "../protocol/requests.ts";
import type { AtomName } from "./atoms.ts";
import type { Desk } from "./desk.ts";
import type { WindowState } from "./toplevel.ts";
import type { XWindow } from "./x-window.ts";

const SUPPORTED: readonly AtomName[] = [
  "_GTK_FRAME_EXTENTS",
  "_NET_ACTIVE_WINDOW",
  "_NET_CLIENT_LIST",
  "_NET_CLIENT_LIST_STACKING",
  "_NET_CLOSE_WINDOW",
  "_NET_CURRENT_DESKTOP",
  "_NET_DESKTOP_GEOMETRY",
  "_NET_DESKTOP_VIEWPORT",
  "_NET_FRAME_EXTENTS",
  "_NET_NUMBER_OF_DESKTOPS",
  "_NET_REQUEST_FRAME_EXTENTS",
  "_NET_SUPPORTED",
  "_NET_SUPPORTING_WM_CHECK",
  "_NET_WM_DESKTOP",
  "_NET_WM_MOVERESIZE",
  "_NET_WM_NAME",
  "_NET_WM_STATE",
  "_NET_WM_STATE_FOCUSED",
  "_NET_WM_STATE_FULLSCREEN",
  "_NET_WM_STATE_HIDDEN",
  "_NET_WM_STATE_MAXIMIZED_HORZ",
  "_NET_WM_STATE_MAXIMIZED_VERT",
  "_NET_WM_STATE_MODAL",
  "_NET_WM_WINDOW_TYPE",
  "_NET_WM_WINDOW_TYPE_DIALOG",
  "_NET_WM_WINDOW_TYPE_NORMAL",
  "_NET_WORKAREA",
];
const NAME = "Vitrine";
const INPUT_ONLY = 2;
const NORMAL_STATE = 1;
const WITHDRAWN_STATE = 0;

/** A window of our own that is never shown: it stands for the window manager, and owns selections. */
export function createOwnWindow({ x, root }: Desk, mask = 0, values: readonly number[] = []): number {
  const window = x.newId();
  const place = { x: -1, y: -1, width: 1, height: 1, borderWidth: 0 };
  x.send(
    createWindow,
    { depth: 0, window, parent: root, ...place, class: INPUT_ONLY, visual: 0, mask },
    words(...values),
  );
  return window;
}

/** Says that there is a window manager, and what it can do. Returns the window that stands for it. */
export function announce(desk: Desk): number {
  const { root, atoms, x } = desk;
  const own = createOwnWindow(desk);
  for (const window of [root, own]) desk.setProperty(window, "_NET_SUPPORTING_WM_CHECK", "WINDOW", [own]);
  const name = new TextEncoder().encode(NAME);
  const text = { mode: 0, property: atoms._NET_WM_NAME, type: atoms.UTF8_STRING, format: 8, count: name.length };
  x.send(changeProperty, { ...text, window: own }, name);
  desk.setProperty(
    root,
    "_NET_SUPPORTED",
    "ATOM",
    SUPPORTED.map((atom) => atoms[atom]),
  );
  desk.setProperty(root, "_NET_NUMBER_OF_DESKTOPS", "CARDINAL", [1]);
  desk.setProperty(root, "_NET_CURRENT_DESKTOP", "CARDINAL", [0]);
  desk.setProperty(root, "_NET_DESKTOP_VIEWPORT", "CARDINAL", [0, 0]);
  desk.setProperty(root, "_NET_ACTIVE_WINDOW", "WINDOW", [0]);
  announceScreen(desk);
  announceWindows(desk);
  return own;
}

/** The screen has this size now. */
export function announceScreen(desk: Desk): void {
  const { width, height } = desk.screen;
  desk.setProperty(desk.root, "_NET_DESKTOP_GEOMETRY", "CARDINAL", [width, height]);
  desk.setProperty(desk.root, "_NET_WORKAREA", "CARDINAL", [0, 0, width, height]);
}

/** Which windows there are, in the order in which they came. */
export function announceWindows(desk: Desk): void {
  const shown = [...desk.windows.values()].filter((window) => window.isMapped && !window.isOverrideRedirect);
  const ids = shown.map(({ id }) => id);
  desk.setProperty(desk.root, "_NET_CLIENT_LIST", "WINDOW", ids);
  desk.setProperty(desk.root, "_NET_CLIENT_LIST_STACKING", "WINDOW", ids);
}

/** A window is about to be shown. */
export function announceManaged(desk: Desk, { id }: XWindow): void {
  desk.setProperty(id, "WM_STATE", "WM_STATE", [NORMAL_STATE, 0]);
  desk.setProperty(id, "_NET_FRAME_EXTENTS", "CARDINAL", [0, 0, 0, 0]);
  desk.setProperty(id, "_NET_WM_DESKTOP", "CARDINAL", [0]);
}

/** A window is shown no more. */
export function announceWithdrawn(desk: Desk, { id }: XWindow): void {
  desk.setProperty(id, "WM_STATE", "WM_STATE", [WITHDRAWN_STATE, 0]);
}

/** What the display says of a window, in X's words. */
export function announceState(desk: Desk, { id, properties }: XWindow, state: WindowState): void {
  const { atoms } = desk;
  const states = [
    ...(state.maximized ? [atoms._NET_WM_STATE_MAXIMIZED_HORZ, atoms._NET_WM_STATE_MAXIMIZED_VERT] : []),
    ...(state.fullscreen ? [atoms._NET_WM_STATE_FULLSCREEN] : []),
    ...(state.activated ? [atoms._NET_WM_STATE_FOCUSED] : []),
    ...(properties.states.has(atoms._NET_WM_STATE_MODAL) ? [atoms._NET_WM_STATE_MODAL] : []),
  ];
  desk.setProperty(id, "_NET_WM_STATE", "ATOM", states);
}
