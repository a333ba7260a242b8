/** Which object of an app is what, as far as the guest half has to know. */
import { CLIENT_ID_MAX } from "../../wayland/ids.ts";
import type { InterfaceTable } from "../../wayland/types.ts";
import { AppError, WL_DISPLAY, WL_DISPLAY_ERROR } from "./app-error.ts";
import { MAX_FOLLOWED_OBJECTS } from "./limits.ts";
import { TABLES } from "./tables.ts";

export class AppObjects {
  readonly #tables = new Map<number, InterfaceTable>();

  constructor() {
    this.addFromApp(WL_DISPLAY, "wl_display");
  }

  tableOf(id: number): InterfaceTable | undefined {
    return this.#tables.get(id);
  }

  /**
   * An object the app makes. Throws {@link AppError} for an id that is in use or not the app's. An interface we do not
   * know is not followed: the host half, which does not either, refuses it.
   */
  addFromApp(id: number, interfaceName: string): void {
    if (id > CLIENT_ID_MAX || this.#tables.has(id)) {
      throw new AppError(WL_DISPLAY, WL_DISPLAY_ERROR.invalidMethod, `new id ${id} is in use or out of range`);
    }
    this.#add(id, interfaceName);
  }

  /** An object the host makes; it uses an id again once it has seen that the app has destroyed the object before. */
  addFromHost(id: number, interfaceName: string): void {
    this.#add(id, interfaceName);
  }

  delete(id: number): void {
    this.#tables.delete(id);
  }

  #add(id: number, interfaceName: string): void {
    const table = TABLES.get(interfaceName);
    if (table === undefined) return;
    if (this.#tables.size >= MAX_FOLLOWED_OBJECTS) {
      throw new AppError(WL_DISPLAY, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_FOLLOWED_OBJECTS} objects`);
    }
    this.#tables.set(id, table);
  }
}
