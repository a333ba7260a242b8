/**
 * zwp_primary_selection: what is merely selected, pasted with the middle button. As wl-data-device.ts: offered to the
 * focused app only, MIME types checked, bytes by transfers. Every highlight of every app passes here, so the user's
 * policy can take it away; an app that may not use it finds nothing selected, and what it selects goes nowhere.
 */
import {
  zwp_primary_selection_device_manager_v1,
  zwp_primary_selection_device_v1,
  zwp_primary_selection_offer_v1,
  zwp_primary_selection_source_v1,
} from "../../../wayland/generated/primary-selection-unstable-v1.ts";
import type { DisplayClient } from "../client.ts";
import { forwardMimeType, forwardOffer, isPassableMimeType, type SourceState } from "../mime-types.ts";
import { permitted } from "../policy.ts";
import { defineRelay, forward } from "../relay.ts";

const mayUse = (client: DisplayClient) => permitted(client, "primary-selection");

export const primaryDeviceManagerRelay = defineRelay({
  table: zwp_primary_selection_device_manager_v1,
  version: 1,
  requests: { create_source: forward, get_device: forward, destroy: forward },
  events: {},
});

export const primaryDeviceRelay = defineRelay({
  table: zwp_primary_selection_device_v1,
  version: 1,
  requests: {
    set_selection: ({ client, args, forward }) => {
      if (client.serials.has(args[1] as number) && mayUse(client)) forward();
    },
    destroy: forward,
  },
  events: {
    data_offer: forward,
    selection: ({ client, args, forward }) => forward(mayUse(client) ? args : [0]),
  },
});

export const primaryOfferRelay = defineRelay({
  table: zwp_primary_selection_offer_v1,
  version: 1,
  requests: {
    receive: (request) => {
      if (mayUse(request.client)) forwardMimeType(request, 0);
    },
    destroy: forward,
  },
  events: {
    offer: ({ client, args, forward }) => {
      if (mayUse(client) && isPassableMimeType(args[0])) forward();
    },
  },
});

export const primarySourceRelay = defineRelay<SourceState>({
  table: zwp_primary_selection_source_v1,
  version: 1,
  state: () => ({ mimeTypes: 0 }),
  requests: { offer: forwardOffer, destroy: forward },
  events: { send: forward, cancelled: forward },
});
