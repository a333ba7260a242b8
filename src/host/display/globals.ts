/**
 * The registry between the two sides. The compositor's globals are compared with the allow-list; those that pass are
 * offered to the guest under names of our own, at the lower of the two versions, together with those that the host half
 * answers itself. The rest do not exist for the guest: neither their names nor gaps in the numbering tell of them.
 */
import { decode } from "../../wayland/decode.ts";
import { wl_registry } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { DisplayClient } from "./client.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import type { Relay, RelayObject } from "./relay.ts";

interface Global {
  readonly guestName: number;
  /** Undefined for one that the host half answers. */
  readonly hostName: number | undefined;
  readonly relay: Relay;
  readonly version: number;
}

type Offer = { hostName: number | undefined; interface: string; version: number };

export class GlobalList {
  readonly #client: DisplayClient;
  readonly #registries = new Set<RelayObject>();
  /** Globals of the first burst, held back so that they can be offered in the allow-list's order. */
  #initial: Offer[] | undefined = [];
  /** By guest name. A removed global stays: a bind may be under way when the compositor removes it. */
  readonly #byGuestName = new Map<number, Global>();
  readonly #present = new Set<Global>();

  constructor(client: DisplayClient) {
    this.#client = client;
  }

  /** Takes an event of the compositor's registry. */
  registryEvent(raw: RawMessage): void {
    const message = wl_registry.events[raw.opcode];
    if (message === undefined) return;
    const args = decode(message, raw);
    if (message.name === "global") {
      const [hostName, name, version] = args as [number, string, number];
      const global = { hostName, interface: name, version };
      if (this.#initial !== undefined) this.#initial.push(global);
      else this.#add(global);
    } else if (message.name === "global_remove") {
      this.#remove(args[0] as number);
    }
  }

  /** The compositor has listed all it has. */
  ready(): void {
    const { globals } = this.#client.context.relays;
    const offered = this.#initial ?? [];
    this.#initial = undefined;
    const initial = offered.filter((offer) => globals.get(offer.interface)?.answered !== "always");
    for (const [name, { answered, version }] of globals) {
      const missing = !initial.some((offer) => offer.interface === name);
      if (answered !== undefined && missing) initial.push({ hostName: undefined, interface: name, version });
    }
    const order = [...globals.keys()];
    initial.sort((a, b) => order.indexOf(a.interface) - order.indexOf(b.interface));
    for (const global of initial) this.#add(global);
  }

  /** A guest has made a registry: tells it of every global. */
  addRegistry(registry: RelayObject): void {
    this.#registries.add(registry);
    for (const global of this.#present) this.#announce(registry, global);
  }

  removeRegistry(registry: RelayObject): void {
    this.#registries.delete(registry);
  }

  /** Binds what the guest asked for; anything not offered just so is a protocol error. */
  bind(registry: RelayObject, guestName: number, interfaceName: string, version: number, guestId: number): void {
    const global = this.#byGuestName.get(guestName);
    if (global === undefined || global.relay.table.name !== interfaceName || version < 1 || version > global.version) {
      const text = `invalid global ${guestName}, version ${version}`;
      throw new ProtocolViolation(registry.guestId, WL_DISPLAY_ERROR.invalidObject, text);
    }
    const { relay, hostName } = global;
    const object = this.#client.createFromGuest(guestId, version, relay, registry, hostName === undefined);
    if (hostName !== undefined) this.#client.bindOnHost(hostName, relay.table, version, object.hostId);
    relay.bound?.(this.#client, object, hostName);
  }

  /** The compositor's name and version of the first global of an interface, allowed to the guest or not needed. */
  hostGlobal(interfaceName: string): { hostName: number; version: number } | undefined {
    for (const { relay, hostName, version } of this.#present) {
      if (relay.table.name === interfaceName && hostName !== undefined) return { hostName, version };
    }
    return undefined;
  }

  #add(global: Offer): void {
    const relay = this.#client.context.relays.globals.get(global.interface);
    if (relay === undefined) return;
    const offered: Global = {
      guestName: this.#byGuestName.size + 1,
      hostName: global.hostName,
      relay,
      version: Math.min(relay.version, global.version),
    };
    this.#byGuestName.set(offered.guestName, offered);
    this.#present.add(offered);
    for (const registry of this.#registries) this.#announce(registry, offered);
  }

  #remove(hostName: number): void {
    this.#initial = this.#initial?.filter((offer) => offer.hostName !== hostName);
    const global = [...this.#present].find((candidate) => candidate.hostName === hostName);
    if (global === undefined) return;
    this.#present.delete(global);
    for (const registry of this.#registries) {
      this.#client.sendToGuest(registry.guestId, wl_registry, "global_remove", [global.guestName]);
    }
  }

  #announce(registry: RelayObject, global: Global): void {
    const args = [global.guestName, global.relay.table.name, global.version];
    this.#client.sendToGuest(registry.guestId, wl_registry, "global", args);
  }
}
