/** The display's side of a selection: what it offers, and what we offer it. Clipboard and primary differ in names only. */
import type { OwnedFd } from "../../../sys/fd.ts";
import {
  zwp_primary_selection_device_manager_v1,
  zwp_primary_selection_device_v1,
  zwp_primary_selection_source_v1,
} from "../../../wayland/generated/primary-selection-unstable-v1.ts";
import { wl_data_device, wl_data_device_manager, wl_data_source } from "../../../wayland/generated/wayland.ts";
import type { InterfaceTable, Value } from "../../../wayland/types.ts";
import type { OwnObject } from "../wayland/objects.ts";
import type { WaylandProxy } from "../wayland/proxy.ts";
import { MAX_SELECTION_TYPES } from "./types.ts";

export interface Kind {
  readonly manager: InterfaceTable;
  readonly managerVersion: number;
  readonly device: InterfaceTable;
  readonly getDevice: string;
  readonly source: InterfaceTable;
  readonly createSource: string;
}

export const CLIPBOARD: Kind = {
  manager: wl_data_device_manager,
  // Those that came later are about drags.
  managerVersion: 1,
  device: wl_data_device,
  getDevice: "get_data_device",
  source: wl_data_source,
  createSource: "create_data_source",
};

export const PRIMARY: Kind = {
  manager: zwp_primary_selection_device_manager_v1,
  managerVersion: 1,
  device: zwp_primary_selection_device_v1,
  getDevice: "get_device",
  source: zwp_primary_selection_source_v1,
  createSource: "create_source",
};

/** What the display offers. */
export interface Offer {
  readonly object: OwnObject;
  readonly types: string[];
}

export interface DeviceHandlers {
  /** The selection is this now; undefined: nothing, or what we offer ourselves. */
  offered(offer: Offer | undefined): void;
  /** Somebody wants what we offer. Takes over `fd`. */
  wanted(type: string, fd: OwnedFd): void;
}

export class SelectionDevice {
  readonly #proxy: WaylandProxy;
  readonly #kind: Kind;
  readonly #manager: OwnObject;
  readonly #device: OwnObject;
  readonly #handlers: DeviceHandlers;
  readonly #offers = new Map<number, Offer>();
  #current: Offer | undefined;
  /** What we offer. */
  #source: { readonly object: OwnObject; readonly types: string } | undefined;

  private constructor(proxy: WaylandProxy, kind: Kind, manager: OwnObject, seat: number, handlers: DeviceHandlers) {
    this.#proxy = proxy;
    this.#kind = kind;
    this.#manager = manager;
    this.#handlers = handlers;
    this.#device = proxy.create(manager, kind.getDevice, kind.device, [seat]);
    this.#device.onEvent = (name, args) => this.#event(name, args);
  }

  /** Undefined where the display has none, or no seat. */
  static open(proxy: WaylandProxy, kind: Kind, handlers: DeviceHandlers): SelectionDevice | undefined {
    const { seat } = proxy.input;
    const manager = seat === undefined ? undefined : proxy.bind(kind.manager, kind.managerVersion);
    if (seat === undefined || manager === undefined) return undefined;
    return new SelectionDevice(proxy, kind, manager, seat, handlers);
  }

  /** Offers data of these types as the selection. It is ours to end until the display takes another. */
  offer(types: readonly string[]): void {
    this.withdraw();
    const source = this.#proxy.create(this.#manager, this.#kind.createSource, this.#kind.source);
    source.onEvent = (name, [type = ""], fds) => {
      const [fd] = fds;
      if (name === "send" && fd !== undefined) this.#handlers.wanted(type as string, fd);
      else if (name === "cancelled" && this.#source?.object === source) this.withdraw();
    };
    for (const type of types) this.#proxy.request(source, "offer", [type]);
    this.#proxy.request(this.#device, "set_selection", [source.id, this.#proxy.input.serial]);
    this.#source = { object: source, types: types.join() };
  }

  /** What we offered is not there any more. */
  withdraw(): void {
    if (this.#source === undefined) return;
    const { object } = this.#source;
    this.#proxy.request(object, "destroy");
    object.onEvent = (_name, _args, fds) => {
      for (const fd of fds) fd.close();
    };
    this.#source = undefined;
  }

  /** Has the owner write data of that type into `to`, which is taken over. */
  receive({ object }: Offer, type: string, to: OwnedFd): void {
    this.#proxy.request(object, "receive", [type, 0], [to]);
  }

  #event(name: string, args: readonly Value[]): void {
    switch (name) {
      case "data_offer": {
        const offer: Offer = { object: this.#proxy.ownObject(args[0] as number), types: [] };
        this.#offers.set(offer.object.id, offer);
        offer.object.onEvent = (event, [type]) => {
          if (event === "offer" && offer.types.length < MAX_SELECTION_TYPES) offer.types.push(type as string);
        };
        break;
      }
      case "selection":
        this.#selected(this.#offers.get(args[0] as number));
        break;
      case "enter":
        // Drags end here: nothing of them is for X programs.
        this.#drop(this.#offers.get(args[4] as number));
        break;
    }
  }

  #selected(offer: Offer | undefined): void {
    const before = this.#current;
    this.#current = offer;
    if (before !== offer) this.#drop(before);
    // The display shows us what is ours too. It has not taken that when it shows something else.
    if (this.#source !== undefined && offer?.types.join() === this.#source.types) return;
    this.withdraw();
    this.#handlers.offered(offer);
  }

  #drop(offer: Offer | undefined): void {
    if (offer === undefined) return;
    this.#offers.delete(offer.object.id);
    offer.object.onEvent = () => {};
    this.#proxy.request(offer.object, "destroy");
  }
}
