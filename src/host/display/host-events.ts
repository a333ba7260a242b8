/** Events of the compositor for the guest's objects: passed on by the rules of the relays, or not. */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { decode } from "../../wayland/decode.ts";
import { wl_display } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import { fdCount, type Value } from "../../wayland/types.ts";
import type { DisplayClient } from "./client.ts";
import { takeFds } from "./compositor-connection.ts";
import { forward } from "./relay.ts";
import type { MessageTrail } from "./trace/trail.ts";
import { forwardEvent, skipEvent } from "./translate.ts";

/** Handles one event; takes its descriptors out of `fds`. Throws "protocol" when the stream cannot be followed any further. */
export function hostEvent(client: DisplayClient, raw: RawMessage, fds: OwnedFd[], trail: MessageTrail): void {
  const entry = client.objects.byHostId(raw.objectId);
  if (entry === undefined) {
    // Without the interface the number of descriptors is unknown.
    throw new VitrineError("protocol", `Cannot follow the compositor: event for unknown object ${raw.objectId}`);
  }
  if (entry.kind === "internal") {
    entry.object.onEvent(raw);
    return;
  }
  const { object } = entry;
  const { table, eventRules } = object.relay;
  const message = table.events[raw.opcode];
  if (message === undefined)
    throw new VitrineError("protocol", `Cannot follow the compositor: ${table.name} event ${raw.opcode} is unknown`);
  trail.note("<-host", raw.objectId, raw.opcode);
  trail.identify(table, message);
  const own = takeFds(fds, fdCount(message));
  try {
    const rule = eventRules[raw.opcode];
    if (!object.alive || rule === undefined) {
      skipEvent(client, object, message, raw);
      return;
    }
    const args = decode(message, raw);
    trail.decoded(args);
    client.context.tracer?.message(client.number, "<-host", table, raw.objectId, message, args);
    const pass = (changed: readonly Value[] = args, descriptors: "as-transfers" | "sent" = "as-transfers") =>
      forwardEvent(client, object, raw.opcode, message, changed, descriptors === "sent" ? [] : own);
    if (rule === forward) pass();
    else rule({ client, object, message, args, fds: own, forward: pass });
  } finally {
    for (const fd of own) fd.close();
  }
}

/** wl_display.error: the compositor refuses something that has passed our checks, and ends the connection. */
export interface Refusal {
  /** The object of the guest's that it is about; that of wl_display when it is none. */
  readonly guestId: number;
  readonly code: number;
  readonly text: string;
  /** For the log. */
  readonly reason: string;
}

/** Handles an event of the compositor's wl_display; returns an error of it, after which nothing else will come. */
export function hostDisplayEvent(client: DisplayClient, raw: RawMessage): Refusal | undefined {
  const message = wl_display.events[raw.opcode];
  if (message === undefined) return undefined;
  const args = decode(message, raw);
  client.context.tracer?.message(client.number, "<-host", wl_display, raw.objectId, message, args);
  if (message.name === "delete_id") {
    const object = client.objects.hostDeleted(args[0] as number);
    if (object !== undefined) client.announceFree(object.guestId);
    return undefined;
  }
  const [hostId, code, text] = args as [number, number, string];
  const entry = client.objects.byHostId(hostId);
  const object = entry?.kind === "relayed" ? entry.object : undefined;
  const reason = ` by the compositor: ${object?.relay.table.name ?? "wl_display"} error ${code}: ${text}`;
  return { guestId: object?.guestId ?? raw.objectId, code, text, reason };
}
