/** Which object of an app is what, as far as the guest half has to know. */
import type { InterfaceTable } from "../../wayland/types.ts";
import { TABLES } from "./tables.ts";

/** Objects followed for one app; the host half has a lower bound of its own. */
const MAX_FOLLOWED_OBJECTS = 65_536;

export class AppObjects {
  readonly #tables = new Map<number, InterfaceTable>();

  constructor() {
    this.add(1, "wl_display");
  }

  tableOf(id: number): InterfaceTable | undefined {
    return this.#tables.get(id);
  }

  /** An interface we do not know is not followed: the host half, which does not either, refuses it. */
  add(id: number, interfaceName: string): void {
    const table = TABLES.get(interfaceName);
    if (table !== undefined && this.#tables.size < MAX_FOLLOWED_OBJECTS) this.#tables.set(id, table);
  }

  delete(id: number): void {
    this.#tables.delete(id);
  }
}
