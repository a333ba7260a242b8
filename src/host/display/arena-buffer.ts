/** A range of the arena that a surface can show, and its wl_buffers on the compositor's connection. */
import { BYTES_PER_PIXEL } from "../../channel/contract/display.ts";
import type { PixelBuffer } from "./pixel-buffer.ts";
import type { BufferView, SurfaceBuffer } from "./surfaces/change.ts";
import { type Rect, sameRect } from "./surfaces/rect.ts";

/** What a buffer needs to be on the compositor's connection. */
export interface BufferHost {
  /** Makes a wl_buffer over these pixels; returns its id. */
  create(pixels: PixelBuffer, onReleased: () => void): number;
  destroy(hostId: number): void;
  /** Nobody needs the pixels any more. */
  unused(): void;
}

/** Compositors map pixels at any such place in a file. */
const ALIGNMENT_BYTES = 4;

/** All of the range, or a rectangle of it. */
interface View extends BufferView {
  readonly part: Rect | undefined;
  /** The compositor may be reading it. */
  isGiven: boolean;
}

export class ArenaBuffer implements SurfaceBuffer {
  readonly width: number;
  readonly height: number;
  /** The guest wants its range back; answered once nobody needs it any more. */
  dropped = false;
  readonly pixels: PixelBuffer;
  readonly #host: BufferHost;
  /** The last one is what is asked for most likely again; others wait for the compositor to let go of them. */
  #views: View[] = [];
  /** Commits that wait for something, and will show it. */
  #waiting = 0;
  /** The guest counts it as in use. */
  #isTaken = false;
  #destroyed = false;

  /** `pixels` must have been checked. */
  constructor(pixels: PixelBuffer, host: BufferHost) {
    this.width = pixels.width;
    this.height = pixels.height;
    this.pixels = pixels;
    this.#host = host;
  }

  get isUsed(): boolean {
    return this.#waiting > 0 || this.#views.some((view) => view.isGiven);
  }

  hold(): void {
    this.#waiting += 1;
    this.#isTaken = true;
  }

  keep(): void {
    this.#waiting += 1;
  }

  drop(): void {
    this.#waiting -= 1;
    this.#settle();
  }

  view(part: Rect | undefined): BufferView | undefined {
    if (this.#destroyed) return undefined;
    const known = this.#views.find((view) => sameRect(view.part, part));
    if (known !== undefined) return known;
    const pixels = partOf(this.pixels, part);
    if (pixels === undefined) return undefined;
    for (const view of this.#views) if (!view.isGiven) this.#host.destroy(view.hostId);
    this.#views = this.#views.filter((view) => view.isGiven);
    const view: View = {
      hostId: this.#host.create(pixels, () => this.#released(view)),
      part,
      isGiven: false,
      given: () => {
        view.isGiven = true;
      },
    };
    this.#views.push(view);
    return view;
  }

  /** The compositor has gone. */
  hostLost(): void {
    this.#views = [];
    this.#settle();
  }

  /** The range goes back to the guest. */
  destroy(): void {
    this.#destroyed = true;
    for (const { hostId } of this.#views) this.#host.destroy(hostId);
    this.#views = [];
  }

  #released(view: View): void {
    view.isGiven = false;
    this.#settle();
  }

  #settle(): void {
    if (this.isUsed || this.#destroyed || !(this.#isTaken || this.dropped)) return;
    this.#isTaken = false;
    this.#host.unused();
  }
}

/** A rectangle of `pixels` as pixels of its own; undefined when it is none or compositors could not take it. */
function partOf(pixels: PixelBuffer, part: Rect | undefined): PixelBuffer | undefined {
  if (part === undefined) return pixels;
  const { x, y, width, height } = part;
  if (x < 0 || y < 0 || x + width > pixels.width || y + height > pixels.height) return undefined;
  const skipped = y * pixels.stride + x * (BYTES_PER_PIXEL.get(pixels.format) ?? 0);
  if (skipped % ALIGNMENT_BYTES !== 0) return undefined;
  return { ...pixels, offset: pixels.offset + skipped, width, height };
}
