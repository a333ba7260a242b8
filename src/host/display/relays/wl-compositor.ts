/** wl_compositor, wl_subcompositor, wl_subsurface: making surfaces and putting them together. */
import { wl_compositor, wl_subcompositor, wl_subsurface, wl_surface } from "../../../wayland/generated/wayland.ts";
import { MAX_SURFACE_SIDE } from "../limits.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { checkSubsurfaceDepth, useSurface, violation } from "../surface-roles.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { showTree } from "../surfaces/show.ts";
import { liveObject } from "../translate.ts";
import { regionRelay } from "./wl-region.ts";
import { liveSurface } from "./wl-surface.ts";

interface SubsurfaceState {
  surface: GuestSurface | undefined;
}

export const compositorRelay = defineRelay({
  table: wl_compositor,
  version: 6,
  requests: {
    create_surface: forward,
    create_region: ({ client, object, args }) => {
      client.createFromGuest(args[0] as number, object.version, regionRelay, object);
    },
  },
  events: {},
});

export const subcompositorRelay = defineRelay({
  table: wl_subcompositor,
  version: 1,
  requests: {
    destroy: forward,
    get_subsurface: ({ client, object, args, forward }) => {
      const [surfaceObject, parentObject] = [args[1], args[2]].map((id) =>
        liveObject(client, id as number, wl_surface.name),
      ) as [RelayObject<GuestSurface>, RelayObject<GuestSurface>];
      checkSubsurfaceDepth(surfaceObject, parentObject, object);
      const [surface, parent] = [surfaceObject.state, parentObject.state];
      surface.becomeSubsurface(parent, object.guestId);
      const [made] = forward();
      useSurface(surfaceObject, "wl_subsurface", made);
      const state = stateOf(subsurfaceRelay, made);
      if (made === undefined || state === undefined) return;
      state.surface = surface;
      surface.subsurfaceHostId = made.hostId;
      parent.frame?.adopt(made.hostId);
    },
  },
  events: {},
});

/** wl_subsurface.place_above and place_below: by the parent or one of its subsurfaces. Without a parent there is no order. */
function restack({ client, object, message, args, forward }: GuestRequest<SubsurfaceState>): void {
  const { surface } = object.state;
  const sibling = liveSurface(client, args[0] as number);
  if (surface?.parent === undefined) return;
  if (sibling === surface || (sibling !== surface.parent && sibling.parent !== surface.parent))
    throw violation(object, wl_subsurface, "bad_surface", `surface ${sibling.guestId} is no sibling`);
  surface.restack(message.name === "place_above" ? "above" : "below", sibling);
  forward();
}

export const subsurfaceRelay = defineRelay<SubsurfaceState>({
  table: wl_subsurface,
  version: 1,
  state: () => ({ surface: undefined }),
  requests: {
    destroy: ({ object, forward }) => {
      forward();
      const { surface } = object.state;
      if (surface === undefined) return;
      surface.leaveParent();
      surface.subsurfaceHostId = 0;
    },
    set_position: ({ object, args }) => {
      const [x, y] = (args as number[]).map((value) =>
        Math.max(-MAX_SURFACE_SIDE, Math.min(value, MAX_SURFACE_SIDE)),
      ) as [number, number];
      const { surface } = object.state;
      if (surface !== undefined) surface.nextPosition = { x, y };
    },
    place_above: restack,
    place_below: restack,
    // On the compositor every subsurface stays synchronized: see surfaces/guest-surface.ts.
    set_sync: ({ object }) => {
      if (object.state.surface !== undefined) object.state.surface.sync = true;
    },
    set_desync: ({ client, object }) => {
      const { surface } = object.state;
      if (surface?.desynchronize()) showTree(surface.root, client.own, false);
    },
  },
  events: {},
  returns: (client, object) => {
    const { surface } = object.state;
    if (surface?.parent === undefined) return;
    // The guest may have let go of the wl_subcompositor that it asked. Ours is bound, if it was not, before the new id is given.
    const { subcompositor } = client.own;
    client.objects.giveHostId(object);
    const args = [object.hostId, surface.hostId, surface.parent.hostId];
    client.sendToHost(subcompositor, wl_subcompositor, "get_subsurface", args);
    surface.subsurfaceHostId = object.hostId;
  },
});
