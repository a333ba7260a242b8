/** Requests of the guest: looked up, decoded, and done by the rules of the relays; or refused. */
import { decode } from "../../wayland/decode.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { DisplayClient } from "./client.ts";
import { LINK_INTERFACE, LINK_OBJECT_ID } from "./link-end.ts";
import { perform } from "./perform.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import type { MessageTrail } from "./trace/trail.ts";

/** Handles one request. Throws what ends the connection. */
export function guestRequest(client: DisplayClient, raw: RawMessage, trail: MessageTrail): void {
  trail.note("guest->", raw.objectId, raw.opcode);
  if (raw.objectId === LINK_OBJECT_ID) {
    const linkMessage = LINK_INTERFACE.requests[raw.opcode];
    if (linkMessage !== undefined) trail.identify(LINK_INTERFACE, linkMessage);
    client.link.request(raw);
    return;
  }
  const object = client.objects.byGuestId(raw.objectId);
  if (object === undefined || !object.alive)
    throw new ProtocolViolation(1, WL_DISPLAY_ERROR.invalidObject, `invalid object ${raw.objectId}`);
  const { table, requestRules } = object.relay;
  const message = table.requests[raw.opcode];
  const rule = requestRules[raw.opcode];
  if (message === undefined || rule === undefined || message.since > object.version) {
    const text = `invalid method ${raw.opcode}, object ${table.name}#${object.guestId}`;
    throw new ProtocolViolation(object.guestId, WL_DISPLAY_ERROR.invalidMethod, text);
  }
  trail.identify(table, message);
  const args = decode(message, raw);
  trail.decoded(args);
  client.context.tracer?.message(client.number, "guest->", table, raw.objectId, message, args);
  perform(client, object, raw.opcode, message, args);
  client.link.discardTransfer();
}
