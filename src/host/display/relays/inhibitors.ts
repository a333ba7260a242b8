/**
 * What takes something from the desktop for a while, each only as the user's policy says: the pointer, the keys that the
 * desktop keeps for itself, the right to go dark.
 *
 * 1. An app that may not is not told so: these protocols know no refusal, only an effect that does not come. The object
 *    it asked for exists here alone, and never becomes active.
 * 2. zwp_pointer_constraints: the compositor holds the pointer only while the surface has it, and lets go of it when the
 *    focus moves. zwp_keyboard_shortcuts_inhibit: off unless the user allows it. zwp_idle_inhibit: counts only while the
 *    surface can be seen.
 */
import {
  zwp_idle_inhibit_manager_v1,
  zwp_idle_inhibitor_v1,
} from "../../../wayland/generated/idle-inhibit-unstable-v1.ts";
import {
  zwp_keyboard_shortcuts_inhibit_manager_v1,
  zwp_keyboard_shortcuts_inhibitor_v1,
} from "../../../wayland/generated/keyboard-shortcuts-inhibit-unstable-v1.ts";
import {
  zwp_confined_pointer_v1,
  zwp_locked_pointer_v1,
  zwp_pointer_constraints_v1,
} from "../../../wayland/generated/pointer-constraints-unstable-v1.ts";
import { type DisplayPermission, permitted } from "../policy.ts";
import { defineRelay, forward, type Relay, type RequestRule } from "../relay.ts";

/** Passes on a request for an object, or makes one without effect of `relay` where the policy forbids it. */
function ifPermitted(permission: DisplayPermission, relay: () => Relay): RequestRule {
  return ({ client, object, args, forward }) => {
    if (permitted(client, permission)) forward();
    else client.createFromGuest(args[0] as number, object.version, relay(), object, true);
  };
}

export const idleInhibitManagerRelay = defineRelay({
  table: zwp_idle_inhibit_manager_v1,
  version: 1,
  requests: { destroy: forward, create_inhibitor: ifPermitted("idle-inhibit", () => idleInhibitorRelay) },
  events: {},
});

export const idleInhibitorRelay = defineRelay({
  table: zwp_idle_inhibitor_v1,
  version: 1,
  requests: { destroy: forward },
  events: {},
});

export const shortcutsInhibitManagerRelay = defineRelay({
  table: zwp_keyboard_shortcuts_inhibit_manager_v1,
  version: 1,
  requests: { destroy: forward, inhibit_shortcuts: ifPermitted("shortcuts-inhibit", () => shortcutsInhibitorRelay) },
  events: {},
});

export const shortcutsInhibitorRelay = defineRelay({
  table: zwp_keyboard_shortcuts_inhibitor_v1,
  version: 1,
  requests: { destroy: forward },
  events: { active: forward, inactive: forward },
});

export const pointerConstraintsRelay = defineRelay({
  table: zwp_pointer_constraints_v1,
  version: 1,
  requests: {
    destroy: forward,
    lock_pointer: ifPermitted("pointer-lock", () => lockedPointerRelay),
    confine_pointer: ifPermitted("pointer-lock", () => confinedPointerRelay),
  },
  events: {},
});

export const lockedPointerRelay = defineRelay({
  table: zwp_locked_pointer_v1,
  version: 1,
  requests: { destroy: forward, set_cursor_position_hint: forward, set_region: forward },
  events: { locked: forward, unlocked: forward },
});

export const confinedPointerRelay = defineRelay({
  table: zwp_confined_pointer_v1,
  version: 1,
  requests: { destroy: forward, set_region: forward },
  events: { confined: forward, unconfined: forward },
});
