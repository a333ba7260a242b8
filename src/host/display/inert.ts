/**
 * Objects of a guest that have no counterpart on the compositor, because the policy refuses what they stand for: the app
 * is not told, and does not break. Requests on them do nothing, and what they make is inert as well.
 */
import type { DisplayClient } from "./client.ts";
import type { GuestRequest, RelayObject } from "./relay.ts";

/** Answers a request without doing it: objects that it makes are inert. Returns them. */
export function refuse(request: GuestRequest<unknown>): RelayObject[] {
  const { client, object, message, args } = request;
  return message.args.flatMap((argument, index) => {
    if (argument.type !== "new_id" || argument.interface === undefined) return [];
    const relay = client.context.relays.byInterface.get(argument.interface);
    if (relay === undefined) return [];
    const made = client.createFromGuest(args[index] as number, object.version, relay, object, true);
    made.inert = true;
    return [made];
  });
}

/** Takes `object` away from the compositor; the guest keeps it, inert. */
export function sever(client: DisplayClient, object: RelayObject): void {
  if (object.inert) return;
  const { table } = object.relay;
  const destructor = table.requests.find((message) => message.destructor === true);
  if (destructor !== undefined) client.sendToHost(object.hostId, table, destructor.name, []);
  client.objects.sever(object);
}
