/**
 * Forwarding with nothing but the tables: ids of one numbering become ids of the other, new objects are made on both
 * sides with the version of their maker, everything else is copied. The decoder has checked types, ranges and text.
 */
import type { OwnedFd } from "../../sys/fd.ts";
import { decode } from "../../wayland/decode.ts";
import { SERVER_ID_MIN } from "../../wayland/ids.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { ArgumentTable, MessageTable, Value } from "../../wayland/types.ts";
import type { DisplayClient } from "./client.ts";
import { refuse } from "./inert.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import type { Relay, RelayObject } from "./relay.ts";
import { keepRequest } from "./replay.ts";

/**
 * Passes a guest's request to the compositor. Returns the objects it made, in argument order. On an object that the host
 * half answers alone it goes nowhere, and what it makes is answered here as well.
 */
export function forwardRequest(
  client: DisplayClient,
  object: RelayObject,
  opcode: number,
  message: MessageTable,
  args: readonly Value[],
): RelayObject[] {
  if (namesInert(client, message, args)) return refuse({ client, object, message, args, forward: () => [] });
  const created: RelayObject[] = [];
  const fds: OwnedFd[] = [];
  const translated = message.args.map((argument, index): Value => {
    const value = args[index] as Value;
    switch (argument.type) {
      case "object":
        if (object.hostId === 0) return 0;
        return value === 0 ? 0 : liveObject(client, value as number, argument.interface).hostId;
      case "new_id": {
        const made = client.createFromGuest(
          value as number,
          object.version,
          relayFor(client, argument),
          object,
          object.hostId === 0,
        );
        created.push(made);
        return made.hostId;
      }
      case "fd":
        if (object.hostId !== 0) fds.push(client.link.takeTransfer());
        return value;
      default:
        return value;
    }
  });
  if (object.hostId !== 0)
    client.sendRequestToHost(object.hostId, object.relay.table, opcode, message, translated, fds);
  if (object.relay.kept[opcode]) {
    object.kept ??= new Map();
    // In the order in which they were said last.
    object.kept.delete(opcode);
    object.kept.set(opcode, args);
  }
  for (const made of created)
    if (made.relay.returns !== undefined) made.origin = keepRequest(client, object, opcode, message, args);
  return created;
}

/** What names an object without effect has none itself. */
function namesInert(client: DisplayClient, message: MessageTable, args: readonly Value[]): boolean {
  return message.args.some(
    ({ type }, index) => type === "object" && client.objects.byGuestId(args[index] as number)?.inert === true,
  );
}

/**
 * Passes an event of the compositor to the guest; the pipes in `fds` become transfers. An event that names an object which the
 * guest no longer holds is dropped, unless the argument may be null.
 */
export function forwardEvent(
  client: DisplayClient,
  object: RelayObject,
  opcode: number,
  message: MessageTable,
  args: readonly Value[],
  fds: readonly OwnedFd[],
): RelayObject[] {
  const created: RelayObject[] = [];
  // The guest has not been told of it, and 0 is the id of the link.
  if (object.guestId === 0) return created;
  const translated: Value[] = [];
  let fdIndex = 0;
  for (const [index, argument] of message.args.entries()) {
    const value = args[index] as Value;
    if (argument.type === "object" && value !== 0) {
      const guestId = guestIdOf(client, value as number);
      if (guestId === 0 && !argument.nullable) return created;
      translated.push(guestId);
    } else if (argument.type === "new_id") {
      const relay = relayFor(client, argument);
      const made = client.objects.addFromHost(value as number, object.version, relay, (ids) =>
        relay.state?.(client, object, ids),
      );
      created.push(made);
      translated.push(made.guestId);
    } else {
      const fd = argument.type === "fd" ? fds[fdIndex++] : undefined;
      if (fd !== undefined) client.link.announceTransfer(fd);
      translated.push(value);
    }
  }
  client.sendEventToGuest(object.guestId, object.relay.table, opcode, message, translated);
  return created;
}

/** An event that the guest must not see may still make objects, whose own events have to be followed. */
export function skipEvent(client: DisplayClient, object: RelayObject, message: MessageTable, raw: RawMessage): void {
  if (!message.args.some((argument) => argument.type === "new_id")) return;
  const args = decode(message, raw);
  for (const [index, argument] of message.args.entries()) {
    const relay =
      argument.type === "new_id" ? client.context.relays.byInterface.get(argument.interface ?? "") : undefined;
    if (relay !== undefined) client.objects.addDeadFromHost(args[index] as number, object.version, relay);
  }
}

/** The guest's object `guestId`, which must be alive, have a counterpart and, if `wanted` is given, be of that interface. */
export function liveObject(client: DisplayClient, guestId: number, wanted?: string): RelayObject {
  const object = heldObject(client, guestId, wanted);
  return object.hostId !== 0 ? object : invalidObject(guestId, wanted);
}

/** As {@link liveObject}, for rules that take objects of which the compositor knows nothing, such as inert ones. */
export function heldObject(client: DisplayClient, guestId: number, wanted?: string): RelayObject {
  const object = client.objects.byGuestId(guestId);
  if (object?.alive && (wanted === undefined || object.relay.table.name === wanted)) return object;
  return invalidObject(guestId, wanted);
}

function invalidObject(guestId: number, wanted: string | undefined): never {
  throw new ProtocolViolation(
    1,
    WL_DISPLAY_ERROR.invalidObject,
    `invalid object ${guestId}, ${wanted ?? "any"} wanted`,
  );
}

/**
 * The guest's id for an object that an event names, or 0. One that the guest has destroyed keeps its id until delete_id,
 * and the app's own library knows what to do with it (a leave event for a closed window must still arrive).
 */
export function guestIdOf(client: DisplayClient, hostId: number): number {
  const entry = client.objects.byHostId(hostId);
  if (entry?.kind !== "relayed") return 0;
  return entry.object.alive || entry.object.guestId < SERVER_ID_MIN ? entry.object.guestId : 0;
}

function relayFor(client: DisplayClient, argument: ArgumentTable): Relay {
  const relay = client.context.relays.byInterface.get(argument.interface ?? "");
  if (relay === undefined) {
    throw new ProtocolViolation(1, WL_DISPLAY_ERROR.invalidMethod, `no such interface ${argument.interface ?? ""}`);
  }
  return relay;
}
