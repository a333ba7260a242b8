/** The objects of one connection by id, both ranges (see ids.ts). */
import { VitrineError } from "../base/error.ts";
import { CLIENT_ID_MAX, CLIENT_ID_MIN, SERVER_ID_MAX, SERVER_ID_MIN } from "./ids.ts";
import { wireError } from "./wire.ts";

/** Default bound for the objects of one connection: several times what the busiest toolkits hold. */
export const MAX_OBJECTS = 65_536;

export class ObjectTable<T> {
  readonly #objects = new Map<number, T>();
  readonly #maxObjects: number;
  readonly #strict: boolean;
  #nextClientId = CLIENT_ID_MIN;
  #nextServerId = SERVER_ID_MIN;

  /**
   * `strict`: refuses, as libwayland does, an id that skips some which were never used. `maxObjects`: of both ranges
   * together.
   */
  constructor(options: { readonly strict?: boolean; readonly maxObjects?: number } = {}) {
    this.#strict = options.strict ?? false;
    this.#maxObjects = options.maxObjects ?? MAX_OBJECTS;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(id: number): T | undefined {
    return this.#objects.get(id);
  }

  /** Adds an object that the client made. Throws VitrineError "protocol" for an id it may not use, "limit" when full. */
  addFromClient(id: number, object: T): void {
    this.#nextClientId = this.#add(id, object, CLIENT_ID_MIN, CLIENT_ID_MAX, this.#nextClientId);
  }

  /** Adds an object that the server made. Throws VitrineError "protocol" for an id it may not use, "limit" when full. */
  addFromServer(id: number, object: T): void {
    this.#nextServerId = this.#add(id, object, SERVER_ID_MIN, SERVER_ID_MAX, this.#nextServerId);
  }

  /** Forgets an object, so that its id may be used again; false when there was none. */
  delete(id: number): boolean {
    return this.#objects.delete(id);
  }

  values(): MapIterator<T> {
    return this.#objects.values();
  }

  #add(id: number, object: T, min: number, max: number, next: number): number {
    if (!Number.isInteger(id) || id < min || id > max) {
      throw wireError(`adding object "${id}" failed: an id from ${min} to ${max} is wanted`);
    }
    if (this.#objects.has(id)) throw wireError(`adding object "${id}" failed: an id that is not in use is wanted`);
    if (this.#strict && id > next) {
      throw wireError(`adding object "${id}" failed: the next id "${next}" or one used before is wanted`);
    }
    if (this.#objects.size >= this.#maxObjects) {
      throw new VitrineError("limit", `adding object "${id}" failed: at most ${this.#maxObjects} objects are wanted`);
    }
    this.#objects.set(id, object);
    return Math.max(next, id + 1);
  }
}
