/** Who has the keyboard on the X screen: the window that has it on the display. */
import { setInputFocus } from "../protocol/requests.ts";
import type { Desk } from "./desk.ts";
import type { XWindow } from "./x-window.ts";

const CURRENT_TIME = 0;
const NONE = 0;
const POINTER_ROOT = 1;

/** The keyboard is on `window` now, or on none of this X server's. */
export function focus(desk: Desk, window: XWindow | undefined): void {
  const { atoms, root, x } = desk;
  desk.setProperty(root, "_NET_ACTIVE_WINDOW", "WINDOW", [window?.id ?? 0]);
  if (window === undefined) {
    x.send(setInputFocus, { revertTo: POINTER_ROOT, focus: NONE, time: CURRENT_TIME });
    return;
  }
  const { takesInput, protocols } = window.properties;
  if (takesInput) x.send(setInputFocus, { revertTo: POINTER_ROOT, focus: window.id, time: CURRENT_TIME });
  if (protocols.has(atoms.WM_TAKE_FOCUS)) desk.tell(window.id, "WM_PROTOCOLS", [atoms.WM_TAKE_FOCUS, CURRENT_TIME]);
  desk.raise(window);
}

/** Asks the program to close a window, or ends it when it does not know how. */
export function close(desk: Desk, window: XWindow, kill: (window: XWindow) => void): void {
  const { atoms } = desk;
  if (window.properties.protocols.has(atoms.WM_DELETE_WINDOW))
    desk.tell(window.id, "WM_PROTOCOLS", [atoms.WM_DELETE_WINDOW, CURRENT_TIME]);
  else kill(window);
}
