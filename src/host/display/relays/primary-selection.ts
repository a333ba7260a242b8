/**
 * zwp_primary_selection: what is merely selected, pasted with the middle button. As the clipboard (wl-data-device.ts),
 * under a topic of its own: every highlight of every app passes here, so it is closed unless the user opens it. Within a
 * sandbox it works all the same.
 */
import {
  zwp_primary_selection_device_manager_v1,
  zwp_primary_selection_device_v1,
  zwp_primary_selection_offer_v1,
  zwp_primary_selection_source_v1,
} from "../../../wayland/generated/primary-selection-unstable-v1.ts";
import { defineRelay, forward } from "../relay.ts";
import { again } from "../replay.ts";
import {
  changeSelection,
  holdOffer,
  newOffer,
  noteType,
  type OfferState,
  receiveData,
  reconsiderSelection,
  type SelectionState,
  selectionLost,
} from "./selection-offer.ts";
import {
  newSource,
  offerType,
  type SourceState,
  sendData,
  setSelection,
  sourceGone,
  sourceLost,
  withdrawSource,
} from "./selection-source.ts";

export const primaryDeviceManagerRelay = defineRelay({
  table: zwp_primary_selection_device_manager_v1,
  version: 1,
  requests: { create_source: forward, get_device: forward, destroy: forward },
  events: {},
});

export const primaryDeviceRelay = defineRelay<SelectionState>({
  table: zwp_primary_selection_device_v1,
  version: 1,
  state: () => ({ selection: undefined }),
  requests: { set_selection: (request) => setSelection(request, "primary-selection"), destroy: forward },
  events: {
    data_offer: (event) => holdOffer(event, primaryOfferRelay),
    selection: (event) => changeSelection(event, "primary-selection"),
  },
  policyChanged: (client, object) => reconsiderSelection(client, object, "primary-selection"),
  lost: selectionLost,
  returns: again,
});

export const primaryOfferRelay = defineRelay<OfferState>({
  table: zwp_primary_selection_offer_v1,
  version: 1,
  state: newOffer,
  requests: { receive: receiveData, destroy: forward },
  events: { offer: noteType },
});

export const primarySourceRelay = defineRelay<SourceState>({
  table: zwp_primary_selection_source_v1,
  version: 1,
  state: newSource,
  requests: { offer: offerType, destroy: forward },
  events: { send: sendData, cancelled: forward },
  policyChanged: withdrawSource,
  lost: sourceLost,
  destroyed: sourceGone,
});
