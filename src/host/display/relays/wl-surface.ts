/**
 * wl_surface. What a guest asks for is gathered until it counts, and then told to the compositor together with what
 * belongs to it (surfaces/). Shared-memory buffers do not come here: the guest half keeps them and attaches ranges of the
 * arena by the link (link-end.ts). A wl_buffer that does come here was made by an interface of ours.
 */
import { wp_viewport } from "../../../wayland/generated/viewporter.ts";
import { wl_surface } from "../../../wayland/generated/wayland.ts";
import type { DisplayClient } from "../client.ts";
import { MAX_CLIENT_SURFACES } from "../limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import { checkSurfaceUnused, xdgSurfaceOf } from "../surface-roles.ts";
import type { SurfaceBuffer } from "../surfaces/change.ts";
import { GuestSurface } from "../surfaces/guest-surface.ts";
import { OFFSET_SINCE, showTree, tellOrder } from "../surfaces/show.ts";
import { guestIdOf, heldObject, liveObject } from "../translate.ts";
import { regionRelay } from "./wl-region.ts";
import { bufferRelay } from "./wl-shm.ts";
import { mayCommit } from "./xdg-order.ts";

type Request = GuestRequest<GuestSurface>;

const ERROR = wl_surface.enums.error?.entries ?? {};
/** Highest value of wl_output.transform. */
const LAST_TRANSFORM = 7;

const surfaceCounts = new WeakMap<DisplayClient, number>();

function count(client: DisplayClient, change: 1 | -1): number {
  const surfaces = (surfaceCounts.get(client) ?? 0) + change;
  surfaceCounts.set(client, surfaces);
  return surfaces;
}

function damage(unit: "buffer" | "surface") {
  return ({ object, args }: Request) => {
    const [x, y, width, height] = args as [number, number, number, number];
    object.state.pending.addDamage({ unit, x, y, width, height });
  };
}

function setRegion(which: "opaque" | "input") {
  return ({ client, object, args }: Request) => {
    const id = args[0] as number;
    const region = id === 0 ? undefined : stateOf(regionRelay, heldObject(client, id, "wl_region"))?.take();
    object.state.pending[which] = { region };
  };
}

function bounded(request: Request, name: "scale" | "transform", least: number, most: number, error: string): void {
  const [value] = request.args as [number];
  if (value < least || value > most)
    throw new ProtocolViolation(request.object.guestId, ERROR[error] ?? 0, `${name} ${value}`);
  request.object.state.pending[name] = value;
}

export const surfaceRelay = defineRelay<GuestSurface>({
  table: wl_surface,
  version: 6,
  state: (client, _by, { guestId, hostId, version }) => {
    if (count(client, 1) > MAX_CLIENT_SURFACES) {
      throw new ProtocolViolation(1, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_CLIENT_SURFACES} surfaces`);
    }
    return new GuestSurface(guestId, hostId, version);
  },
  requests: {
    destroy: ({ client, object, forward }) => {
      checkSurfaceUnused(object);
      object.state.destroy();
      const { viewportId } = object.state.host;
      if (viewportId !== 0) client.sendToHost(viewportId, wp_viewport, "destroy", []);
      forward();
    },
    attach: ({ client, object, args }) => {
      const [id, x, y] = args as [number, number, number];
      const buffer = id === 0 ? undefined : stateOf(bufferRelay, heldObject(client, id, "wl_buffer"));
      attachBuffer(object.state, buffer, x, y);
    },
    damage: damage("surface"),
    // The object must exist at once, so the request goes out at once: it counts from the compositor's next commit.
    frame: forward,
    set_opaque_region: setRegion("opaque"),
    set_input_region: setRegion("input"),
    commit: ({ client, object }) => {
      if (!object.state.commit()) return;
      const { root } = object.state;
      if (mayCommit(root, xdgSurfaceOf(object))) showTree(root, client.own, object.state.parent === undefined);
    },
    set_buffer_transform: (request) => bounded(request, "transform", 0, LAST_TRANSFORM, "invalid_transform"),
    set_buffer_scale: (request) => bounded(request, "scale", 1, Number.POSITIVE_INFINITY, "invalid_scale"),
    damage_buffer: damage("buffer"),
    offset: ({ object, args }) => {
      [object.state.pending.dx, object.state.pending.dy] = args as [number, number];
    },
  },
  events: {
    enter: ({ object, args, forward }) => {
      object.state.outputs.add(args[0] as number);
      forward();
    },
    leave: ({ object, args, forward }) => {
      object.state.outputs.delete(args[0] as number);
      forward();
    },
    preferred_buffer_scale: forward,
    preferred_buffer_transform: forward,
  },
  lost: (client, object) => {
    for (const output of object.state.outputs) {
      const guestId = guestIdOf(client, output);
      if (guestId !== 0) client.sendToGuest(object.guestId, wl_surface, "leave", [guestId]);
    }
    object.state.outputs.clear();
  },
  returns: (client, object) => {
    if (again(client, object)) object.state.returned(object.hostId);
  },
  returned: (client, object) => {
    const surface = object.state;
    tellOrder(surface, client.own);
    // Windows are shown once the compositor has configured them: xdg-toplevel.ts.
    if (surface.parent === undefined && surface.role !== "window" && surface.size !== undefined)
      showTree(surface, client.own, true);
  },
  destroyed: (client, object) => {
    count(client, -1);
    object.state.destroy();
  },
});

/** wl_surface.attach, of whatever kind of buffer. */
export function attachBuffer(surface: GuestSurface, buffer: SurfaceBuffer | undefined, x: number, y: number): void {
  const { pending } = surface;
  pending.attach(buffer);
  if (surface.version < OFFSET_SINCE) [pending.dx, pending.dy] = [x, y];
}

/** The guest's live surface `guestId`. Throws a violation when there is none. */
export function liveSurface(client: DisplayClient, guestId: number): GuestSurface {
  return liveObject(client, guestId, "wl_surface").state as GuestSurface;
}
