/**
 * The registry between the two sides. The compositor's globals are compared with the allow-list; those that pass are
 * offered to the guest under names of our own, at the lower of the two versions, together with those that the host half
 * answers itself. The rest do not exist for the guest: neither their names nor gaps in the numbering tell of them. The
 * policy may deny more of them, also while the guest runs.
 */
import { decode } from "../../wayland/decode.ts";
import { wl_registry, wl_seat } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { DisplayClient } from "./client.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import type { Relay, RelayObject } from "./relay.ts";

/** A global that is on the allow-list. */
interface PresentGlobal {
  /** Undefined for one that the host half answers. Another compositor has another name for it. */
  hostName: number | undefined;
  readonly relay: Relay;
  readonly version: number;
}

/** The same as a guest knows it, or has known it. */
interface Global {
  readonly present: PresentGlobal;
  readonly guestName: number;
}

/** A global of the compositor, allowed to the guest or not. */
export interface HostGlobal {
  readonly hostName: number;
  readonly interface: string;
  readonly version: number;
}

type Offer = Omit<HostGlobal, "hostName"> & { readonly hostName: number | undefined };

export class GlobalList {
  readonly #client: DisplayClient;
  readonly #registries = new Set<RelayObject>();
  /** Globals of the first burst, held back so that they can be offered in the allow-list's order. */
  #initial: Offer[] | undefined = [];
  /** By guest name. A removed global stays: a bind may be under way when the compositor removes it. */
  readonly #byGuestName = new Map<number, Global>();
  /** What there is, and what of it is offered now. */
  readonly #present = new Set<PresentGlobal>();
  readonly #offered = new Map<PresentGlobal, Global>();
  /** All that the compositor has, by its names. */
  readonly #host = new Map<number, HostGlobal>();
  /** Interfaces of the allow-list that the policy denies, and those that the guest has bound. */
  #denied: ReadonlySet<string>;
  readonly #bound = new Set<string>();
  readonly #globalOf = new WeakMap<RelayObject, PresentGlobal>();
  /** Called for what the compositor offers later. */
  onHostGlobal: (global: HostGlobal) => void = () => {};

  constructor(client: DisplayClient) {
    this.#client = client;
    this.#denied = client.context.policy.deniedInterfaces();
  }

  /**
   * Follows a change of the policy: denied globals go, allowed ones come back. Returns an interface that the guest uses
   * and may not any more, if there is one.
   */
  policyChanged(): string | undefined {
    this.#denied = this.#client.context.policy.deniedInterfaces();
    for (const global of this.#present) {
      if (this.#isDenied(global)) this.#withdraw(global);
      else if (!this.#offered.has(global)) this.#offer(global);
    }
    return [...this.#bound].find((name) => this.#denied.has(name));
  }

  /** Takes an event of the compositor's registry. */
  registryEvent(raw: RawMessage): void {
    const message = wl_registry.events[raw.opcode];
    if (message === undefined) return;
    const args = decode(message, raw);
    const { number, context } = this.#client;
    context.tracer?.message(number, "<-host", wl_registry, raw.objectId, message, args);
    if (message.name === "global") {
      const [hostName, name, version] = args as [number, string, number];
      const global = { hostName, interface: name, version };
      this.#host.set(hostName, global);
      this.onHostGlobal(global);
      if (name === wl_seat.name) this.#client.seats.follow(global);
      if (this.#initial !== undefined) this.#initial.push(global);
      else if (name === wl_seat.name) this.#client.whenAnswered(() => this.#addIfPresent(global));
      else this.#add(global);
    } else if (message.name === "global_remove") {
      this.#host.delete(args[0] as number);
      this.#remove(args[0] as number);
    }
  }

  /** Another compositor will list what it has. */
  hostChanged(): void {
    this.#host.clear();
    this.#initial = [];
    this.onHostGlobal = () => {};
  }

  /** Binds `object` anew if it was bound and the compositor has that global still. */
  rebind(object: RelayObject): boolean {
    const present = this.#globalOf.get(object);
    if (present?.hostName === undefined || !this.#present.has(present)) return false;
    this.#client.objects.giveHostId(object);
    this.#client.bindOnHost(present.hostName, object.relay.table, object.version, object.hostId);
    object.relay.bound?.(this.#client, object, present.hostName);
    return true;
  }

  /** Binds once more what `object`, which the guest has destroyed, was bound to; returns the id, if it is there. */
  bindOnce(object: RelayObject): number | undefined {
    const present = this.#globalOf.get(object);
    if (present?.hostName === undefined || !this.#present.has(present)) return undefined;
    const { hostId } = this.#client.objects.addInternal(() => {});
    this.#client.bindOnHost(present.hostName, object.relay.table, object.version, hostId);
    return hostId;
  }

  /** The compositor has listed all it has. */
  ready(): void {
    const { globals } = this.#client.context.relays;
    const offers: Offer[] = [...(this.#initial ?? [])];
    this.#initial = undefined;
    for (const [name, { answered, version }] of globals) {
      const missing = !offers.some((offer) => offer.interface === name);
      if (answered === "always" || (answered === "where-missing" && missing))
        offers.push({ hostName: undefined, interface: name, version });
    }
    const order = [...globals.keys()];
    const fresh = this.#recognise(offers);
    fresh.sort((a, b) => order.indexOf(a.interface) - order.indexOf(b.interface));
    for (const global of fresh) this.#add(global);
  }

  /** Finds again what was there with another compositor, and withdraws what is not; returns what is new. */
  #recognise(offers: readonly Offer[]): Offer[] {
    const fresh = [...offers];
    for (const present of [...this.#present]) {
      const at = fresh.findIndex(
        (offer) =>
          offer.interface === present.relay.table.name &&
          (offer.hostName === undefined) === (present.hostName === undefined) &&
          offer.version >= present.version,
      );
      const [found] = at < 0 ? [] : fresh.splice(at, 1);
      present.hostName = found?.hostName;
      if (found !== undefined) continue;
      this.#present.delete(present);
      this.#withdraw(present);
    }
    return fresh;
  }

  /** A guest has made a registry: tells it of every global. */
  addRegistry(registry: RelayObject): void {
    this.#registries.add(registry);
    for (const global of this.#offered.values()) this.#announce(registry, global);
  }

  removeRegistry(registry: RelayObject): void {
    this.#registries.delete(registry);
  }

  /** Binds what the guest asked for; anything not offered just so is a protocol error. */
  bind(registry: RelayObject, guestName: number, interfaceName: string, version: number, guestId: number): void {
    const global = this.#byGuestName.get(guestName)?.present;
    if (global === undefined || global.relay.table.name !== interfaceName || version < 1 || version > global.version) {
      const text = `invalid global ${guestName}, version ${version}`;
      throw new ProtocolViolation(registry.guestId, WL_DISPLAY_ERROR.invalidObject, text);
    }
    const { relay, hostName } = global;
    if (this.#denied.has(interfaceName)) {
      // Denied while the request was under way: it comes to nothing.
      this.#client.createFromGuest(guestId, version, relay, registry, true).inert = true;
      return;
    }
    this.#bound.add(interfaceName);
    const object = this.#client.createFromGuest(
      guestId,
      version,
      relay,
      registry,
      relay.local || hostName === undefined,
    );
    this.#globalOf.set(object, global);
    if (hostName !== undefined && object.hostId !== 0)
      this.#client.bindOnHost(hostName, relay.table, version, object.hostId);
    relay.bound?.(this.#client, object, hostName);
  }

  /** What the compositor has of an interface, allowed to the guest or not, in its order. */
  hostGlobals(interfaceName: string): HostGlobal[] {
    return [...this.#host.values()].filter((global) => global.interface === interfaceName);
  }

  #add(global: Offer): void {
    const relay = this.#client.context.relays.globals.get(global.interface);
    // What the compositor has of a global that is always ours is for us, not for the guest.
    if (relay === undefined || (relay.answered === "always" && global.hostName !== undefined)) return;
    const present = { hostName: global.hostName, relay, version: Math.min(relay.version, global.version) };
    this.#present.add(present);
    this.#offer(present);
  }

  /** A seat is offered once it is known what it has. */
  #addIfPresent(global: HostGlobal): void {
    if (this.#host.has(global.hostName)) this.#add(global);
  }

  #remove(hostName: number): void {
    this.#initial = this.#initial?.filter((offer) => offer.hostName !== hostName);
    const global = [...this.#present].find((candidate) => candidate.hostName === hostName);
    if (global === undefined) return;
    this.#present.delete(global);
    this.#withdraw(global);
  }

  #offer(present: PresentGlobal): void {
    if (this.#isDenied(present)) return;
    const global: Global = { present, guestName: this.#byGuestName.size + 1 };
    this.#byGuestName.set(global.guestName, global);
    this.#offered.set(present, global);
    for (const registry of this.#registries) this.#announce(registry, global);
  }

  #withdraw(present: PresentGlobal): void {
    const global = this.#offered.get(present);
    if (global === undefined) return;
    this.#offered.delete(present);
    for (const registry of this.#registries) {
      this.#client.sendToGuest(registry.guestId, wl_registry, "global_remove", [global.guestName]);
    }
  }

  #isDenied(global: PresentGlobal): boolean {
    return this.#denied.has(global.relay.table.name);
  }

  #announce(registry: RelayObject, global: Global): void {
    const { relay, version } = global.present;
    const args = [global.guestName, relay.table.name, version];
    this.#client.sendToGuest(registry.guestId, wl_registry, "global", args);
  }
}
