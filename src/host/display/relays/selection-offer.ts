/**
 * What is offered to an app, by the clipboard, the primary selection or a drag: the same rules for each interface. The
 * compositor makes an offer before it says what for, so offers are held back until the policy can be asked.
 */
import type { InterfaceTable, Value } from "../../../wayland/types.ts";
import type { Topic } from "../../policy/topics.ts";
import type { DisplayClient } from "../client.ts";
import { permitted } from "../policy.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import type { GuestRequest, HostEvent, Relay, RelayObject } from "../relay.ts";
import { isPassableMimeType, type OfferedTypes } from "../selection-names.ts";
import type { DragProgress } from "./drag-actions.ts";

export interface OfferState {
  /** Types as the compositor names them; complete when the offer is put to use. */
  readonly names: string[];
  /** Other events that came while the offer was held. */
  readonly held: { readonly name: string; readonly args: readonly Value[] }[];
  /** Set when the guest is told of the offer: what it holds, and which topic governs the reading of it. */
  shown: (OfferedTypes & { readonly topic: Topic }) | undefined;
  /** Set when it comes with a drag. */
  drag: DragProgress | undefined;
}

/** Of a device. */
export interface SelectionState {
  /** The offer that is the selection now, shown or held. */
  selection: RelayObject<OfferState> | undefined;
}

export function newOffer(): OfferState {
  return { names: [], held: [], shown: undefined, drag: undefined };
}

/** device.data_offer: an offer is made, its types follow. */
export function holdOffer({ client, object, args }: HostEvent<unknown>, relay: Relay): void {
  client.objects.holdFromHost(args[0] as number, object.version, relay, newOffer);
}

/** offer.offer: one of the types, before the offer is shown. */
export function noteType({ object, args }: HostEvent<OfferState>): void {
  object.state.names.push(args[0] as string);
}

/** Another event of an offer: passed on, or kept until the offer is shown. */
export function holdOrForward({ object, message, args, forward }: HostEvent<OfferState>): void {
  if (object.state.shown !== undefined) forward();
  else object.state.held.push({ name: message.name, args });
}

/** device.selection: the offer becomes the selection, and the one before it is over. */
export function changeSelection({ client, object, args }: HostEvent<SelectionState>, topic: Topic): void {
  const { state } = object;
  if (state.selection !== undefined) dropHeld(client, state.selection);
  state.selection = offerById(client, args[0] as number);
  if (state.selection === undefined || !show(client, object, state.selection, topic)) tellSelection(client, object, 0);
  else tellSelection(client, object, state.selection.guestId);
}

/** The compositor has gone, and the selection with it. */
export function selectionLost(client: DisplayClient, object: RelayObject<SelectionState>): void {
  if (object.state.selection?.state.shown !== undefined) tellSelection(client, object, 0);
  object.state.selection = undefined;
}

/** Another policy: the selection is shown or taken away, if that makes a difference. */
export function reconsiderSelection(client: DisplayClient, object: RelayObject<SelectionState>, topic: Topic): void {
  const { selection } = object.state;
  if (selection === undefined || !selection.alive) return;
  if (selection.state.shown === undefined) {
    if (show(client, object, selection, topic)) tellSelection(client, object, selection.guestId);
  } else if (!selection.state.shown.own && client.context.policy.decideGivenInput(topic) !== "allow") {
    tellSelection(client, object, 0);
  }
}

/** Tells the guest of an offer that `device` is about to use. False when the policy or the types speak against it. */
export function show(
  client: DisplayClient,
  device: RelayObject<unknown>,
  offer: RelayObject<OfferState>,
  topic: Topic,
): boolean {
  const { policy, selectionNames } = client.context;
  const offered = selectionNames.read(offer.state.names);
  if (offered.types.size === 0 || !(offered.own || policy.decideGivenInput(topic) === "allow")) return false;
  offer.state.shown = { ...offered, topic };
  client.objects.reveal(offer);
  client.sendToGuest(device.guestId, device.relay.table, "data_offer", [offer.guestId]);
  for (const type of offered.types.keys()) client.sendToGuest(offer.guestId, offer.relay.table, "offer", [type]);
  for (const { name, args } of offer.state.held.splice(0))
    client.sendToGuest(offer.guestId, offer.relay.table, name, args);
  return true;
}

/** The offer that an event of a device names; undefined when it names none. */
export function offerById(client: DisplayClient, hostId: number): RelayObject<OfferState> | undefined {
  const entry = client.objects.byHostId(hostId);
  return entry?.kind === "relayed" && entry.object.alive ? (entry.object as RelayObject<OfferState>) : undefined;
}

/** Destroys an offer that the guest was never told of. */
export function dropHeld(client: DisplayClient, offer: RelayObject<OfferState>): void {
  if (!offer.alive || offer.state.shown !== undefined) return;
  client.sendToHost(offer.hostId, offer.relay.table, "destroy", []);
  client.objects.guestDestroyed(offer);
}

/** offer.receive: the data go into a pipe, which is empty when the policy refuses them, or nobody offered that type. */
export function receiveData(request: GuestRequest<OfferState>): void {
  const { client, object, args, forward } = request;
  const { shown } = object.state;
  const name = shown?.types.get(checkedType(request, args[0]));
  if (shown !== undefined && name !== undefined && (shown.own || permitted(client, shown.topic)))
    forward([name, ...args.slice(1)]);
}

/** wl_data_offer.accept: the type that the app would take, or null. */
export function acceptType(request: GuestRequest<OfferState>): void {
  const [serial, type] = request.args;
  const name = type === null ? null : (request.object.state.shown?.types.get(checkedType(request, type)) ?? null);
  const { drag } = request.object.state;
  if (drag !== undefined) drag.accepted = name !== null;
  request.forward([serial as Value, name]);
}

function checkedType(request: GuestRequest<OfferState>, type: Value | undefined): string {
  if (isPassableMimeType(type)) return type;
  throw new ProtocolViolation(request.object.guestId, WL_DISPLAY_ERROR.invalidMethod, "not a MIME type");
}

function tellSelection(client: DisplayClient, device: RelayObject<unknown>, guestId: number): void {
  const table: InterfaceTable = device.relay.table;
  client.sendToGuest(device.guestId, table, "selection", [guestId]);
}
