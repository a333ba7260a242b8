/**
 * Hints that a surface gives the compositor: what it shows, how it may be shown, when. None of them gets an app anything
 * that it has not got, so they pass as they are.
 *
 * 1. wp_content_type, wp_tearing_control, wp_alpha_modifier: properties of the surface, applied with its next commit.
 * 2. wp_fifo: a commit may wait until the one before has been shown; it holds up this surface only.
 * 3. wp_commit_timing is in commit-timing.ts: it names moments, and host and guest have clocks of their own.
 */
import { wp_alpha_modifier_surface_v1, wp_alpha_modifier_v1 } from "../../../wayland/generated/alpha-modifier-v1.ts";
import { wp_content_type_manager_v1, wp_content_type_v1 } from "../../../wayland/generated/content-type-v1.ts";
import { wp_fifo_manager_v1, wp_fifo_v1 } from "../../../wayland/generated/fifo-v1.ts";
import { wp_tearing_control_manager_v1, wp_tearing_control_v1 } from "../../../wayland/generated/tearing-control-v1.ts";
import { defineRelay, forward } from "../relay.ts";
import { again } from "../replay.ts";

export const contentTypeManagerRelay = defineRelay({
  table: wp_content_type_manager_v1,
  version: 1,
  requests: { destroy: forward, get_surface_content_type: forward },
  events: {},
});

export const contentTypeRelay = defineRelay({
  table: wp_content_type_v1,
  version: 1,
  requests: { destroy: forward, set_content_type: forward },
  events: {},
  kept: ["set_content_type"],
  returns: again,
});

export const tearingControlManagerRelay = defineRelay({
  table: wp_tearing_control_manager_v1,
  version: 1,
  requests: { destroy: forward, get_tearing_control: forward },
  events: {},
});

export const tearingControlRelay = defineRelay({
  table: wp_tearing_control_v1,
  version: 1,
  requests: { set_presentation_hint: forward, destroy: forward },
  events: {},
  kept: ["set_presentation_hint"],
  returns: again,
});

export const alphaModifierRelay = defineRelay({
  table: wp_alpha_modifier_v1,
  version: 1,
  requests: { destroy: forward, get_surface: forward },
  events: {},
});

export const alphaModifierSurfaceRelay = defineRelay({
  table: wp_alpha_modifier_surface_v1,
  version: 1,
  requests: { destroy: forward, set_multiplier: forward },
  events: {},
  kept: ["set_multiplier"],
  returns: again,
});

export const fifoManagerRelay = defineRelay({
  table: wp_fifo_manager_v1,
  version: 1,
  requests: { destroy: forward, get_fifo: forward },
  events: {},
});

export const fifoRelay = defineRelay({
  table: wp_fifo_v1,
  version: 1,
  requests: { set_barrier: forward, wait_barrier: forward, destroy: forward },
  events: {},
  returns: again,
});
