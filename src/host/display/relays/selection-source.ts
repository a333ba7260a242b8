/**
 * What an app offers, to the clipboard, the primary selection or a drag: the same rules for each interface. Types are held
 * back until it is known what the source is for, since then the policy says under which names they may be seen.
 */
import type { Topic } from "../../policy/topics.ts";
import type { DisplayClient } from "../client.ts";
import { sever } from "../inert.ts";
import { MAX_DATA_SOURCES, MAX_MIME_TYPES } from "../limits.ts";
import { permitted } from "../policy.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import type { GuestRequest, HostEvent, RelayObject } from "../relay.ts";
import { isPassableMimeType, type PublishedNames } from "../selection-names.ts";
import { heldObject } from "../translate.ts";
import type { SelectionState } from "./selection-offer.ts";

export interface SourceState {
  readonly types: string[];
  /** wl_data_source.set_actions: it is for a drag. */
  hasActions: boolean;
  /** Set once the source is in use. */
  published: { readonly names: PublishedNames; readonly topic: Topic; readonly veiled: boolean } | undefined;
}

const sourceCounts = new WeakMap<DisplayClient, number>();

/** The state of a new source. Throws the protocol's error when the app has too many. */
export function newSource(client: DisplayClient): SourceState {
  const sources = (sourceCounts.get(client) ?? 0) + 1;
  if (sources > MAX_DATA_SOURCES)
    throw new ProtocolViolation(1, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_DATA_SOURCES} data sources`);
  sourceCounts.set(client, sources);
  return { types: [], hasActions: false, published: undefined };
}

/**
 * source.offer: one more type. One of a form that may not cross is left out; what comes after the source is in use is too
 * late to be seen, as on most compositors.
 */
export function offerType({ object, args }: GuestRequest<SourceState>): void {
  const [type] = args;
  if (!isPassableMimeType(type) || object.state.published !== undefined) return;
  object.state.types.push(type);
  if (object.state.types.length > MAX_MIME_TYPES)
    throw new ProtocolViolation(object.guestId, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_MIME_TYPES} MIME types`);
}

/**
 * The source, the first argument of `request`, is about to be used for what `topic` is about. False: it must not be, the
 * request shall come to nothing. Where the topic is off for the world outside, the sandbox's own apps may still have it.
 */
export function publishSource(request: GuestRequest<unknown>, topic: Topic): boolean {
  const { client, args, message } = request;
  const { policy, selectionNames } = client.context;
  const source = heldObject(client, args[0] as number, message.args[0]?.interface) as RelayObject<SourceState>;
  if (source.inert) return false;
  const veiled = policy.decideGivenInput(topic) !== "allow";
  if (!permitted(client, topic) && !(veiled && policy.inputIsRecent())) return false;
  if (source.state.published !== undefined) return true;
  const names = selectionNames.publish(source.state.types, veiled);
  source.state.published = { names, topic, veiled };
  for (const name of names.keys()) client.sendToHost(source.hostId, source.relay.table, "offer", [name]);
  return true;
}

/**
 * device.set_selection: with a serial that the app was given, and as the policy allows. An app may always take back what
 * the sandbox itself has offered.
 */
export function setSelection(request: GuestRequest<SelectionState>, topic: Topic): void {
  const { client, object, args, forward } = request;
  const [source, serial] = args as [number, number];
  if (!client.serials.has(serial)) return;
  const own = object.state.selection?.state.shown?.own === true;
  if (source === 0 ? own || permitted(client, topic) : publishSource(request, topic)) forward();
}

/** source.send: somebody wants the data. Nobody gets any for the marker: its descriptor is closed. */
export function sendData({ object, args, forward }: HostEvent<SourceState>): void {
  const type = object.state.published?.names.get(args[0] as string);
  if (type !== undefined) forward([type, ...args.slice(1)]);
}

/** wl_data_source.target: the type that a receiver would take. */
export function sendTarget({ object, args, forward }: HostEvent<SourceState>): void {
  const [name] = args;
  forward([name === null ? null : (object.state.published?.names.get(name as string) ?? null)]);
}

/** Data that the policy no longer lets out are taken back; the app learns that its source is cancelled. */
export function withdrawSource(client: DisplayClient, object: RelayObject<SourceState>): void {
  const { published } = object.state;
  if (published === undefined || published.veiled || object.inert) return;
  if (client.context.policy.decideGivenInput(published.topic) === "allow") return;
  sever(client, object);
  client.sendToGuest(object.guestId, object.relay.table, "cancelled", []);
}

/** The compositor has gone: nobody will ask for the data. */
export function sourceLost(client: DisplayClient, object: RelayObject<SourceState>): void {
  if (!object.inert) client.sendToGuest(object.guestId, object.relay.table, "cancelled", []);
}

export function sourceGone(client: DisplayClient, object: RelayObject<SourceState>): void {
  sourceCounts.set(client, (sourceCounts.get(client) ?? 1) - 1);
  if (object.state.published !== undefined) client.context.selectionNames.retire(object.state.published.names);
}
