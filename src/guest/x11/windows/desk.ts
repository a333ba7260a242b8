/** What all parts of the window manager share. */

import { type EventFields, encodeEvent } from "../protocol/events.ts";
import { xError } from "../protocol/layout.ts";
import { changeProperty, configureWindow, sendEvent, words } from "../protocol/requests.ts";
import type { Setup } from "../protocol/setup.ts";
import type { XConnection } from "../protocol/x-connection.ts";
import type { WaylandProxy } from "../wayland/proxy.ts";
import type { Rectangle, Size } from "../wayland/types.ts";
import { ATOM, type AtomName, type Atoms, WINDOW } from "./atoms.ts";
import { PropertyRecord } from "./properties.ts";
import { Shell } from "./shell.ts";
import type { XWindow } from "./x-window.ts";
import { XWindow as Window } from "./x-window.ts";

/** Windows below the root, hidden ones included. Toolkits have a few for each of theirs; more ends the X server. */
export const MAX_X_WINDOWS = 4096;

/** Bits of configureWindow. */
const POSITION_AND_SIZE = 15;
const BORDER_WIDTH = 16;
const STACK_MODE = 64;
const ABOVE = 0;
const STRUCTURE_NOTIFY = 1 << 17;
const REPLACE = 0;

const TYPES = { CARDINAL: "CARDINAL", ATOM, WINDOW } as const;

export class Desk {
  readonly x: XConnection;
  readonly atoms: Atoms;
  readonly setup: Setup;
  readonly proxy: WaylandProxy;
  readonly shell: Shell;
  readonly windows = new Map<number, XWindow>();
  screen: Size;
  /** A surface of this X server has the keyboard. */
  hasKeyboard = false;
  /** The window that had the last input, and the one that is in front on the X screen. */
  lastInput: XWindow | undefined;
  #front: XWindow | undefined;

  constructor(x: XConnection, atoms: Atoms, setup: Setup, proxy: WaylandProxy) {
    this.x = x;
    this.atoms = atoms;
    this.setup = setup;
    this.proxy = proxy;
    this.shell = new Shell(proxy);
    this.screen = { width: setup.width, height: setup.height };
  }

  get root(): number {
    return this.setup.root;
  }

  /** A window that has appeared below the root. Throws VitrineError "protocol" when there are too many. */
  add(id: number, place: Rectangle, isOverrideRedirect: boolean): XWindow {
    if (this.windows.size >= MAX_X_WINDOWS) throw xError(`more than ${MAX_X_WINDOWS} windows`);
    const window = new Window(id, new PropertyRecord(this.atoms), place, isOverrideRedirect);
    this.windows.set(id, window);
    return window;
  }

  remove(window: XWindow): void {
    this.windows.delete(window.id);
    if (this.lastInput === window) this.lastInput = undefined;
    if (this.#front === window) this.#front = undefined;
  }

  bySurface(surfaceId: number): XWindow | undefined {
    return [...this.windows.values()].find(({ surface }) => surface?.id === surfaceId);
  }

  /** Whether two windows are of one program: ids say so. */
  areRelated(one: number, other: number): boolean {
    const { idMask } = this.setup;
    return (one & ~idMask) === (other & ~idMask);
  }

  /** Puts a window somewhere; its program hears of it even when nothing changes. */
  configure(window: XWindow, place: Rectangle): void {
    const { x, y, width, height } = place;
    const before = window.place;
    const isSame = x === before.x && y === before.y && width === before.width && height === before.height;
    window.place = place;
    const tail = words(x, y, width, height, 0);
    this.x.send(configureWindow, { window: window.id, mask: POSITION_AND_SIZE | BORDER_WIDTH }, tail);
    if (isSame) this.tellPlace(window);
  }

  /** Tells a program where its window is, as if that had just been changed. */
  tellPlace({ id, place, isOverrideRedirect }: XWindow): void {
    const overrideRedirect = isOverrideRedirect ? 1 : 0;
    const fields = { event: id, window: id, aboveSibling: 0, ...place, borderWidth: 0, overrideRedirect };
    this.x.send(
      sendEvent,
      { propagate: 0, destination: id, eventMask: STRUCTURE_NOTIFY },
      encodeEvent("configureNotify", fields),
    );
  }

  /**
   * Brings a window to the front of the X screen, where windows lie over each other: the pointer is on what is in front. The
   * menus on it stay before it.
   */
  raise(window: XWindow): void {
    const owner = this.ownerOf(window);
    if (this.#front === owner) return;
    this.#front = owner;
    this.putInFront(owner);
    for (const other of this.windows.values())
      if (other !== owner && this.ownerOf(other) === owner) this.putInFront(other);
  }

  putInFront({ id }: XWindow): void {
    this.x.send(configureWindow, { window: id, mask: STACK_MODE }, words(ABOVE));
  }

  /** The window that a menu is on; of others, the window itself. */
  ownerOf(window: XWindow): XWindow {
    const { popup } = window;
    if (popup === undefined) return window;
    return [...this.windows.values()].find(({ toplevel }) => toplevel === popup.parent) ?? window;
  }

  setProperty(window: number, name: AtomName, type: keyof typeof TYPES | AtomName, values: readonly number[]): void {
    const known = type === "ATOM" ? ATOM : type === "WINDOW" ? WINDOW : this.atoms[type as AtomName];
    const fields = { mode: REPLACE, window, property: this.atoms[name], type: known, format: 32, count: values.length };
    this.x.send(changeProperty, fields, words(...values));
  }

  /** A client message of five words to a window's program. */
  tell(window: number, type: AtomName, data: readonly number[]): void {
    const [data0 = 0, data1 = 0, data2 = 0, data3 = 0, data4 = 0] = data;
    const fields: EventFields<"clientMessage"> = {
      format: 32,
      window,
      type: this.atoms[type],
      data0,
      data1,
      data2,
      data3,
      data4,
    };
    this.x.send(sendEvent, { propagate: 0, destination: window, eventMask: 0 }, encodeEvent("clientMessage", fields));
  }
}
