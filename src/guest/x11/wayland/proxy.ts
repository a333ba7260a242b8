/**
 * The Wayland connection of Xwayland: a socket pair to Xwayland, an ordinary app connection to the display, and this in
 * between. Messages pass byte for byte; content waits until its surface has a purpose (surface.ts), globals are those of
 * globals.ts, and the bridge has objects of its own on the connection, since windows must be on it.
 */
import { VitrineError } from "../../../base/error.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { decode } from "../../../wayland/decode.ts";
import {
  wl_buffer,
  wl_callback,
  wl_display,
  wl_pointer,
  wl_registry,
  wl_surface,
} from "../../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../../wayland/message-reader.ts";
import {
  fdCount,
  type InterfaceTable,
  type MessageTable,
  messageByName,
  type NewId,
  type Value,
} from "../../../wayland/types.ts";
import { WaylandEnd } from "./end.ts";
import { waylandError } from "./errors.ts";
import { XWAYLAND_GLOBALS } from "./globals.ts";
import { type InputHandlers, InputWatch } from "./input.ts";
import { BridgeObjects, type Entry, type OwnObject } from "./objects.ts";
import { Surfaces } from "./surfaces.ts";

const WL_DISPLAY = 1;
/** Version that brought wl_pointer.frame. */
const FRAME_SINCE = messageByName(wl_pointer, "events", "frame").message.since;

export interface ProxyHandlers extends InputHandlers {
  /** Called once; the bridge is over then. */
  closed(error: VitrineError | undefined): void;
  /** The display has ended the connection with this error, in its words. */
  refused(text: string): void;
}

export class WaylandProxy {
  readonly surfaces: Surfaces;
  readonly input: InputWatch;
  readonly #handlers: ProxyHandlers;
  readonly #objects = new BridgeObjects();
  readonly #xwayland: WaylandEnd;
  readonly #display: WaylandEnd;
  /** Globals of the display by interface: their names and versions. */
  readonly #globals = new Map<string, { name: number; version: number }>();
  readonly #allowedNames = new Set<number>();
  #registry = 0;

  /** Takes ownership of both ends: of the pair with Xwayland, and of the connection to the display. */
  constructor(xwayland: OwnedFd, display: OwnedFd, handlers: ProxyHandlers) {
    this.#handlers = handlers;
    this.surfaces = new Surfaces((bytes) => this.#display.pass(bytes), {
      released: (bufferId) => this.#tell(bufferId, wl_buffer, "release"),
      frameDone: (callbackId) => {
        this.#tell(callbackId, wl_callback, "done", [0]);
        this.#tell(WL_DISPLAY, wl_display, "delete_id", [callbackId]);
        this.#objects.deleted(callbackId);
      },
    });
    this.input = new InputWatch(handlers);
    this.#objects.add(WL_DISPLAY, wl_display.name, 1);
    const closed = (error: VitrineError | undefined) => handlers.closed(error);
    this.#xwayland = new WaylandEnd(xwayland, {
      message: (raw) => this.#request(raw),
      closed,
      drained: () => this.#display.resume(),
    });
    this.#display = new WaylandEnd(display, {
      message: (raw) => this.#event(raw),
      closed,
      drained: () => this.#xwayland.resume(),
    });
  }

  /** A seat that Xwayland has bound, for requests that name one; undefined before. */
  get seat(): number | undefined {
    return this.input.seat;
  }

  /** Binds a global for ourselves; undefined when the display has none. */
  bind(table: InterfaceTable, maxVersion: number): OwnObject | undefined {
    const global = this.#globals.get(table.name);
    if (global === undefined || this.#registry === 0) return undefined;
    const version = Math.min(global.version, maxVersion, table.version);
    const object = this.#objects.addOwn(table, version);
    const { opcode, message } = messageByName(wl_registry, "requests", "bind");
    const newId: NewId = { interface: table.name, version, id: object.id };
    this.#display.say(this.#registry, opcode, message, [global.name, newId]);
    return object;
  }

  /** An object that a request to `parent` makes: `args` are those behind the new id, which comes first. */
  create(parent: OwnObject, request: string, table: InterfaceTable, args: readonly Value[] = []): OwnObject {
    const object = this.#objects.addOwn(table, parent.version);
    this.request(parent, request, [object.id, ...args]);
    return object;
  }

  /** A request of our own. Takes ownership of `fds`. */
  request(object: OwnObject, name: string, args: readonly Value[] = [], fds: readonly OwnedFd[] = []): void {
    const { opcode, message } = messageByName(object.table, "requests", name);
    this.#display.say(object.id, opcode, message, args, fds);
  }

  /** A request to a surface of Xwayland's. */
  surfaceRequest(surface: number, name: string, args: readonly Value[] = []): void {
    const { opcode, message } = messageByName(wl_surface, "requests", name);
    this.#display.say(surface, opcode, message, args);
  }

  /** For what is done outside of any message: an error ends the bridge, as one within does. */
  attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#handlers.closed(VitrineError.from(error));
    }
  }

  close(): void {
    this.#xwayland.close();
    this.#display.close();
  }

  /** An event of our own to Xwayland. */
  #tell(objectId: number, table: InterfaceTable, name: string, args: readonly Value[] = []): void {
    const { opcode, message } = messageByName(table, "events", name);
    this.#xwayland.say(objectId, opcode, message, args);
  }

  #request(raw: RawMessage): void {
    const entry = this.#objects.get(raw.objectId);
    const message = entry?.table.requests[raw.opcode];
    if (entry === undefined || entry.own !== undefined || message === undefined)
      throw waylandError(`request ${raw.opcode} of object ${raw.objectId} is unknown`);
    const args = decode(message, raw);
    const fds: OwnedFd[] = [];
    for (let count = fdCount(message); count > 0; count -= 1) fds.push(this.#xwayland.takeFd());
    this.#noteNewObjects(entry, message, args);
    if (this.#judge(raw, entry, message, args) === "pass") this.#display.pass(raw.bytes, fds);
    if (message.name === "create_surface") this.surfaces.add(args[0] as number);
    if (this.#display.isFull) this.#xwayland.pause();
  }

  #judge(raw: RawMessage, entry: Entry, message: MessageTable, args: readonly Value[]): "pass" | "hold" {
    switch (entry.table.name) {
      case "wl_display":
        if (message.name === "get_registry") this.#registry = args[0] as number;
        return "pass";
      case "wl_seat":
        if (message.name === "release" && raw.objectId === this.input.seat) this.input.seat = undefined;
        return "pass";
      case "wl_registry": {
        const { interface: name, id } = args[1] as NewId;
        if (!this.#allowedNames.has(args[0] as number)) throw waylandError("it binds what it was not offered");
        if (name === "wl_seat") this.input.seat ??= id;
        return "pass";
      }
      default:
        return this.surfaces.request(entry.table.name, message.name, raw, args);
    }
  }

  #noteNewObjects(entry: Entry, message: MessageTable, args: readonly Value[]): void {
    for (const [index, argument] of message.args.entries()) {
      if (argument.type !== "new_id") continue;
      const value = args[index] as number | NewId;
      if (typeof value === "number") this.#objects.add(value, argument.interface ?? "", entry.version);
      else this.#objects.add(value.id, value.interface, value.version);
    }
  }

  #event(raw: RawMessage): void {
    const entry = this.#objects.get(raw.objectId);
    const message = entry?.table.events[raw.opcode];
    if (entry === undefined || message === undefined)
      throw waylandError(`event ${raw.opcode} of object ${raw.objectId} is unknown`);
    const args = decode(message, raw);
    const fds: OwnedFd[] = [];
    for (let count = fdCount(message); count > 0; count -= 1) fds.push(this.#display.takeFd());
    if (entry.own !== undefined) {
      for (const [index, { type, interface: name = "" }] of message.args.entries())
        if (type === "new_id") this.#objects.addOwnFromDisplay(args[index] as number, name, entry.version);
      entry.own.onEvent(message.name, args, fds);
      return;
    }
    this.#noteNewObjects(entry, message, args);
    if (!this.#isForXwayland(entry, message, args)) return;
    if (entry.table === wl_pointer && entry.version >= FRAME_SINCE && this.input.wantsFrame(raw.objectId, message.name))
      this.#tell(raw.objectId, wl_pointer, "frame");
    this.input.event(entry.table.name, message.name, args);
    this.#xwayland.pass(raw.bytes, fds);
    if (this.#xwayland.isFull) this.#display.pause();
  }

  /** What the display says of globals, ids and errors; returns whether Xwayland shall hear of it. */
  #isForXwayland({ table }: Entry, message: MessageTable, args: readonly Value[]): boolean {
    if (table === wl_registry && message.name === "global") {
      const [name, interfaceName, version] = args as [number, string, number];
      if (!this.#globals.has(interfaceName)) this.#globals.set(interfaceName, { name, version });
      if (!XWAYLAND_GLOBALS.has(interfaceName)) return false;
      this.#allowedNames.add(name);
    } else if (table === wl_registry) {
      return this.#allowedNames.delete(args[0] as number);
    } else if (table === wl_display && message.name === "delete_id") {
      return !this.#objects.deleted(args[0] as number);
    } else if (table === wl_display) {
      this.#handlers.refused(String(args[2]));
    }
    return true;
  }

  /** An object that the display has made for one of ours. */
  ownObject(id: number): OwnObject {
    const own = this.#objects.get(id)?.own;
    if (own === undefined) throw waylandError(`object ${id} is not one of the bridge's`);
    return own;
  }
}
