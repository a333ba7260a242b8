/**
 * The objects of Xwayland's connection, and our own on the same one. Ours have ids that Xwayland never comes to, so nothing
 * has to be translated: the guest half of the display and the host half take ids in any order.
 */
import type { OwnedFd } from "../../../sys/fd.ts";
import { IdAllocator, SERVER_ID_MIN } from "../../../wayland/ids.ts";
import type { InterfaceTable, Value } from "../../../wayland/types.ts";
import { TABLES } from "../../display/tables.ts";
import { waylandError } from "./errors.ts";

/** Objects of Xwayland and the bridge together: what the host half of the display takes of one app. */
export const MAX_BRIDGE_OBJECTS = 20_000;
const OWN_ID_MIN = 0x8000_0000;
const OWN_ID_MAX = SERVER_ID_MIN - 1;

/** An object of our own, or one that the display has made for one of those. */
export interface OwnObject {
  readonly id: number;
  readonly table: InterfaceTable;
  readonly version: number;
  /** `fds` are owned by whoever takes the event. */
  onEvent: (name: string, args: readonly Value[], fds: readonly OwnedFd[]) => void;
}

export type Entry = { readonly table: InterfaceTable; readonly version: number; readonly own?: OwnObject };

export class BridgeObjects {
  readonly #entries = new Map<number, Entry>();
  readonly #ownIds = new IdAllocator(OWN_ID_MIN, OWN_ID_MAX);

  get(id: number): Entry | undefined {
    return this.#entries.get(id);
  }

  /** An object that Xwayland makes, or that the display makes for it. */
  add(id: number, interfaceName: string, version: number): void {
    if (id >= OWN_ID_MIN && id < SERVER_ID_MIN) throw waylandError(`object ${id} has an id out of range`);
    if (id < SERVER_ID_MIN && this.#entries.has(id)) throw waylandError(`object ${id} is there already`);
    const table = TABLES.get(interfaceName);
    if (table === undefined) throw waylandError(`object ${id} is of an interface that is not passed on`);
    this.#set(id, { table, version });
  }

  /** A fresh object of our own. Its events are nobody's until `onEvent` is set. */
  addOwn(table: InterfaceTable, version: number): OwnObject {
    return this.#own(this.#ownIds.allocate(), table, version);
  }

  /** An object that the display has made for one of ours. */
  addOwnFromDisplay(id: number, interfaceName: string, version: number): OwnObject {
    const table = TABLES.get(interfaceName);
    if (table === undefined) throw waylandError(`object ${id} is of an interface that is not known`);
    return this.#own(id, table, version);
  }

  /** The display says that the id is free again. Returns whether it was one of ours. */
  deleted(id: number): boolean {
    const isOwn = this.#entries.get(id)?.own !== undefined;
    this.#entries.delete(id);
    if (isOwn) this.#ownIds.release(id);
    return isOwn;
  }

  #own(id: number, table: InterfaceTable, version: number): OwnObject {
    const own: OwnObject = { id, table, version, onEvent: (_name, _args, fds) => closeAll(fds) };
    this.#set(id, { table, version, own });
    return own;
  }

  #set(id: number, entry: Entry): void {
    if (this.#entries.size >= MAX_BRIDGE_OBJECTS) throw waylandError(`more than ${MAX_BRIDGE_OBJECTS} objects`);
    this.#entries.set(id, entry);
  }
}

function closeAll(fds: readonly OwnedFd[]): void {
  for (const fd of fds) fd.close();
}
