/** wl_shm pools and buffers of an app, as far as they concern us: where in which file the pixels lie. */
import type { OwnedFd } from "../../sys/fd.ts";
import type { Geometry } from "./pixel-queue.ts";

/** wl_shm.error */
export const SHM_ERROR = { invalidFormat: 0, invalidStride: 1, invalidFd: 2 } as const;
const MAX_INT32 = 0x7fffffff;

/** A file of the app. Closed when the pool and all its buffers are gone. */
export class ShmPool {
  readonly fd: OwnedFd;
  #size: number;
  #users = 1;

  /** Takes ownership of `fd`. */
  constructor(fd: OwnedFd, size: number) {
    this.fd = fd;
    this.#size = size;
  }

  /** Pools only grow; false when the app asks for less. */
  resize(size: number): boolean {
    if (size < this.#size) return false;
    this.#size = size;
    return true;
  }

  /** Whether a buffer lies inside the pool, by libwayland's rules. */
  holds(offset: number, { width, height, stride }: Geometry): boolean {
    if (offset < 0 || width <= 0 || height <= 0 || stride < width) return false;
    return stride * height <= MAX_INT32 && offset <= this.#size - stride * height;
  }

  retain(): this {
    this.#users += 1;
    return this;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.fd.close();
  }
}

/** A wl_buffer in a pool. */
export interface ShmBuffer {
  readonly id: number;
  readonly pool: ShmPool;
  readonly offset: number;
  readonly geometry: Geometry;
}

/** Bytes of a pixel by wl_shm format, for telling where a rectangle lies. Formats not here are copied by whole rows. */
const SMALL_PIXELS: ReadonlyMap<number, number> = new Map([
  [0x36314752, 2], // rgb565
  [0x48344241, 8], // abgr16161616f
  [0x48344258, 8], // xbgr16161616f
]);

export function bytesPerPixel(format: number): number {
  return SMALL_PIXELS.get(format) ?? 4;
}
