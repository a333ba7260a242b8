/**
 * The window manager of the X screen that nobody sees: it finds out which X window is which surface, and has each shown on
 * the display. A window is not given a frame here; the display does that.
 */
import type { EventFields, XEvent } from "../protocol/events.ts";
import {
  changeWindowAttributes,
  getGeometry,
  getProperty,
  killClient,
  mapWindow,
  setSelectionOwner,
  words,
} from "../protocol/requests.ts";
import type { BridgeSurface } from "../wayland/surface.ts";
import { windowMessage } from "./client-messages.ts";
import type { Desk } from "./desk.ts";
import { announce, announceManaged, announceScreen, announceWindows, announceWithdrawn } from "./ewmh.ts";
import { close, focus } from "./focus.ts";
import { firstPlace, withinScreen } from "./place.ts";
import { MAX_PROPERTY_BYTES, PROPERTY_NAMES, type PropertyName } from "./properties.ts";
import { describe, hide, movePopup, show } from "./show.ts";
import type { XWindow } from "./x-window.ts";

const EVENT_MASK = 1 << 11;
const STRUCTURE_NOTIFY = 1 << 17;
const SUBSTRUCTURE_NOTIFY = 1 << 19;
const SUBSTRUCTURE_REDIRECT = 1 << 20;
const PROPERTY_CHANGE = 1 << 22;
/** Bits of a configureRequest. */
const ASKS = { x: 1, y: 2, width: 4, height: 8 } as const;
const ANY_TYPE = 0;
const CURRENT_TIME = 0;

export class WindowManager {
  readonly #desk: Desk;
  readonly #propertyByAtom: ReadonlyMap<number, PropertyName>;
  /** Windows whose surface Xwayland has named before it was made, by its id. */
  readonly #waiting = new Map<number, XWindow>();
  readonly #handlers = { closeWanted: (window: XWindow) => this.#close(window) };

  /** Takes the X screen over; Xwayland then lets programs in. */
  constructor(desk: Desk) {
    this.#desk = desk;
    this.#propertyByAtom = new Map(PROPERTY_NAMES.map((name) => [desk.atoms[name], name]));
    const { x, root, atoms, proxy } = desk;
    const mask = STRUCTURE_NOTIFY | SUBSTRUCTURE_NOTIFY | SUBSTRUCTURE_REDIRECT | PROPERTY_CHANGE;
    x.send(changeWindowAttributes, { window: root, mask: EVENT_MASK }, words(mask));
    proxy.surfaces.onCreated = (surface) => this.#surfaceCreated(surface);
    proxy.surfaces.onDestroy = (surface) => this.#surfaceDestroyed(surface);
    const own = announce(desk);
    x.send(setSelectionOwner, { owner: own, selection: atoms.WM_S0, time: CURRENT_TIME });
  }

  event(event: XEvent): void {
    switch (event.name) {
      case "createNotify": {
        const { window, parent, overrideRedirect } = event.fields;
        if (parent === this.#desk.root) this.#add(window, event.fields, overrideRedirect !== 0);
        break;
      }
      case "reparentNotify":
        this.#reparented(event.fields);
        break;
      case "destroyNotify":
        this.#gone(event.fields.window);
        break;
      case "mapRequest":
        this.#mapRequest(event.fields.window);
        break;
      case "mapNotify":
        this.#mapped(event.fields.window, event.fields.overrideRedirect !== 0);
        break;
      case "unmapNotify":
        if (!event.sent) this.#unmapped(event.fields.window);
        break;
      case "configureRequest":
        this.#configureRequest(event.fields);
        break;
      case "configureNotify":
        if (!event.sent) this.#configured(event.fields);
        break;
      case "propertyNotify":
        this.#propertyChanged(event.fields.window, event.fields.atom);
        break;
      case "clientMessage":
        this.#message(event.fields);
        break;
    }
  }

  /** The display says which surface has the keyboard; undefined: none of this X server's. */
  keyboardOn(surfaceId: number | undefined): void {
    const window = surfaceId === undefined ? undefined : this.#desk.bySurface(surfaceId);
    this.#desk.hasKeyboard = window !== undefined;
    const owner = window && this.#desk.ownerOf(window);
    if (owner !== undefined) this.#desk.lastInput = owner;
    focus(this.#desk, owner);
  }

  pointerOn(surfaceId: number): void {
    const window = this.#desk.bySurface(surfaceId);
    if (window === undefined) return;
    this.#desk.lastInput = this.#desk.ownerOf(window);
    this.#desk.raise(window);
  }

  #add(id: number, place: { x: number; y: number; width: number; height: number }, isOverrideRedirect: boolean): void {
    const { x, y, width, height } = place;
    this.#desk.add(id, { x, y, width, height }, isOverrideRedirect);
    this.#desk.x.send(changeWindowAttributes, { window: id, mask: EVENT_MASK }, words(PROPERTY_CHANGE));
  }

  #reparented({ window, parent, overrideRedirect }: EventFields<"reparentNotify">): void {
    if (parent !== this.#desk.root) return this.#gone(window);
    this.#desk.x.ask(getGeometry, { window }, (reply) => {
      if (reply !== undefined && !this.#desk.windows.has(window))
        this.#add(window, reply.fields, overrideRedirect !== 0);
    });
  }

  #gone(id: number): void {
    const window = this.#desk.windows.get(id);
    if (window === undefined) return;
    this.#unmapped(id);
    for (const [surfaceId, other] of this.#waiting) if (other === window) this.#waiting.delete(surfaceId);
    this.#desk.remove(window);
  }

  #mapRequest(id: number): void {
    const window = this.#desk.windows.get(id);
    if (window === undefined) return;
    this.#read(window, () => {
      const desk = this.#desk;
      if (desk.windows.get(id) !== window) return;
      announceManaged(desk, window);
      desk.configure(window, firstPlace(window.place, desk.screen));
      desk.x.send(mapWindow, { window: id });
    });
  }

  #mapped(id: number, isOverrideRedirect: boolean): void {
    const window = this.#desk.windows.get(id);
    if (window === undefined) return;
    window.isMapped = true;
    window.isOverrideRedirect = isOverrideRedirect;
    if (!isOverrideRedirect) announceWindows(this.#desk);
    if (window.isRead) show(this.#desk, window, this.#handlers);
    else this.#read(window, () => show(this.#desk, window, this.#handlers));
  }

  #unmapped(id: number): void {
    const window = this.#desk.windows.get(id);
    if (window === undefined || !window.isMapped) return;
    window.isMapped = false;
    window.isRead = false;
    window.isBound = false;
    window.askedSize = "";
    hide(this.#desk, window);
    window.surface = undefined;
    if (window.isOverrideRedirect) return;
    announceWithdrawn(this.#desk, window);
    announceWindows(this.#desk);
  }

  #configureRequest(request: EventFields<"configureRequest">): void {
    const desk = this.#desk;
    const window = desk.windows.get(request.window);
    if (window === undefined) return;
    if (window.isBound) return desk.tellPlace(window);
    const asked = { ...window.place };
    for (const key of ["x", "y", "width", "height"] as const)
      if ((request.mask & ASKS[key]) !== 0) asked[key] = request[key];
    desk.configure(window, window.isMapped ? withinScreen(asked, desk.screen) : asked);
  }

  #configured({ window: id, x, y, width, height }: EventFields<"configureNotify">): void {
    const desk = this.#desk;
    if (id === desk.root) {
      desk.screen = { width, height };
      return announceScreen(desk);
    }
    const window = desk.windows.get(id);
    if (window === undefined) return;
    // Of others this is what we have said ourselves, perhaps some time ago.
    if (window.isOverrideRedirect) window.place = { x, y, width, height };
    movePopup(desk, window);
  }

  /** Asks for all properties; `done` is called when they are there. */
  #read(window: XWindow, done: () => void): void {
    const last = PROPERTY_NAMES.at(-1);
    for (const name of PROPERTY_NAMES)
      this.#readOne(window, name, () => {
        if (name !== last) return;
        window.isRead = true;
        done();
      });
  }

  #readOne(window: XWindow, name: PropertyName, done: () => void): void {
    const length = MAX_PROPERTY_BYTES / 4;
    const question = {
      delete: 0,
      window: window.id,
      property: this.#desk.atoms[name],
      type: ANY_TYPE,
      offset: 0,
      length,
    };
    this.#desk.x.ask(getProperty, question, (reply) => {
      const { type = 0, format = 0, count = 0 } = reply?.fields ?? {};
      const bytes = reply?.tail.subarray(0, (count * format) / 8) ?? new Uint8Array(0);
      window.record.set(name, type === 0 ? undefined : { type, format, bytes });
      done();
    });
  }

  #propertyChanged(id: number, atom: number): void {
    const window = this.#desk.windows.get(id);
    const name = this.#propertyByAtom.get(atom);
    // Its state is ours to say while it is shown.
    if (window === undefined || name === undefined || !window.isMapped || name === "_NET_WM_STATE") return;
    this.#readOne(window, name, () => describe(this.#desk, window));
  }

  #message(fields: EventFields<"clientMessage">): void {
    const { atoms, windows, proxy } = this.#desk;
    const window = windows.get(fields.window);
    if (window === undefined) return;
    if (fields.type !== atoms.WL_SURFACE_ID) {
      return windowMessage(this.#desk, window, fields, () => this.#close(window));
    }
    const surface = proxy.surfaces.get(fields.data0);
    if (surface !== undefined) return this.#pair(window, surface);
    // One for each window, whatever programs say.
    for (const [id, other] of this.#waiting) if (other === window) this.#waiting.delete(id);
    this.#waiting.set(fields.data0, window);
  }

  #surfaceCreated(surface: BridgeSurface): void {
    const window = this.#waiting.get(surface.id);
    if (window === undefined) return;
    this.#waiting.delete(surface.id);
    this.#pair(window, surface);
  }

  /** Xwayland has said which surface a window is. */
  #pair(window: XWindow, surface: BridgeSurface): void {
    const before = this.#desk.bySurface(surface.id);
    if (before === window || surface.state !== "held") return;
    // The id has been used again since it was said of the other.
    if (before !== undefined) {
      hide(this.#desk, before);
      before.surface = undefined;
    }
    hide(this.#desk, window);
    window.surface = surface;
    show(this.#desk, window, this.#handlers);
  }

  #surfaceDestroyed(surface: BridgeSurface): void {
    const window = this.#desk.bySurface(surface.id);
    if (window === undefined) return;
    hide(this.#desk, window);
    window.surface = undefined;
  }

  #close(window: XWindow): void {
    close(this.#desk, window, ({ id }) => this.#desk.x.send(killClient, { resource: id }));
  }
}
