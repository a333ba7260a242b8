/**
 * A buffer of one colour without memory of the guest's, from single-pixel-buffer. It is known by its colour and made on the
 * compositor's connection when it is to be shown; so it comes back with the surface that shows it, on another compositor too,
 * though the guest may have destroyed the buffer long ago.
 */
import { wl_buffer } from "../../wayland/generated/wayland.ts";
import type { DisplayClient } from "./client.ts";
import type { CompositorConnection } from "./compositor-connection.ts";
import type { BufferView, SurfaceBuffer } from "./surfaces/change.ts";
import type { Rect } from "./surfaces/rect.ts";

/** Red, green, blue and alpha, each in 32 bits, multiplied by alpha. */
export type PixelColour = readonly [number, number, number, number];

const CLEAR: PixelColour = [0, 0, 0, 0];

export class SinglePixel implements SurfaceBuffer {
  readonly width = 1;
  readonly height = 1;
  colour = CLEAR;
  readonly #client: DisplayClient;
  /** The guest's wl_buffer; 0 once that is destroyed. */
  #guestId: number;
  /** The compositor's, and the connection that has it; 0 while there is none. */
  #hostId = 0;
  #on: CompositorConnection | undefined;
  /** The compositor may be reading it. */
  #isGiven = false;
  /** Commits that wait for something, and will show it. */
  #waiting = 0;
  /** The guest counts it as in use. */
  #isTaken = false;

  constructor(client: DisplayClient, guestId: number) {
    this.#client = client;
    this.#guestId = guestId;
  }

  hold(): void {
    this.#isTaken = true;
    this.keep();
  }

  keep(): void {
    this.#waiting += 1;
  }

  drop(): void {
    this.#waiting -= 1;
    this.#settle();
  }

  view(part: Rect | undefined): BufferView | undefined {
    if (part !== undefined) return undefined;
    const { compositor, own } = this.#client;
    if (this.#hostId === 0 || this.#on !== compositor) {
      const hostId = own.pixel(this.colour, () => this.#released(hostId));
      this.#hostId = hostId;
      this.#on = compositor;
      this.#isGiven = false;
    }
    const given = () => {
      this.#isGiven = true;
    };
    return { hostId: this.#hostId, given };
  }

  /** The compositor has gone. */
  hostLost(): void {
    this.#hostId = 0;
    this.#isGiven = false;
    this.#settle();
  }

  /** The guest wants it no more; a surface may still show it. */
  destroyed(): void {
    this.#guestId = 0;
    this.#settle();
  }

  #released(hostId: number): void {
    if (hostId !== this.#hostId) return;
    this.#isGiven = false;
    this.#settle();
  }

  #settle(): void {
    if (this.#waiting > 0 || (this.#isGiven && this.#on === this.#client.compositor)) return;
    if (this.#guestId !== 0) {
      if (this.#isTaken) this.#client.sendToGuest(this.#guestId, wl_buffer, "release", []);
      this.#isTaken = false;
      return;
    }
    if (this.#hostId !== 0 && this.#on === this.#client.compositor)
      this.#client.sendToHost(this.#hostId, wl_buffer, "destroy", []);
    this.#hostId = 0;
  }
}
