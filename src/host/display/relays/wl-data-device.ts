/**
 * wl_data_device_manager: clipboard, and drag and drop. The compositor offers data only to the app that has the focus, or
 * the drag above it; the policy says which of that an app sees, and what it may offer in its turn (selection-source.ts,
 * selection-offer.ts). The bytes go through transfers.ts, never through a descriptor that both sides hold.
 */
import {
  wl_data_device,
  wl_data_device_manager,
  wl_data_offer,
  wl_data_source,
} from "../../../wayland/generated/wayland.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { defineRelay, forward, type HostEvent, type RelayObject, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import { errorCode } from "../surface-roles.ts";
import { showTree } from "../surfaces/show.ts";
import { finishDrop, newDrag, noteAction, setOfferActions, setSourceActions } from "./drag-actions.ts";
import { placeForGuest, type Target, targetOf } from "./input-focus.ts";
import {
  acceptType,
  changeSelection,
  dropHeld,
  holdOffer,
  holdOrForward,
  newOffer,
  noteType,
  type OfferState,
  offerById,
  receiveData,
  reconsiderSelection,
  type SelectionState,
  selectionLost,
  show,
} from "./selection-offer.ts";
import {
  newSource,
  offerType,
  publishSource,
  type SourceState,
  sendData,
  sendTarget,
  setSelection,
  sourceGone,
  sourceLost,
  withdrawSource,
} from "./selection-source.ts";
import { liveSurface } from "./wl-surface.ts";

interface DeviceState extends SelectionState {
  /** The surface that the drag is over. */
  over: Target | undefined;
  /** What is being dragged above the app: nothing, something that it sees, or something that it must not see. */
  drag: "none" | "hidden" | { readonly offer: RelayObject<OfferState> | undefined };
}

export const dataDeviceManagerRelay = defineRelay({
  table: wl_data_device_manager,
  version: 3,
  requests: { create_data_source: forward, get_data_device: forward },
  events: {},
});

/** An event of a drag, for an app that has seen it come. */
const ofDrag = ({ object, forward }: HostEvent<DeviceState>): void => {
  if (object.state.drag !== "hidden") forward();
};

export const dataDeviceRelay = defineRelay<DeviceState>({
  table: wl_data_device,
  version: 3,
  state: () => ({ selection: undefined, over: undefined, drag: "none" }),
  requests: {
    start_drag: (request) => {
      const { client, object, args, forward } = request;
      const [source = 0, , iconId = 0, serial = 0] = args as number[];
      if (iconId !== 0) {
        const icon = liveSurface(client, iconId);
        icon.takeRole("drag-icon", object.guestId, errorCode(wl_data_device, "role"));
        // It may have content already, of any size.
        showTree(icon, client.own, false);
      }
      if (!client.serials.has(serial)) return;
      // Without a source it is a drag within the app, of which nobody else sees anything.
      if (source === 0 || publishSource(request, "drag-out")) forward();
      else client.sendToGuest(source, wl_data_source, "cancelled", []);
    },
    set_selection: (request) => {
      const source = stateOf(dataSourceRelay, request.client.objects.byGuestId(request.args[0] as number));
      if (source?.hasActions)
        throw new ProtocolViolation(
          request.args[0] as number,
          errorCode(wl_data_source, "invalid_source"),
          "it is for a drag",
        );
      setSelection(request, "clipboard-out");
    },
    release: forward,
  },
  events: {
    data_offer: (event) => holdOffer(event, dataOfferRelay),
    selection: (event) => changeSelection(event, "clipboard-in"),
    enter: ({ client, object, args, forward }) => {
      const [serial = 0, surfaceId = 0, x = 0, y = 0, offerId = 0] = args as number[];
      const offer = offerById(client, offerId);
      const target = targetOf(client, surfaceId);
      object.state.over = target;
      if (target === "frame") {
        // It is over nothing of the app's.
        object.state.drag = "hidden";
        if (offer !== undefined) dropHeld(client, offer);
        return;
      }
      if (offer !== undefined) offer.state.drag = newDrag();
      const seen = offer === undefined || show(client, object, offer, "drag-in");
      object.state.drag = seen ? { offer } : "hidden";
      client.serials.note(serial, "focus");
      if (seen) forward([serial, surfaceId, ...placeForGuest(target, x, y), offerId]);
      else dropHeld(client, offer);
    },
    leave: ({ object, forward }) => {
      if (object.state.drag !== "hidden") forward();
      object.state.drag = "none";
    },
    motion: ({ object, args, forward }) => {
      const [time = 0, x = 0, y = 0] = args as number[];
      const { over, drag } = object.state;
      if (drag === "hidden" || over === "frame") return;
      forward(over === undefined ? args : [time, ...placeForGuest(over, x, y)]);
    },
    drop: (event) => {
      const { drag } = event.object.state;
      if (typeof drag === "object" && drag.offer?.state.drag !== undefined) drag.offer.state.drag.dropped = true;
      ofDrag(event);
    },
  },
  lost: (client, object) => {
    const { state } = object;
    if (typeof state.drag === "object") client.sendToGuest(object.guestId, wl_data_device, "leave", []);
    state.drag = "none";
    state.over = undefined;
    selectionLost(client, object);
  },
  returns: again,
  policyChanged: (client, object) => {
    reconsiderSelection(client, object, "clipboard-in");
    const { drag } = object.state;
    if (drag === "none" || drag === "hidden" || drag.offer?.state.shown?.own !== false) return;
    if (client.context.policy.decideGivenInput("drag-in") === "allow") return;
    client.sendToGuest(object.guestId, wl_data_device, "leave", []);
    object.state.drag = "hidden";
  },
});

export const dataOfferRelay = defineRelay<OfferState>({
  table: wl_data_offer,
  version: 3,
  state: newOffer,
  requests: {
    accept: acceptType,
    receive: receiveData,
    destroy: forward,
    finish: finishDrop,
    set_actions: setOfferActions,
  },
  events: { offer: noteType, source_actions: holdOrForward, action: noteAction },
});

export const dataSourceRelay = defineRelay<SourceState>({
  table: wl_data_source,
  version: 3,
  state: newSource,
  requests: { offer: offerType, destroy: forward, set_actions: setSourceActions },
  events: {
    target: sendTarget,
    send: sendData,
    cancelled: forward,
    dnd_drop_performed: forward,
    dnd_finished: forward,
    action: forward,
  },
  policyChanged: withdrawSource,
  lost: sourceLost,
  destroyed: sourceGone,
});
