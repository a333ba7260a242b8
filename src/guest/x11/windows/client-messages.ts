/** What programs ask of the window manager by messages (EWMH, ICCCM). */
import type { EventFields } from "../protocol/events.ts";
import type { AtomName } from "./atoms.ts";
import type { Desk } from "./desk.ts";
import type { Toplevel } from "./toplevel.ts";
import type { XWindow } from "./x-window.ts";

type Message = EventFields<"clientMessage">;

const REMOVE = 0;
const TOGGLE = 2;
const ICONIC_STATE = 3;
/** _NET_WM_MOVERESIZE: edges from the top left, clockwise, as values of xdg_toplevel.resize_edge; then moving. */
const EDGES: readonly number[] = [5, 1, 9, 8, 10, 2, 6, 4];
const MOVE = 8;

/** Handles a message about a window; other messages are not for us. */
export function windowMessage(desk: Desk, window: XWindow, message: Message, closeWanted: () => void): void {
  const { toplevel } = window;
  const is = (name: AtomName) => message.type === desk.atoms[name];
  if (is("_NET_REQUEST_FRAME_EXTENTS")) desk.setProperty(window.id, "_NET_FRAME_EXTENTS", "CARDINAL", [0, 0, 0, 0]);
  else if (is("_NET_CLOSE_WINDOW")) closeWanted();
  else if (toplevel === undefined) return;
  else if (is("_NET_ACTIVE_WINDOW")) desk.shell.activate(toplevel.base.surface.id, desk.lastInput?.surface?.id);
  else if (is("_NET_WM_STATE")) changeState(desk, window, toplevel, message);
  else if (is("_NET_WM_MOVERESIZE")) drag(toplevel, message.data2);
  else if (is("WM_CHANGE_STATE") && message.data0 === ICONIC_STATE) toplevel.act("set_minimized");
}

function changeState(desk: Desk, window: XWindow, toplevel: Toplevel, message: Message): void {
  const { atoms } = desk;
  const named = [message.data1, message.data2];
  const isOn = message.data0 === TOGGLE ? !window.isBound : message.data0 !== REMOVE;
  if (named.includes(atoms._NET_WM_STATE_FULLSCREEN)) {
    if (isOn) toplevel.setFullscreen();
    else toplevel.act("unset_fullscreen");
  }
  if (named.includes(atoms._NET_WM_STATE_MAXIMIZED_VERT) || named.includes(atoms._NET_WM_STATE_MAXIMIZED_HORZ))
    toplevel.act(isOn ? "set_maximized" : "unset_maximized");
  if (named.includes(atoms._NET_WM_STATE_HIDDEN) && isOn) toplevel.act("set_minimized");
}

function drag(toplevel: Toplevel, direction: number): void {
  const edge = direction === MOVE ? "move" : EDGES[direction];
  if (edge !== undefined) toplevel.drag(edge);
}
