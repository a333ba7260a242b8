/** wl_compositor, wl_region, wl_subcompositor, wl_subsurface: making surfaces and putting them together. */
import { wl_compositor, wl_region, wl_subcompositor, wl_subsurface } from "../../../wayland/generated/wayland.ts";
import { defineRelay, forward } from "../relay.ts";
import { checkSubsurfaceDepth, useSurface } from "../surface-roles.ts";
import { liveObject } from "../translate.ts";

export const compositorRelay = defineRelay({
  table: wl_compositor,
  version: 6,
  requests: { create_surface: forward, create_region: forward },
  events: {},
});

export const regionRelay = defineRelay({
  table: wl_region,
  version: 1,
  requests: { destroy: forward, add: forward, subtract: forward },
  events: {},
});

export const subcompositorRelay = defineRelay({
  table: wl_subcompositor,
  version: 1,
  requests: {
    destroy: forward,
    get_subsurface: ({ client, object, args, forward }) => {
      const surface = liveObject(client, args[1] as number, "wl_surface");
      checkSubsurfaceDepth(surface, liveObject(client, args[2] as number, "wl_surface"), object);
      const [made] = forward();
      useSurface(surface, "wl_subsurface", made);
    },
  },
  events: {},
});

export const subsurfaceRelay = defineRelay({
  table: wl_subsurface,
  version: 1,
  requests: {
    destroy: forward,
    set_position: forward,
    place_above: forward,
    place_below: forward,
    set_sync: forward,
    set_desync: forward,
  },
  events: {},
});
