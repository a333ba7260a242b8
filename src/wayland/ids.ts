/**
 * Object ids. Those from 1 on are chosen by the client, those from 0xff000000 on by the server; 0 is no object, 1 is
 * always wl_display. An id may be used again once the other side knows that its object is gone: ids of the client after
 * wl_display.delete_id, ids of the server after the client's destroy request.
 */
import { VitrineError } from "../base/error.ts";

export const CLIENT_ID_MIN = 1;
export const CLIENT_ID_MAX = 0xfeff_ffff;
export const SERVER_ID_MIN = 0xff00_0000;
export const SERVER_ID_MAX = 0xffff_ffff;

/** Gives ids out: the one freed last, else the next never used. So the ids in use stay dense, as libwayland demands. */
export class IdAllocator {
  readonly #min: number;
  readonly #max: number;
  readonly #freed: number[] = [];
  readonly #isFree = new Set<number>();
  #next: number;

  /** Ids from `min` to `max`, both included. */
  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
    this.#next = min;
  }

  /** An id that is not in use. Throws VitrineError "limit" when there is none. */
  allocate(): number {
    const id = this.#freed.pop();
    if (id !== undefined) {
      this.#isFree.delete(id);
      return id;
    }
    if (this.#next > this.#max) {
      throw new VitrineError("limit", `allocating an id failed: one of "${this.#min}" to "${this.#max}" must be free`);
    }
    return this.#next++;
  }

  /** Makes `id` free again. Throws VitrineError "internal" when it was not in use. */
  release(id: number): void {
    if (id < this.#min || id >= this.#next || this.#isFree.has(id)) {
      throw new VitrineError("internal", `releasing id "${id}" failed: an id in use is wanted`);
    }
    this.#isFree.add(id);
    this.#freed.push(id);
  }
}
