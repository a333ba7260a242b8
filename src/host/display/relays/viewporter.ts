/**
 * wp_viewporter: kept here. The compositor takes one viewport for each surface, and that is ours: it shows what the guest's
 * asks for, as far as it may be seen (surfaces/content.ts).
 */
import { fixedToNumber } from "../../../wayland/fixed.ts";
import { wp_viewport, wp_viewporter } from "../../../wayland/generated/viewporter.ts";
import { MAX_SURFACE_SIDE } from "../limits.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest, stateOf } from "../relay.ts";
import { errorCode, onlyOne } from "../surface-roles.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { liveSurface } from "./wl-surface.ts";

interface ViewportState {
  surface: GuestSurface | undefined;
}

function refuse(guestId: number, error: string, text: string): never {
  throw new ProtocolViolation(guestId, errorCode(wp_viewport, error), text);
}

function surfaceOf({ object }: GuestRequest<ViewportState>): GuestSurface {
  const { surface } = object.state;
  if (surface === undefined || surface.viewportGuestId !== object.guestId)
    refuse(object.guestId, "no_surface", "the surface is gone");
  return surface;
}

export const viewporterRelay = defineRelay({
  table: wp_viewporter,
  version: 1,
  local: true,
  requests: {
    destroy: forward,
    get_viewport: (request) => {
      const surface = liveSurface(request.client, request.args[1] as number);
      const made = onlyOne(errorCode(wp_viewporter, "viewport_exists"))(request);
      const state = stateOf(viewportRelay, made);
      if (made === undefined || state === undefined) return;
      state.surface = surface;
      surface.viewportGuestId = made.guestId;
    },
  },
  events: {},
});

export const viewportRelay = defineRelay<ViewportState>({
  table: wp_viewport,
  version: 1,
  local: true,
  state: () => ({ surface: undefined }),
  requests: {
    destroy: ({ object }) => {
      const { surface } = object.state;
      if (surface?.viewportGuestId !== object.guestId) return;
      surface.viewportGuestId = undefined;
      surface.pending.source = { value: undefined };
      surface.pending.destination = { value: undefined };
    },
    set_source: (request) => {
      const [x, y, width, height] = (request.args as number[]).map(fixedToNumber) as [number, number, number, number];
      const surface = surfaceOf(request);
      const unset = x === -1 && y === -1 && width === -1 && height === -1;
      if (!unset && (x < 0 || y < 0 || width <= 0 || height <= 0))
        refuse(request.object.guestId, "bad_value", `source ${x},${y} ${width}x${height}`);
      surface.pending.source = { value: unset ? undefined : { x, y, width, height } };
    },
    set_destination: (request) => {
      const [width, height] = request.args as [number, number];
      const surface = surfaceOf(request);
      const unset = width === -1 && height === -1;
      if (!unset && (width <= 0 || height <= 0))
        refuse(request.object.guestId, "bad_value", `destination ${width}x${height}`);
      const bounded = { width: Math.min(width, MAX_SURFACE_SIDE), height: Math.min(height, MAX_SURFACE_SIDE) };
      surface.pending.destination = { value: unset ? undefined : bounded };
    },
  },
  events: {},
});
