/**
 * wl_data_device_manager: clipboard, and drag and drop. The compositor offers data only to the app that has the focus;
 * the bytes go through transfers.ts, never through a descriptor that both sides hold.
 */
import {
  wl_data_device,
  wl_data_device_manager,
  wl_data_offer,
  wl_data_source,
} from "../../../wayland/generated/wayland.ts";
import { ifSerialGiven, noting } from "../input-serials.ts";
import { forwardMimeType, forwardOffer, isPassableMimeType, type SourceState } from "../mime-types.ts";
import { defineRelay, forward } from "../relay.ts";

export const dataDeviceManagerRelay = defineRelay({
  table: wl_data_device_manager,
  version: 3,
  requests: { create_data_source: forward, get_data_device: forward },
  events: {},
});

export const dataDeviceRelay = defineRelay({
  table: wl_data_device,
  version: 3,
  requests: { start_drag: ifSerialGiven(3), set_selection: ifSerialGiven(1), release: forward },
  events: {
    data_offer: forward,
    enter: noting("focus"),
    leave: forward,
    motion: forward,
    drop: forward,
    selection: forward,
  },
});

export const dataOfferRelay = defineRelay({
  table: wl_data_offer,
  version: 3,
  requests: {
    accept: (request) => forwardMimeType(request, 1),
    receive: (request) => forwardMimeType(request, 0),
    destroy: forward,
    finish: forward,
    set_actions: forward,
  },
  events: {
    offer: ({ args, forward }) => {
      if (isPassableMimeType(args[0])) forward();
    },
    source_actions: forward,
    action: forward,
  },
});

export const dataSourceRelay = defineRelay<SourceState>({
  table: wl_data_source,
  version: 3,
  state: () => ({ mimeTypes: 0 }),
  requests: {
    offer: forwardOffer,
    destroy: forward,
    set_actions: forward,
  },
  events: {
    target: forward,
    send: forward,
    cancelled: forward,
    dnd_drop_performed: forward,
    dnd_finished: forward,
    action: forward,
  },
});
