/**
 * A small Wayland client for tests: real sockets, the product's own codec and tables, nothing hidden. Requests are sent
 * at once; events go to the handler set with on(), else they wait in order until next() takes them.
 */
import { VitrineError } from "../../src/base/error.ts";
import { LINK_INTERFACE, LINK_OBJECT_ID } from "../../src/channel/contract/display.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { connectUnix } from "../../src/sys/socket.ts";
import { decode } from "../../src/wayland/decode.ts";
import { allInterfaces } from "../../src/wayland/generated/all.ts";
import { wl_display, wl_registry } from "../../src/wayland/generated/wayland.ts";
import { CLIENT_ID_MAX, CLIENT_ID_MIN, IdAllocator } from "../../src/wayland/ids.ts";
import type { RawMessage } from "../../src/wayland/message-reader.ts";
import { encode } from "../../src/wayland/message-writer.ts";
import { ObjectTable } from "../../src/wayland/object-table.ts";
import { fdCount, type InterfaceTable, type MessageTable, messageByName, type Value } from "../../src/wayland/types.ts";
import { wl_fixes } from "../../src/wayland/wl-fixes.ts";
import { DEFAULT_DEADLINE_MS, withDeadline } from "./deadline.ts";
import { inputMethodInterfaces } from "./input-method-tables.ts";
import { type ClientEvent, ClientObject } from "./wayland-object.ts";
import { WaylandSocket } from "./wayland-socket.ts";
import { wlrInterfaces } from "./wlr-tables.ts";

/** All that can be named in tests: the generated tables, wl_fixes, and those of wlroots by hand. */
export const testInterfaces: ReadonlyMap<string, InterfaceTable> = new Map([
  ...allInterfaces,
  ...[wl_fixes, ...wlrInterfaces, ...inputMethodInterfaces].map((table) => [table.name, table] as const),
]);

export interface Global {
  readonly name: number;
  readonly interface: string;
  readonly version: number;
}

/** A wl_display.error event. */
export interface ServerError {
  readonly objectId: number;
  /** Interface of the object, if the client knows it. */
  readonly interface: string | undefined;
  readonly code: number;
  readonly message: string;
}

/** How the connection ended. */
export interface ConnectionEnd {
  /** What the server said before it hung up. */
  readonly serverError: ServerError | undefined;
  readonly error: VitrineError;
}

/** An argument as request() takes it: an object stands for its id. */
export type ClientArgument = Value | ClientObject;

export class WaylandClient implements Disposable {
  readonly display = new ClientObject(1, wl_display, 1);
  /** The display link, of a client that stands for a guest half: descriptors travel as messages on it. */
  readonly link: ClientObject | undefined;
  readonly registry: ClientObject;
  readonly globals = new Map<number, Global>();
  readonly #socket: WaylandSocket;
  readonly #objects = new ObjectTable<ClientObject>();
  readonly #ids = new IdAllocator(CLIENT_ID_MIN, CLIENT_ID_MAX);
  readonly #awaitingEnd = new Set<(end: ConnectionEnd) => void>();
  #end: ConnectionEnd | undefined;

  /**
   * Takes over the connected `socket` and asks for the registry, which `globals` follows from then on. "guest half": the
   * other end is a host half.
   */
  constructor(socket: OwnedFd, as: "app" | "guest half" = "app") {
    this.link = as === "app" ? undefined : new ClientObject(LINK_OBJECT_ID, LINK_INTERFACE, 1);
    this.#socket = new WaylandSocket(socket, {
      message: (raw) => this.#dispatch(raw),
      ended: (error) => this.#finish(error, undefined),
    });
    this.#objects.addFromClient(this.#ids.allocate(), this.display);
    this.display.on("error", ({ args }) => this.#refused(args));
    this.display.on("delete_id", ({ args }) => this.#deleteId(args[0] as number));
    this.registry = this.create(this.display, "get_registry", [])
      .on("global", ({ args }) => {
        const [name, interfaceName, version] = args as [number, string, number];
        this.globals.set(name, { name, interface: interfaceName, version });
      })
      .on("global_remove", ({ args }) => this.globals.delete(args[0] as number));
  }

  /** Connects to the socket at `path` and waits until the compositor has listed its globals. */
  static connect(path: string, deadlineMs = DEFAULT_DEADLINE_MS): Promise<WaylandClient> {
    return WaylandClient.over(connectUnix(path), "app", deadlineMs);
  }

  /** The same over a socket that is connected already, of which it takes ownership. */
  static async over(
    socket: OwnedFd,
    as: "app" | "guest half" = "app",
    deadlineMs = DEFAULT_DEADLINE_MS,
  ): Promise<WaylandClient> {
    const client = new WaylandClient(socket, as);
    try {
      await client.roundtrip(deadlineMs);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** What the server offers of an interface; undefined when nothing. */
  global(interfaceName: string): Global | undefined {
    return [...this.globals.values()].find((global) => global.interface === interfaceName);
  }

  /** Binds the first global of an interface at the lower of the table's and the server's versions, or at `version`. */
  bind(table: InterfaceTable, version?: number): ClientObject {
    const global = this.global(table.name);
    if (global === undefined) {
      throw new VitrineError("unavailable", `binding "${table.name}" failed: a compositor that offers it is wanted`);
    }
    return this.bindNamed(global.name, table, version);
  }

  /** As bind(), for the global with that name: of some there are several. */
  bindNamed(name: number, table: InterfaceTable, version?: number): ClientObject {
    const offered = this.globals.get(name)?.version ?? table.version;
    const object = this.newObject(table, version ?? Math.min(table.version, offered));
    const newId = { interface: table.name, version: object.version, id: object.id };
    const { opcode, message } = messageByName(wl_registry, "requests", "bind");
    this.sendRaw(encode(this.registry.id, opcode, message, [name, newId]));
    return object;
  }

  /**
   * Sends a request. `args` leaves out new ids and descriptors: the former are made, the latter are in `fds`, which are
   * duplicated and stay the caller's. Returns the objects made.
   */
  request(
    object: ClientObject,
    name: string,
    args: readonly ClientArgument[],
    fds: readonly OwnedFd[] = [],
  ): ClientObject[] {
    const { opcode, message } = messageByName(object.table, "requests", name);
    const created: ClientObject[] = [];
    const rest = [...args];
    const values = message.args.map((argument): Value => {
      if (argument.type === "fd") return 0;
      if (argument.type === "new_id") {
        const made = this.newObject(tableOf(argument.interface ?? ""), object.version);
        created.push(made);
        return made.id;
      }
      const value = rest.shift();
      if (value instanceof ClientObject) return value.id;
      return value === null && argument.type === "object" ? 0 : (value as Value);
    });
    if (rest.length > 0 || (this.link === undefined && fds.length !== fdCount(message))) {
      const given = `${args.length} arguments and ${fds.length} descriptors`;
      throw new VitrineError("internal", `sending "${object.table.name}.${name}" with ${given} failed: see its table`);
    }
    this.sendRaw(encode(object.id, opcode, message, values), fds);
    if (message.destructor) object.alive = false;
    return created;
  }

  /** As request(), for one that makes an object: returns that. */
  create(
    object: ClientObject,
    name: string,
    args: readonly ClientArgument[],
    fds: readonly OwnedFd[] = [],
  ): ClientObject {
    const [created] = this.request(object, name, args, fds);
    if (created === undefined) throw new VitrineError("internal", `"${object.table.name}.${name}" makes no object`);
    return created;
  }

  /** An object with an id of its own that the server has not been told of: for requests written by hand. */
  newObject(table: InterfaceTable, version: number): ClientObject {
    const object = new ClientObject(this.#ids.allocate(), table, version);
    this.#objects.addFromClient(object.id, object);
    return object;
  }

  /** Sends bytes as they are, right or wrong. `fds` stay the caller's. */
  sendRaw(bytes: Uint8Array, fds: readonly OwnedFd[] = []): void {
    if (this.#end !== undefined) throw this.#end.error;
    this.#socket.send(bytes, fds);
  }

  /** The oldest event `name` of `object` that nothing has taken, now or when it comes. */
  async next(object: ClientObject, name: string, deadlineMs = DEFAULT_DEADLINE_MS): Promise<ClientEvent> {
    const event = object.take(name);
    if (event !== undefined) return event;
    if (this.#end !== undefined) throw this.#end.error;
    return await object.wait(name, deadlineMs);
  }

  /** Waits until the server has handled all that was sent before, and all its answers have been seen. */
  async roundtrip(deadlineMs = DEFAULT_DEADLINE_MS): Promise<void> {
    await this.next(this.create(this.display, "sync", []), "done", deadlineMs);
  }

  /** Drops the events that nobody has taken, of all objects: for those that live long and look at nothing. */
  forgetEvents(): void {
    for (const object of this.#objects.values()) object.forget();
  }

  /** Waits for the end of the connection: for tests that provoke it. */
  async ended(deadlineMs = DEFAULT_DEADLINE_MS): Promise<ConnectionEnd> {
    if (this.#end !== undefined) return this.#end;
    return await withDeadline<ConnectionEnd>("waiting for the end of the connection", deadlineMs, (resolve) => {
      this.#awaitingEnd.add(resolve);
      return () => void this.#awaitingEnd.delete(resolve);
    });
  }

  close(): void {
    this.#finish(new VitrineError("cancelled", "the test client has been closed"), undefined);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #dispatch(raw: RawMessage): void {
    const object = raw.objectId === LINK_OBJECT_ID ? this.link : this.#objects.get(raw.objectId);
    const message = object?.table.events[raw.opcode];
    if (object === undefined || message === undefined || message.since > object.version) {
      const of = object === undefined ? "" : `${object.table.name} version ${object.version} `;
      throw new VitrineError("protocol", `event ${raw.opcode} came for ${of}"${raw.objectId}": a known one is wanted`);
    }
    const args = decode(message, raw).map((value) => (value instanceof Uint8Array ? value.slice() : value));
    const fds = this.link === undefined ? this.#socket.takeFds(fdCount(message)) : [];
    const created = this.#createFromServer(object, message, args);
    if (message.destructor) object.alive = false;
    object.deliver({ object, name: message.name, args, fds, created });
  }

  #createFromServer(by: ClientObject, message: MessageTable, args: readonly Value[]): ClientObject[] {
    return message.args.flatMap((argument, index) => {
      if (argument.type !== "new_id") return [];
      const made = new ClientObject(args[index] as number, tableOf(argument.interface ?? ""), by.version);
      // The server uses an id again once it has seen the destructor of the object that had it.
      const before = this.#objects.get(made.id);
      if (before?.alive === false) {
        before.end(undefined);
        this.#objects.delete(made.id);
      }
      this.#objects.addFromServer(made.id, made);
      return [made];
    });
  }

  #deleteId(id: number): void {
    this.#objects.get(id)?.end(undefined);
    this.#objects.delete(id);
    this.#ids.release(id);
  }

  #refused(args: readonly Value[]): void {
    const [objectId, code, message] = args as [number, number, string];
    const interfaceName = this.#objects.get(objectId)?.table.name;
    const text = `the compositor refused a request to ${interfaceName ?? "object"}#${objectId}: code ${code}, "${message}"`;
    this.#finish(new VitrineError("protocol", text), { objectId, interface: interfaceName, code, message });
  }

  #finish(error: VitrineError, serverError: ServerError | undefined): void {
    if (this.#end !== undefined) return;
    const end: ConnectionEnd = { serverError, error };
    this.#end = end;
    this.#socket.close();
    for (const object of this.#objects.values()) object.end(error);
    for (const resolve of this.#awaitingEnd) resolve(end);
    this.#awaitingEnd.clear();
  }
}

function tableOf(name: string): InterfaceTable {
  const table = testInterfaces.get(name);
  if (table === undefined) throw new VitrineError("internal", `looking up interface "${name}" failed: no table has it`);
  return table;
}
