/** What a window becomes on the display: a window of its own, or a menu on another. */
import { getGeometry } from "../protocol/requests.ts";
import type { Size } from "../wayland/types.ts";
import type { AtomName } from "./atoms.ts";
import type { Desk } from "./desk.ts";
import { announceState } from "./ewmh.ts";
import { onParent, withinScreen } from "./place.ts";
import { Popup } from "./popup.ts";
import { Toplevel, type WindowState } from "./toplevel.ts";
import type { XWindow } from "./x-window.ts";

const MENU_TYPES: readonly AtomName[] = [
  "_NET_WM_WINDOW_TYPE_COMBO",
  "_NET_WM_WINDOW_TYPE_DND",
  "_NET_WM_WINDOW_TYPE_DROPDOWN_MENU",
  "_NET_WM_WINDOW_TYPE_MENU",
  "_NET_WM_WINDOW_TYPE_POPUP_MENU",
  "_NET_WM_WINDOW_TYPE_TOOLTIP",
];
/** Windows that nobody decorates and that stand for themselves, though the program places them. */
const FREE_TYPES: readonly AtomName[] = ["_NET_WM_WINDOW_TYPE_SPLASH", "_NET_WM_WINDOW_TYPE_NOTIFICATION"];
/** Windows over windows; programs make two or three levels, and circles by mistake. */
const MAX_TRANSIENT_DEPTH = 16;

export interface ShowHandlers {
  closeWanted(window: XWindow): void;
}

/** Shows `window`, as soon as all is there that it takes. */
export function show(desk: Desk, window: XWindow, handlers: ShowHandlers): void {
  const { surface } = window;
  if (surface === undefined || surface.state !== "held" || !window.isMapped || !window.isRead) return;
  if (window.role !== undefined) return;
  const parent = window.isOverrideRedirect ? popupParent(desk, window) : undefined;
  if (parent !== undefined) showPopup(desk, window, parent);
  // A menu or tooltip waits for its program's window: as a window it would take the keyboard.
  else if (!window.isOverrideRedirect || !isOf(desk, window, MENU_TYPES)) showToplevel(desk, window, handlers);
}

/** Takes `window` off the display, and first the menus on it. */
export function hide(desk: Desk, window: XWindow): void {
  const { role } = window;
  if (role === undefined) return;
  if (role.kind === "toplevel")
    for (const other of desk.windows.values()) if (other.popup?.parent === role) hide(desk, other);
  window.role = undefined;
  role.end();
}

function showToplevel(desk: Desk, window: XWindow, { closeWanted }: ShowHandlers): void {
  const { surface, properties } = window;
  if (surface === undefined) return;
  const toplevel = new Toplevel(desk.shell, surface, {
    configured: (state) => configured(desk, window, state),
    shown: () => showWaiting(desk),
    closeWanted: () => closeWanted(window),
  });
  window.role = toplevel;
  describe(desk, window);
  if (properties.states.has(desk.atoms._NET_WM_STATE_FULLSCREEN)) toplevel.setFullscreen();
  else if (properties.states.has(desk.atoms._NET_WM_STATE_MAXIMIZED_VERT)) toplevel.act("set_maximized");
  toplevel.base.begin();
  for (const other of desk.windows.values())
    if (other.toplevel !== undefined && other.properties.transientFor === window.id) describe(desk, other);
}

/** Says to the display what the program says of its window. */
export function describe(desk: Desk, window: XWindow): void {
  const { toplevel, properties } = window;
  if (toplevel === undefined) return;
  const { title, appClass, minSize, maxSize, wantsTitleBar, shadow } = properties;
  toplevel.setNames(title, appClass);
  const { width, height } = window.place;
  if (window.isOverrideRedirect) toplevel.setLimits({ width, height }, { width, height });
  else toplevel.setLimits(minSize, maxSize);
  toplevel.setTitleBar(wantsTitleBar && !window.isOverrideRedirect);
  toplevel.setShadow(shadow);
  toplevel.setParent(transientParent(desk, window)?.toplevel);
}

/** Returns the size that the X window has now. */
function configured(desk: Desk, window: XWindow, state: WindowState): Size {
  const { shadow = { left: 0, right: 0, top: 0, bottom: 0 } } = window.properties;
  const wasBound = window.isBound;
  window.isBound = state.maximized || state.fullscreen;
  if (window.isBound && !wasBound) window.freePlace = window.place;
  announceState(desk, window, state);
  const asked = JSON.stringify([state.size, window.isBound]);
  const isNews = asked !== window.askedSize;
  window.askedSize = asked;
  const free = wasBound && !window.isBound ? window.freePlace : undefined;
  const size = state.size && {
    width: state.size.width + shadow.left + shadow.right,
    height: state.size.height + shadow.top + shadow.bottom,
  };
  const wanted = size ?? free;
  if (!isNews || wanted === undefined) return window.place;
  const corner = window.isBound ? { x: 0, y: 0 } : { x: window.place.x, y: window.place.y, ...free };
  const { width, height } = wanted;
  desk.configure(window, withinScreen({ ...corner, width, height }, desk.screen));
  return wanted;
}

/**
 * A menu is shown when it has been drawn: programs map it first, and then say where it shall be. The server is asked, since
 * it tells of places and of content by different ways.
 */
function showPopup(desk: Desk, window: XWindow, parent: XWindow): void {
  const { surface } = window;
  // It can be shown when its window is; then this is tried again.
  if (surface === undefined || parent.toplevel?.isShown !== true) return;
  if (!surface.hasHeldContent) {
    surface.onHeld = () => showPopup(desk, window, parent);
    return;
  }
  surface.onHeld = () => {};
  desk.putInFront(window);
  desk.x.ask(getGeometry, { window: window.id }, (reply) => {
    const { toplevel } = parent;
    if (reply === undefined || toplevel === undefined || window.surface !== surface || surface.state !== "held") return;
    if (window.role !== undefined) return;
    const { x, y, width, height } = reply.fields;
    window.place = { x, y, width, height };
    window.role = new Popup(desk.shell, surface, toplevel, popupPlace(window, parent), {
      shown: () => {},
      dismissed: () => hide(desk, window),
    });
  });
}

/** A window has been shown: menus may have waited for it. */
function showWaiting(desk: Desk): void {
  for (const window of desk.windows.values())
    if (window.isOverrideRedirect) show(desk, window, { closeWanted: () => {} });
}

/** A menu is somewhere else now, or has another size. */
export function movePopup(desk: Desk, window: XWindow): void {
  window.popup?.move(popupPlace(window, desk.ownerOf(window)));
}

function popupPlace(window: XWindow, parent: XWindow) {
  const { width, height } = window.place;
  return { ...onParent(window.place, parent.visiblePlace), width, height };
}

/** The window that a menu is on; undefined: it stands for itself. */
function popupParent(desk: Desk, window: XWindow): XWindow | undefined {
  const named = transientParent(desk, window);
  if (named !== undefined) return named;
  if (isOf(desk, window, FREE_TYPES)) return undefined;
  const { lastInput } = desk;
  const candidates = [lastInput, ...[...desk.windows.values()].reverse()];
  const own = candidates.find((other) => other?.toplevel && desk.areRelated(other.id, window.id));
  return own ?? (isOf(desk, window, MENU_TYPES) ? candidates.find((other) => other?.toplevel) : undefined);
}

function isOf(desk: Desk, { properties }: XWindow, types: readonly AtomName[]): boolean {
  return types.some((name) => properties.types.includes(desk.atoms[name]));
}

/** The window with a place of its own that `window` belongs to by its program's word. */
function transientParent(desk: Desk, window: XWindow): XWindow | undefined {
  let above: XWindow | undefined = window;
  for (let depth = 0; depth < MAX_TRANSIENT_DEPTH; depth += 1) {
    above = desk.windows.get(above.properties.transientFor);
    if (above === undefined || above === window) return undefined;
    if (above.toplevel !== undefined) return leadsTo(desk, above, window) ? undefined : above;
  }
  return undefined;
}

/** Whether following parents from `from` comes to `to`: the display takes no circles. */
function leadsTo(desk: Desk, from: XWindow, to: XWindow): boolean {
  let above: XWindow | undefined = from;
  for (let depth = 0; depth < MAX_TRANSIENT_DEPTH && above !== undefined; depth += 1) {
    if (above === to) return true;
    above = desk.windows.get(above.properties.transientFor);
  }
  return above !== undefined;
}
