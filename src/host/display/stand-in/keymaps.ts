/** The keymaps of an offer as files, which keyboards hand out. */
import { writeSync } from "node:fs";
import type { OwnedFd } from "../../../sys/fd.ts";
import { memfdCreate } from "../../../sys/memory.ts";
import { MAX_STAND_IN_KEYMAPS } from "../limits.ts";
import type { ServedConnection } from "./connection.ts";
import type { Offer } from "./offer.ts";
import type { Served } from "./served.ts";

export class Keymaps {
  readonly #offer: Offer;
  readonly #files = new Map<number, OwnedFd>();
  readonly #given = new WeakMap<ServedConnection, number>();

  constructor(offer: Offer) {
    this.#offer = offer;
    for (const [seat, { keymap }] of offer.keyboards) {
      const file = memfdCreate("vitrine-keymap", keymap.length);
      writeSync(file.raw, keymap);
      this.#files.set(seat, file);
    }
  }

  /** Tells a wl_keyboard of `seat` what keys there are. */
  give(connection: ServedConnection, seat: number, keyboard: Served): void {
    const offered = this.#offer.keyboards.get(seat);
    const file = this.#files.get(seat);
    const given = this.#given.get(connection) ?? 0;
    if (offered === undefined || file === undefined || given >= MAX_STAND_IN_KEYMAPS) return;
    this.#given.set(connection, given + 1);
    connection.send(keyboard, "keymap", [offered.format, 0, offered.keymap.length], [file.dup()]);
    if (offered.repeat !== undefined) connection.send(keyboard, "repeat_info", offered.repeat);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}
