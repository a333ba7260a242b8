/**
 * Which surface input goes to. The compositor counts places from the corner of the part of a surface that it has, the
 * guest from the corner of the surface; and it speaks of surfaces of ours, the frames, of which a guest must not hear.
 */
import { numberToFixed } from "../../../wayland/fixed.ts";
import type { DisplayClient } from "../client.ts";
import { stateOf } from "../relay.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { surfaceRelay } from "./wl-surface.ts";

/** A surface of the guest; "frame" for one of ours, whose events end here. */
export type Target = GuestSurface | "frame";

/** What the compositor means by a surface that it names in an event. */
export function targetOf(client: DisplayClient, surfaceHostId: number): Target {
  const entry = client.objects.byHostId(surfaceHostId);
  return (entry?.kind === "relayed" ? stateOf(surfaceRelay, entry.object) : undefined) ?? "frame";
}

/** Moves a place on the compositor's surface (raw fixed-point numbers) to where it is on the guest's. */
export function placeForGuest(surface: GuestSurface, x: number, y: number): [x: number, y: number] {
  const { crop } = surface.host;
  return [x + numberToFixed(crop?.x ?? 0), y + numberToFixed(crop?.y ?? 0)];
}

/** The reverse of {@link placeForGuest}. */
export function fixedPlaceForHost(surface: GuestSurface, x: number, y: number): [x: number, y: number] {
  const { crop } = surface.host;
  return [x - numberToFixed(crop?.x ?? 0), y - numberToFixed(crop?.y ?? 0)];
}

/** Moves a place on the guest's surface (whole numbers) to where it is on the compositor's. */
export function placeForHost(surface: GuestSurface, x: number, y: number): [x: number, y: number] {
  const { crop } = surface.host;
  return [x - (crop?.x ?? 0), y - (crop?.y ?? 0)];
}
