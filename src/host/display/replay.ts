/**
 * Windows survive their compositor. When it has gone, the app's connection waits; when one is there again, everything that
 * the app has is made anew on a new connection, in the order in which the app made it, and the app goes on with its ids.
 *
 * 1. Each relay says of its objects what becomes of them (`lost`, `returns` in relay.ts). Most are made again by the very
 *    request that made them, followed by the last words of what the relay `keeps`.
 * 2. What an app said of an object by way of another (a window's icon, its tag) is {@link remember}ed with the object: the
 *    other may be gone since.
 * 3. What cannot come back ends in the protocol's own words: menus are done, selections cancelled, the focus is left. The
 *    guest keeps such an object, without effect, until it destroys it.
 * 4. Serials, and whatever else is the compositor's own, are forgotten.
 */
import type { MessageTable, Value } from "../../wayland/types.ts";
import type { DisplayClient } from "./client.ts";
import type { RelayObject } from "./relay.ts";

/** An argument of a request; objects as themselves, since their numbers may be given anew. */
type KeptValue = Value | RelayObject;

/** A request that made an object or told something of it. */
export interface KeptRequest {
  readonly by: RelayObject;
  readonly opcode: number;
  readonly message: MessageTable;
  readonly args: readonly KeptValue[];
}

/** A request with its arguments as they are now. `args` are in the guest's numbering, which must be valid. */
export function keepRequest(
  client: DisplayClient,
  by: RelayObject,
  opcode: number,
  message: MessageTable,
  args: readonly Value[],
): KeptRequest {
  const kept = message.args.map(({ type }, index): KeptValue => {
    const value = args[index] as Value;
    return type === "object" && value !== 0 ? (client.objects.byGuestId(value as number) ?? 0) : value;
  });
  return { by, opcode, message, args: kept };
}

/** The compositor has gone: what ends with it, the guest is told at once. */
export function tellLost(client: DisplayClient): void {
  for (const object of [...client.objects.all()]) if (object.alive) object.relay.lost?.(client, object);
}

/** By object, and by what they are about, the words that were said of it last. */
const words = new WeakMap<RelayObject, Map<string, () => void>>();

/** `say` says of `object`, when it is there again, what has just been said; it takes the place of earlier words on `topic`. */
export function remember(object: RelayObject, topic: string, say: () => void): void {
  const said = words.get(object) ?? new Map<string, () => void>();
  words.set(object, said.set(topic, say));
}

/** Makes `lost`, which had counterparts, anew on a new connection whose globals are known; in this order. */
export function replay(client: DisplayClient, lost: readonly RelayObject[]): void {
  for (const object of lost) {
    if (!object.alive) continue;
    if (!client.globals.rebind(object)) object.relay.returns?.(client, object);
    if (object.hostId === 0) object.inert = true;
  }
  const there = lost.filter(({ hostId }) => hostId !== 0);
  for (const object of there) for (const say of words.get(object)?.values() ?? []) say();
  for (const object of there) object.relay.returned?.(client, object);
}

/** Makes `object` again as it was made, and tells what is kept of it. False when what it was made from is no more. */
export function again(client: DisplayClient, object: RelayObject): boolean {
  const { origin } = object;
  if (origin === undefined) return false;
  const { by, opcode, message, args } = origin;
  if (args.some((value) => isObject(value) && !isThere(value))) return false;
  return withMaker(client, by, (maker) => {
    client.objects.giveHostId(object);
    const told = args.map((value, index) =>
      isObject(value) ? value.hostId : message.args[index]?.type === "new_id" ? object.hostId : value,
    );
    client.sendRequestToHost(maker, by.relay.table, opcode, message, told);
    tellKept(client, object);
  });
}

/**
 * Calls `use` with the counterpart of `maker`, which objects are made by. One that the guest has destroyed, whereas what it made
 * lives on, is bound anew for that if it was a global. False, and nothing is called, where there is none.
 */
export function withMaker(client: DisplayClient, maker: RelayObject, use: (hostId: number) => void): boolean {
  if (isThere(maker)) {
    use(maker.hostId);
    return true;
  }
  const { table } = maker.relay;
  const hostId = maker.alive ? undefined : client.globals.bindOnce(maker);
  if (hostId === undefined) return false;
  use(hostId);
  const destructor = table.requests.find(({ destructor, since }) => destructor === true && since <= maker.version);
  if (destructor !== undefined) client.sendToHost(hostId, table, destructor.name, []);
  return true;
}

/** The rule of what ends with the compositor: the guest is told by an event without arguments. */
export function endsBy(event: string): (client: DisplayClient, object: RelayObject) => void {
  return (client, object) => {
    if (!object.inert) client.sendToGuest(object.guestId, object.relay.table, event, []);
  };
}

function tellKept(client: DisplayClient, object: RelayObject): void {
  for (const [opcode, args] of object.kept ?? []) {
    const message = object.relay.table.requests[opcode];
    if (message !== undefined) client.sendRequestToHost(object.hostId, object.relay.table, opcode, message, args);
  }
}

function isObject(value: KeptValue): value is RelayObject {
  return typeof value === "object" && value !== null && "relay" in value;
}

/** Whether `object` can be named on the connection of the moment. */
export function isThere({ alive, hostId }: RelayObject): boolean {
  return alive && hostId !== 0;
}
