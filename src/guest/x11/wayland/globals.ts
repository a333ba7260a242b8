/**
 * What Xwayland may see of the display, each with its reason. Anything else it does not need, or it would be taken for
 * something that only a compositor's own Xwayland may do.
 */
const GLOBALS: readonly (readonly [interfaceName: string, reason: string])[] = [
  ["wl_compositor", "surfaces for X windows and cursors"],
  ["wl_shm", "their pixels"],
  ["wl_output", "the X screen"],
  ["zxdg_output_manager_v1", "the X screen in logical pixels"],
  ["wl_seat", "input"],
  ["zwp_relative_pointer_manager_v1", "motion for games that hold the pointer"],
  ["zwp_pointer_constraints_v1", "games that hold the pointer"],
  ["zwp_pointer_gestures_v1", "touchpads"],
  ["zwp_tablet_manager_v2", "pens"],
  ["wp_viewporter", "programs that change the resolution of the screen"],
  ["wp_tearing_control_manager_v1", "games that want latency before looks"],
];

export const XWAYLAND_GLOBALS: ReadonlySet<string> = new Set(GLOBALS.map(([name]) => name));
