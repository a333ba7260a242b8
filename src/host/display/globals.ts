/**
 * The registry between the two sides. The compositor's globals are compared with the allow-list; those that pass are
 * offered to the guest under names of our own, at the lower of the two versions. The rest do not exist for the guest:
 * neither their names nor gaps in the numbering tell of them.
 */
import { decode } from "../../wayland/decode.ts";
import { wl_registry } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { DisplayClient } from "./client.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import type { Relay, RelayObject } from "./relay.ts";

interface Global {
  readonly guestName: number;
  readonly hostName: number;
  readonly relay: Relay;
  readonly version: number;
}

export class GlobalList {
  readonly #client: DisplayClient;
  readonly #registries = new Set<RelayObject>();
  /** Globals of the first burst, held back so that they can be offered in the allow-list's order. */
  #initial: { hostName: number; interface: string; version: number }[] | undefined = [];
  /** By guest name. A removed global stays: a bind may be under way when the compositor removes it. */
  readonly #byGuestName = new Map<number, Global>();
  readonly #present = new Map<number, Global>();

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
    const initial = this.#initial ?? [];
    this.#initial = undefined;
    const order = [...this.#client.context.relays.globals.keys()];
    initial.sort((a, b) => order.indexOf(a.interface) - order.indexOf(b.interface));
    for (const global of initial) this.#add(global);
  }

  /** A guest has made a registry: tells it of every global. */
  addRegistry(registry: RelayObject): void {
    this.#registries.add(registry);
    for (const global of this.#present.values()) this.#announce(registry, global);
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
    const object = this.#client.createFromGuest(guestId, version, global.relay, registry);
    this.#client.bindOnHost(global.hostName, global.relay.table, version, object.hostId);
  }

  /** The compositor's name and version of the first global of an interface, allowed to the guest or not needed. */
  hostGlobal(interfaceName: string): { hostName: number; version: number } | undefined {
    for (const global of this.#present.values()) {
      if (global.relay.table.name === interfaceName) return { hostName: global.hostName, version: global.version };
    }
    return undefined;
  }

  #add(global: { hostName: number; interface: string; version: number }): void {
    const relay = this.#client.context.relays.globals.get(global.interface);
    if (relay === undefined) return;
    const offered: Global = {
      guestName: this.#byGuestName.size + 1,
      hostName: global.hostName,
      relay,
      version: Math.min(relay.version, global.version),
    };
    this.#byGuestName.set(offered.guestName, offered);
    this.#present.set(offered.hostName, offered);
    for (const registry of this.#registries) this.#announce(registry, offered);
  }

  #remove(hostName: number): void {
    const global = this.#present.get(hostName);
    if (global === undefined) return;
    this.#present.delete(hostName);
    for (const registry of this.#registries) {
      this.#client.sendToGuest(registry.guestId, wl_registry, "global_remove", [global.guestName]);
    }
  }

  #announce(registry: RelayObject, global: Global): void {
    const args = [global.guestName, global.relay.table.name, global.version];
    this.#client.sendToGuest(registry.guestId, wl_registry, "global", args);
  }
}
