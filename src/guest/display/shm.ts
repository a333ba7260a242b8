/** wl_shm pools and buffers of an app, as far as they concern us: where in which file the pixels lie. */
import { BYTES_PER_PIXEL } from "../../channel/contract/display.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { preadInto } from "../../sys/memory.ts";
import type { Geometry } from "./pixel-queue.ts";

/** wl_shm.error */
export const SHM_ERROR = { invalidFormat: 0, invalidStride: 1, invalidFd: 2 } as const;
const MAX_INT32 = 0x7fffffff;

/** A file of the app. Closed when the pool and all its buffers are gone. */
export class ShmPool {
  readonly fd: OwnedFd;
  readonly #onClosed: () => void;
  #size: number;
  #users = 1;

  /** Takes ownership of `fd`; `onClosed` is told when it is closed. */
  constructor(fd: OwnedFd, size: number, onClosed: () => void) {
    this.fd = fd;
    this.#size = size;
    this.#onClosed = onClosed;
  }

  /** False for what is no memory: a pipe, a directory, a file that cannot be read. */
  static accepts(fd: OwnedFd): boolean {
    try {
      preadInto(fd, new Uint8Array(1), 0);
      return true;
    } catch {
      return false;
    }
  }

  /** Pools only grow; false when the app asks for less. */
  resize(size: number): boolean {
    if (size < this.#size) return false;
    this.#size = size;
    return true;
  }

  /** Whether a buffer of a known format lies inside the pool, by the rules of libwayland and of the compositors. */
  holds(offset: number, { width, height, stride, format }: Geometry): boolean {
    const pixelBytes = BYTES_PER_PIXEL.get(format) ?? 1;
    if (offset < 0 || width <= 0 || height <= 0 || stride < width * pixelBytes || stride % pixelBytes !== 0)
      return false;
    return stride * height <= MAX_INT32 && offset <= this.#size - stride * height;
  }

  retain(): this {
    this.#users += 1;
    return this;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.fd.close();
    this.#onClosed();
  }
}

/** A wl_buffer in a pool. */
export interface ShmBuffer {
  readonly id: number;
  readonly pool: ShmPool;
  readonly offset: number;
  readonly geometry: Geometry;
}
