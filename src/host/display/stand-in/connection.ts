/**
 * One app connection on the stand-in: the server's end of a socket that the host half talks to as to any compositor.
 *
 * 1. Ids, versions, delete_id, the registry and round trips are done here; what the answers are is written by interface
 *    (answers.ts). An event that the object's version does not have is not sent.
 * 2. What is not answered is taken without a word, unknown requests too: the host half has checked all that comes.
 *    Descriptors are closed unseen.
 * 3. Answers are sent as fast as they are read: while they are not, no more requests are looked at.
 */
import { VitrineError } from "../../../base/error.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { decode } from "../../../wayland/decode.ts";
import { wl_buffer, wl_display, wl_registry, wl_shm_pool } from "../../../wayland/generated/wayland.ts";
import { SERVER_ID_MIN } from "../../../wayland/ids.ts";
import type { RawMessage } from "../../../wayland/message-reader.ts";
import { ObjectTable } from "../../../wayland/object-table.ts";
import { fdCount, type InterfaceTable, messageByName, type NewId, type Value } from "../../../wayland/types.ts";
import { relayRegistry } from "../allow-list.ts";
import { CompositorConnection, takeFds } from "../compositor-connection.ts";
import { MAX_STAND_IN_OBJECTS, STAND_IN_FRAME_MS } from "../limits.ts";
import { answersOf } from "./answers.ts";
import type { Keymaps } from "./keymaps.ts";
import type { Offer, OfferedGlobal } from "./offer.ts";
import type { Served } from "./served.ts";

/** All that the host half uses on a connection. */
const TABLES: ReadonlyMap<string, InterfaceTable> = new Map(
  [wl_registry, wl_shm_pool, wl_buffer, ...[...relayRegistry.byInterface.values()].map(({ table }) => table)].map(
    (table) => [table.name, table],
  ),
);

/** Whatever it is: nothing is said to it, and nothing that it says is understood. */
const SILENT: InterfaceTable = { name: "", version: 1, requests: [], events: [], enums: {} };

export class ServedConnection {
  readonly offer: Offer;
  readonly keymaps: Keymaps;
  readonly #connection: CompositorConnection;
  readonly #objects = new ObjectTable<Served>({ maxObjects: MAX_STAND_IN_OBJECTS });
  readonly #display: Served = { id: 1, table: wl_display, version: 1, alive: true };
  readonly #globals = new Map<Served, OfferedGlobal>();
  readonly #ended: () => void;
  #nextFrame: (() => void)[] = [];
  #frameTimer: ReturnType<typeof setTimeout> | undefined;
  #serial = 0;

  /** Takes over `socket`; `keymaps` are borrowed. `ended` is called when the other side has gone. */
  constructor(socket: OwnedFd, offer: Offer, keymaps: Keymaps, ended: () => void) {
    this.offer = offer;
    this.keymaps = keymaps;
    this.#ended = ended;
    this.#objects.addFromClient(this.#display.id, this.#display);
    const handlers = {
      message: (raw: RawMessage, fds: OwnedFd[]) => this.#request(raw, fds),
      batchEnd: () => this.#connection.flush(),
      drained: () => {},
      closed: () => this.#over(),
    };
    this.#connection = new CompositorConnection(socket, handlers, "wait");
  }

  /** The object `id`, which must be there. */
  object(id: Value | undefined): Served {
    const object = this.#objects.get(id as number);
    if (object === undefined) throw new VitrineError("protocol", `Cannot answer: there is no object ${id}`);
    return object;
  }

  /** The global that `object` was bound to. */
  globalOf(object: Served): OfferedGlobal | undefined {
    return this.#globals.get(object);
  }

  /** Objects that are bound to `global`. */
  boundTo(global: OfferedGlobal): Served[] {
    return [...this.#globals].filter(([, bound]) => bound === global).map(([object]) => object);
  }

  /** A serial that was not used before. */
  serial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** Sends an event, unless `object` is gone or its version has none such. Takes ownership of `fds`. */
  send(object: Served, name: string, args: readonly Value[], fds: readonly OwnedFd[] = []): void {
    const { opcode, message } = messageByName(object.table, "events", name);
    if (!object.alive || message.since > object.version) {
      for (const fd of fds) fd.close();
      return;
    }
    this.#connection.send(object.id, opcode, message, args, fds);
    if (message.destructor) this.#forget(object);
  }

  /** Calls `then` when the next frame would be shown. */
  atNextFrame(then: () => void): void {
    this.#nextFrame.push(then);
    this.#frameTimer ??= setTimeout(() => {
      this.#frameTimer = undefined;
      for (const shown of this.#nextFrame.splice(0)) shown();
      this.#connection.flush();
    }, STAND_IN_FRAME_MS);
  }

  #over(): void {
    clearTimeout(this.#frameTimer);
    this.#nextFrame = [];
    this.#ended();
  }

  #request(raw: RawMessage, fds: OwnedFd[]): void {
    const object = this.#objects.get(raw.objectId);
    const message = object?.table.requests[raw.opcode];
    if (object === undefined || message === undefined) return;
    for (const fd of takeFds(fds, fdCount(message))) fd.close();
    const args = decode(message, raw);
    const made = message.args.flatMap(({ type, interface: name }, index) =>
      type === "new_id" ? [this.#make(object, name, args[index] as number | NewId)] : [],
    );
    if (object.table === wl_registry) this.#bound(args[0] as number, made);
    else if (message.name === "get_registry") this.#list(made);
    else answersOf(object.table)[message.name]?.({ connection: this, object, args, made });
    if (message.destructor) this.#forget(object);
  }

  #make(by: Served, name: string | undefined, value: number | NewId): Served {
    const {
      interface: interfaceName,
      version,
      id,
    } = typeof value === "number" ? { interface: name ?? "", version: by.version, id: value } : value;
    const table = TABLES.get(interfaceName) ?? SILENT;
    const object = { id, table, version, alive: true };
    this.#objects.addFromClient(id, object);
    return object;
  }

  #list(made: readonly Served[]): void {
    for (const registry of made)
      for (const { name, interface: interfaceName, version } of this.offer.globals.values())
        this.send(registry, "global", [name, interfaceName, version]);
  }

  #bound(name: number, made: readonly Served[]): void {
    const global = this.offer.globals.get(name);
    if (global === undefined) return;
    for (const object of made) {
      this.#globals.set(object, global);
      for (const event of global.events) this.send(object, event.name, event.args);
    }
  }

  #forget(object: Served): void {
    object.alive = false;
    this.#globals.delete(object);
    this.#objects.delete(object.id);
    if (object.id < SERVER_ID_MIN) this.send(this.#display, "delete_id", [object.id]);
  }
}
