/** What is to become of dragged data: the actions that source and target agree on, and when a drop may be finished. */
import { wl_data_device_manager, wl_data_offer, wl_data_source } from "../../../wayland/generated/wayland.ts";
import type { GuestRequest, HostEvent } from "../relay.ts";
import { violation } from "../surface-roles.ts";
import { holdOrForward, type OfferState } from "./selection-offer.ts";
import type { SourceState } from "./selection-source.ts";

const ACTION = wl_data_device_manager.enums.dnd_action?.entries ?? {};
const { none = 0, ask = 4 } = ACTION;
const ALL_ACTIONS = Object.values(ACTION).reduce((all, bit) => all | bit, 0);
const SINGLE_ACTIONS = new Set(Object.values(ACTION));

/** How far a drag of an offer has come. */
export interface DragProgress {
  accepted: boolean;
  action: number;
  dropped: boolean;
  finished: boolean;
}

export function newDrag(): DragProgress {
  return { accepted: false, action: none, dropped: false, finished: false };
}

/** wl_data_source.set_actions: once, before the source is used. */
export function setSourceActions({ object, args, forward }: GuestRequest<SourceState>): void {
  const [actions] = args as [number];
  if ((actions & ~ALL_ACTIONS) !== 0)
    throw violation(object, wl_data_source, "invalid_action_mask", `actions ${actions}`);
  if (object.state.hasActions || object.state.published !== undefined)
    throw violation(object, wl_data_source, "invalid_source", "actions are set once, before the drag");
  object.state.hasActions = true;
  forward();
}

/** wl_data_offer.set_actions: of something that is dragged, until it is finished. */
export function setOfferActions({ object, args, forward }: GuestRequest<OfferState>): void {
  const [actions, preferred] = args as [number, number];
  if ((actions & ~ALL_ACTIONS) !== 0)
    throw violation(object, wl_data_offer, "invalid_action_mask", `actions ${actions}`);
  if (!SINGLE_ACTIONS.has(preferred)) throw violation(object, wl_data_offer, "invalid_action", `action ${preferred}`);
  const { drag } = object.state;
  if (drag === undefined || drag.finished)
    throw violation(object, wl_data_offer, "invalid_offer", "nothing is dragged any more");
  forward();
}

/** wl_data_offer.finish: after a drop that was accepted, with one action. */
export function finishDrop({ object, forward }: GuestRequest<OfferState>): void {
  const { drag } = object.state;
  if (!drag?.dropped || !drag.accepted || drag.finished || drag.action === none || drag.action === ask)
    throw violation(object, wl_data_offer, "invalid_finish", "nothing was dropped");
  drag.finished = true;
  forward();
}

/** wl_data_offer.action: what the compositor has chosen. */
export function noteAction(event: HostEvent<OfferState>): void {
  const { drag } = event.object.state;
  if (drag !== undefined) drag.action = event.args[0] as number;
  holdOrForward(event);
}
