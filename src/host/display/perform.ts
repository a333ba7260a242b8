/** Does what a guest asks of one of its objects: by the rule of the relay, by forwarding, or not at all. */
import type { MessageTable, Value } from "../../wayland/types.ts";
import type { DisplayClient } from "./client.ts";
import { refuse } from "./inert.ts";
import { forward, type RelayObject } from "./relay.ts";
import { forwardRequest } from "./translate.ts";

/** `args` are decoded, and the relay has a rule for the request. Throws what the rule throws. */
export function perform(
  client: DisplayClient,
  object: RelayObject,
  opcode: number,
  message: MessageTable,
  args: readonly Value[],
): void {
  const rule = object.relay.requestRules[opcode];
  const pass = (changed: readonly Value[] = args) => forwardRequest(client, object, opcode, message, changed);
  if (object.inert) refuse({ client, object, message, args, forward: pass });
  else if (rule === undefined || rule === forward) pass();
  else rule({ client, object, message, args, forward: pass });
  if (message.destructor) client.destroyedByGuest(object);
}

/** Does what a guest does that destroys `object`. */
export function destroyForGuest(client: DisplayClient, object: RelayObject): void {
  const { table, requestRules } = object.relay;
  const opcode = table.requests.findIndex(
    ({ destructor, args, since }, index) =>
      destructor && args.length === 0 && since <= object.version && requestRules[index] !== undefined,
  );
  const message = table.requests[opcode];
  if (message === undefined) client.destroyedByGuest(object);
  else perform(client, object, opcode, message, []);
}
