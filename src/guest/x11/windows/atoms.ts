/** Names that X programs and their window manager have for properties, messages and values (ICCCM, EWMH, and others). */
import { internAtom } from "../protocol/requests.ts";
import type { XConnection } from "../protocol/x-connection.ts";

const NAMES = [
  "ATOM_PAIR",
  "CARDINAL",
  "CLIPBOARD",
  "CLIPBOARD_MANAGER",
  "COMPOUND_TEXT",
  "DELETE",
  "INCR",
  "MULTIPLE",
  "PRIMARY",
  "STRING",
  "TARGETS",
  "TEXT",
  "TIMESTAMP",
  "UTF8_STRING",
  "WL_SURFACE_ID",
  "WM_CHANGE_STATE",
  "WM_CLASS",
  "WM_DELETE_WINDOW",
  "WM_HINTS",
  "WM_NAME",
  "WM_NORMAL_HINTS",
  "WM_PROTOCOLS",
  "WM_S0",
  "WM_STATE",
  "WM_TAKE_FOCUS",
  "WM_TRANSIENT_FOR",
  "_GTK_FRAME_EXTENTS",
  "_MOTIF_WM_HINTS",
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
  "_NET_WM_ALLOWED_ACTIONS",
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
  "_NET_WM_WINDOW_TYPE_COMBO",
  "_NET_WM_WINDOW_TYPE_DIALOG",
  "_NET_WM_WINDOW_TYPE_DND",
  "_NET_WM_WINDOW_TYPE_DROPDOWN_MENU",
  "_NET_WM_WINDOW_TYPE_MENU",
  "_NET_WM_WINDOW_TYPE_NORMAL",
  "_NET_WM_WINDOW_TYPE_NOTIFICATION",
  "_NET_WM_WINDOW_TYPE_POPUP_MENU",
  "_NET_WM_WINDOW_TYPE_SPLASH",
  "_NET_WM_WINDOW_TYPE_TOOLTIP",
  "_NET_WM_WINDOW_TYPE_UTILITY",
  "_NET_WORKAREA",
  "_VITRINE_SELECTION",
] as const;

export type AtomName = (typeof NAMES)[number];
export type Atoms = Readonly<Record<AtomName, number>>;

/** Atoms that every server has from the beginning. */
export const ATOM = 4;
export const WINDOW = 33;

/** Asks the server for its numbers for all names, in one go. */
export function internAtoms(x: XConnection, done: (atoms: Atoms) => void): void {
  const atoms: Partial<Record<AtomName, number>> = {};
  for (const name of NAMES) {
    const text = new TextEncoder().encode(name);
    const answer = (number: number) => {
      atoms[name] = number;
      if (name === NAMES.at(-1)) done(atoms as Atoms);
    };
    x.ask(internAtom, { onlyIfExists: 0, nameLength: text.length }, (reply) => answer(reply?.fields.atom ?? 0), text);
  }
}
