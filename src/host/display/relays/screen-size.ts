/** How large a window may become that wants to fill the screen, where the compositor leaves that to the app. */
import type { DisplayClient } from "../client.ts";
import { type RelayObject, stateOf } from "../relay.ts";
import type { Size } from "../surfaces/rect.ts";
import { outputRelay } from "./wl-output.ts";
import { logicalArea } from "./xdg-output.ts";

/**
 * Logical size of the screen that the guest calls `guestId`, or of any when it means none; undefined when the guest has
 * not asked for screens.
 */
export function screenSize(client: DisplayClient, guestId: number): Size | undefined {
  const named = client.objects.byGuestId(guestId);
  return named === undefined ? firstKnown(client, client.objects.all()) : firstKnown(client, [named]);
}

function firstKnown(client: DisplayClient, objects: Iterable<RelayObject>): Size | undefined {
  for (const object of objects) {
    const state = stateOf(outputRelay, object);
    if (state === undefined || !object.alive || !state.complete) continue;
    const known = client.context.layout.areaOf(state.hostName);
    const { width, height } = typeof known === "string" ? logicalArea(state) : known;
    return { width, height };
  }
  return undefined;
}
