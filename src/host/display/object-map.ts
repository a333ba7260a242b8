/**
 * The objects of one app connection under both numberings.
 *
 * Lifetimes (libwayland's rules): an id below SERVER_ID_MIN is chosen by the client and comes free only with the
 * server's delete_id; an id from SERVER_ID_MIN on is chosen by the server and comes free when the client destroys the
 * object. The guest is our client and we are the compositor's, so both rules apply twice:
 *
 *   guest makes X     guestId (its choice) + hostId (ours)         both free on the compositor's delete_id
 *   compositor makes  hostId (its choice) + guestId (ours)         both free when the guest destroys it
 *   we alone use it   hostId only (pools, buffers of the arena)    free on the compositor's delete_id
 */
import { VitrineError } from "../../base/error.ts";
import { CLIENT_ID_MAX, IdAllocator, SERVER_ID_MAX, SERVER_ID_MIN } from "../../wayland/ids.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import { MAX_CLIENT_OBJECTS } from "./limits.ts";
import type { MakeState, Relay, RelayObject } from "./relay.ts";

/** An object on the compositor's connection that the guest does not know of. */
export interface InternalObject {
  readonly hostId: number;
  /** Handles an event; none of them may carry a descriptor. `raw` is valid during the call. */
  readonly onEvent: (raw: RawMessage) => void;
}

export type HostEntry = { kind: "relayed"; object: RelayObject } | { kind: "internal"; object: InternalObject };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class ObjectMap {
  readonly #guest = new Map<number, RelayObject>();
  readonly #host = new Map<number, HostEntry>();
  /** Ids 1 (wl_display) and 2 (our registry) of the compositor's connection are given out by the client itself. */
  #hostIds = new IdAllocator(3, CLIENT_ID_MAX);
  readonly #guestServerIds = new IdAllocator(SERVER_ID_MIN, SERVER_ID_MAX);

  get size(): number {
    return this.#guest.size;
  }

  byGuestId(guestId: number): RelayObject | undefined {
    return this.#guest.get(guestId);
  }

  byHostId(hostId: number): HostEntry | undefined {
    return this.#host.get(hostId);
  }

  *all(): IterableIterator<RelayObject> {
    yield* this.#guest.values();
  }

  /** Registers an object that the guest made under `guestId`, with a fresh host id, or none when it is `local`. */
  addFromGuest(
    guestId: number,
    version: number,
    relay: Relay,
    makeState: MakeState = noState,
    local = relay.local,
  ): RelayObject {
    this.#checkRoom();
    if (guestId < 1 || guestId >= SERVER_ID_MIN)
      throw protocol(`Cannot create object ${guestId}: id is not in the client range`);
    if (this.#guest.has(guestId)) throw protocol(`Cannot create object ${guestId}: id is in use`);
    const ids = { guestId, hostId: local ? 0 : this.#hostIds.allocate(), version };
    const object: RelayObject = { ...ids, relay, alive: true, inert: false, state: makeState(ids) };
    this.#add(object);
    return object;
  }

  /** Registers an object that the compositor made under `hostId`, with a fresh guest id of the server range. */
  addFromHost(hostId: number, version: number, relay: Relay, makeState: MakeState = noState): RelayObject {
    this.#checkRoom();
    const object = this.holdFromHost(hostId, version, relay, makeState);
    this.reveal(object);
    return object;
  }

  /** Registers an object that the compositor made and that the guest is not told of, for the time being or ever. */
  holdFromHost(hostId: number, version: number, relay: Relay, makeState: MakeState = noState): RelayObject {
    if (hostId < SERVER_ID_MIN)
      throw protocol(`Cannot take object ${hostId} from the compositor: id is not in the server range`);
    // libwayland reuses a server id as soon as the client's destroy request has arrived, which ours has: it was sent.
    const ids = { guestId: 0, hostId, version };
    const object: RelayObject = { ...ids, relay, alive: true, inert: false, state: makeState(ids) };
    this.#host.set(hostId, { kind: "relayed", object });
    return object;
  }

  /** Gives a held object its guest id, for the guest to be told of now: apps' libraries want server ids in their order. */
  reveal(object: Mutable<RelayObject>): void {
    this.#checkRoom();
    object.guestId = this.#guestServerIds.allocate();
    this.#guest.set(object.guestId, object);
  }

  /** The counterpart of `object` has been destroyed by us; the guest keeps it, inert. */
  sever(object: Mutable<RelayObject>): void {
    const { hostId, version, relay } = object;
    // Events for it may be under way still, and their descriptors must be found.
    this.addDeadFromHost(hostId, version, relay);
    object.hostId = 0;
    object.inert = true;
  }

  /**
   * The connection to the compositor has ended, and another begins. Returns the live objects that have lost their
   * counterparts, in the order in which they were made; and those that the guest has destroyed, whose ids are free now.
   */
  hostChanged(): { lost: RelayObject[]; free: RelayObject[] } {
    this.#host.clear();
    this.#hostIds = new IdAllocator(3, CLIENT_ID_MAX);
    const all = [...this.#guest.values()];
    const lost = all.filter(({ alive, hostId }) => alive && hostId !== 0);
    const free = all.filter(({ alive }) => !alive);
    for (const { guestId } of free) this.#guest.delete(guestId);
    for (const object of lost as Mutable<RelayObject>[]) object.hostId = 0;
    return { lost, free };
  }

  /** A fresh id on the compositor's connection for an object that has lost its counterpart, to be used in the next request. */
  giveHostId(object: Mutable<RelayObject>): void {
    object.hostId = this.#hostIds.allocate();
    this.#host.set(object.hostId, { kind: "relayed", object });
  }

  /** Remembers an object that the compositor made for a guest object which is gone, so that its events can be skipped. */
  addDeadFromHost(hostId: number, version: number, relay: Relay): void {
    const object: RelayObject = { guestId: 0, hostId, version, relay, alive: false, inert: true, state: undefined };
    this.#host.set(hostId, { kind: "relayed", object });
  }

  /** Registers an object of our own on the compositor's connection. */
  addInternal(onEvent: (raw: RawMessage) => void): InternalObject {
    const object: InternalObject = { hostId: this.#hostIds.allocate(), onEvent };
    this.#host.set(object.hostId, { kind: "internal", object });
    return object;
  }

  /** The guest has destroyed `object`. Returns true when its guest id is free at once (no delete_id will come). */
  guestDestroyed(object: RelayObject): boolean {
    object.alive = false;
    if (object.guestId === 0) return false;
    if (object.guestId < SERVER_ID_MIN && object.hostId !== 0) return false;
    this.#guest.delete(object.guestId);
    // Events for it may be under way still, so the host id stays known until the compositor gives it out again.
    if (object.guestId >= SERVER_ID_MIN) this.#guestServerIds.release(object.guestId);
    return true;
  }

  /** The compositor's delete_id. Returns the relayed object whose guest id is free now, if there is one. */
  hostDeleted(hostId: number): RelayObject | undefined {
    const entry = this.#host.get(hostId);
    if (entry === undefined || hostId >= SERVER_ID_MIN) return undefined;
    this.#host.delete(hostId);
    this.#hostIds.release(hostId);
    if (entry.kind === "internal" || entry.object.guestId === 0) return undefined;
    this.#guest.delete(entry.object.guestId);
    entry.object.alive = false;
    return entry.object;
  }

  #add(object: RelayObject): void {
    this.#guest.set(object.guestId, object);
    if (object.hostId !== 0) this.#host.set(object.hostId, { kind: "relayed", object });
  }

  #checkRoom(): void {
    if (this.#guest.size >= MAX_CLIENT_OBJECTS) {
      throw new VitrineError("limit", `Cannot create another object: the connection has ${MAX_CLIENT_OBJECTS} already`);
    }
  }
}

const noState: MakeState = () => undefined;

function protocol(message: string): VitrineError {
  return new VitrineError("protocol", message);
}
