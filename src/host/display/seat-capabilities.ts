/**
 * What the compositor's seats have had: pointer, keyboard, touch. Asking for a device that a seat has never had is a
 * protocol error, and some compositors do not survive it. Apps ask as soon as they have bound a seat, so it must be known
 * before the first of their requests is looked at: we follow the seats on the app's connection ourselves.
 */
import { decode } from "../../wayland/decode.ts";
import { wl_seat } from "../../wayland/generated/wayland.ts";
import type { DisplayClient } from "./client.ts";
import type { HostGlobal } from "./globals.ts";

export class SeatCapabilities {
  readonly #client: DisplayClient;
  /** Bits of wl_seat.capability that were ever set, by the compositor's name of the seat. */
  readonly #ever = new Map<number, number>();

  constructor(client: DisplayClient) {
    this.#client = client;
  }

  /** Follows a seat of the compositor; its capabilities come with the next round trip. */
  follow({ hostName }: HostGlobal): void {
    this.#ever.set(hostName, 0);
    const { objects } = this.#client;
    const seat = objects.addInternal((raw) => {
      const message = wl_seat.events[raw.opcode];
      if (message?.name !== "capabilities") return;
      this.#ever.set(hostName, (this.#ever.get(hostName) ?? 0) | (decode(message, raw)[0] as number));
    });
    this.#client.bindOnHost(hostName, wl_seat, 1, seat.hostId);
  }

  /** Whether the seat has ever had a capability, given as a bit of wl_seat.capability. */
  has(hostName: number | undefined, capability: number): boolean {
    return hostName !== undefined && ((this.#ever.get(hostName) ?? 0) & capability) !== 0;
  }
}
