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
import { wl_pointer } from "../../../wayland/generated/wayland.ts";
import type { Topic } from "../../policy/topics.ts";
import type { DisplayClient } from "../client.ts";
import { refuse, sever } from "../inert.ts";
import { permitted } from "../policy.ts";
import {
  defineRelay,
  forward,
  type GuestRequest,
  type HostEvent,
  type RelayObject,
  type RelayOf,
  type RequestRule,
  stateOf,
} from "../relay.ts";
import { again, endsBy } from "../replay.ts";
import { errorCode, onlyOne, violation } from "../surface-roles.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { liveObject } from "../translate.ts";
import { fixedPlaceForHost } from "./input-focus.ts";
import { withHostRegion } from "./wl-region.ts";
import { liveSurface } from "./wl-surface.ts";

/** Passes on a request for an object, or makes one without effect where the policy forbids it. */
function ifPermitted(topic: Topic): RequestRule {
  return (request) => {
    if (permitted(request.client, topic)) request.forward();
    else refuse(request);
  };
}

/** Lets go of what an app holds when the policy no longer allows it; `told` is the event by which it learns that. */
function letGo(topic: Topic, told?: string): (client: DisplayClient, object: RelayObject) => void {
  return (client, object) => {
    if (object.inert || client.context.policy.decide(topic) === "allow") return;
    sever(client, object);
    if (told !== undefined) client.sendToGuest(object.guestId, object.relay.table, told, []);
  };
}

export const idleInhibitManagerRelay = defineRelay({
  table: zwp_idle_inhibit_manager_v1,
  version: 1,
  requests: { destroy: forward, create_inhibitor: ifPermitted("idle-inhibit") },
  events: {},
});

export const idleInhibitorRelay = defineRelay({
  table: zwp_idle_inhibitor_v1,
  version: 1,
  requests: { destroy: forward },
  events: {},
  policyChanged: letGo("idle-inhibit"),
  returns: again,
});

const inhibitOnce = onlyOne(errorCode(zwp_keyboard_shortcuts_inhibit_manager_v1, "already_inhibited"));

export const shortcutsInhibitManagerRelay = defineRelay({
  table: zwp_keyboard_shortcuts_inhibit_manager_v1,
  version: 1,
  requests: {
    destroy: forward,
    inhibit_shortcuts: (request) => {
      if (permitted(request.client, "shortcuts-inhibit")) inhibitOnce(request);
      else refuse(request);
    },
  },
  events: {},
});

export const shortcutsInhibitorRelay = defineRelay({
  table: zwp_keyboard_shortcuts_inhibitor_v1,
  version: 1,
  requests: { destroy: forward },
  events: { active: forward, inactive: forward },
  policyChanged: letGo("shortcuts-inhibit", "inactive"),
  lost: endsBy("inactive"),
  returns: again,
});

const PERSISTENT = zwp_pointer_constraints_v1.enums.lifetime?.entries.persistent ?? 2;

interface ConstraintState {
  /** Where the pointer is held; its places and regions are counted from the corner that the guest knows. */
  surface: GuestSurface | undefined;
  isPersistent: boolean;
  /** It may come into force, perhaps again. */
  inForce: boolean;
}

/** By surface, the constraints on it: one at a time. */
const constraints = new WeakMap<GuestSurface, RelayObject<ConstraintState>>();

/** The compositor has let go of the pointer; a constraint for one time is over. */
function released({ object, forward }: HostEvent<ConstraintState>): void {
  object.state.inForce = object.state.isPersistent;
  forward();
}

/** lock_pointer or confine_pointer, which make an object of `relay`. */
function constrain(name: "lock_pointer" | "confine_pointer", relay: () => RelayOf<ConstraintState>): RequestRule {
  return (request) => {
    const { client, object, args } = request;
    const [id, surfaceId, pointerId, regionId, lifetime] = args as [number, number, number, number, number];
    const surface = liveSurface(client, surfaceId);
    const pointer = liveObject(client, pointerId, wl_pointer.name);
    const before = constraints.get(surface);
    if (before?.alive && !before.inert && before.state.inForce)
      throw violation(object, zwp_pointer_constraints_v1, "already_constrained", `surface ${surfaceId} has one`);
    if (!permitted(client, "pointer-lock")) {
      refuse(request);
      return;
    }
    withHostRegion(client, regionId, surface, (hostRegion) => {
      const made = client.createFromGuest(id, object.version, relay(), object);
      const state = stateOf(relay(), made);
      if (state !== undefined) {
        state.surface = surface;
        state.isPersistent = lifetime === PERSISTENT;
        constraints.set(surface, made as RelayObject<ConstraintState>);
      }
      const told = [made.hostId, surface.hostId, pointer.hostId, hostRegion, lifetime];
      client.sendToHost(object.hostId, zwp_pointer_constraints_v1, name, told);
    });
  };
}

function setRegion({ client, object, args }: GuestRequest<ConstraintState>): void {
  const { surface } = object.state;
  if (surface === undefined) return;
  withHostRegion(client, args[0] as number, surface, (hostRegion) => {
    client.sendToHost(object.hostId, object.relay.table, "set_region", [hostRegion]);
  });
}

export const pointerConstraintsRelay = defineRelay({
  table: zwp_pointer_constraints_v1,
  version: 1,
  requests: {
    destroy: forward,
    lock_pointer: constrain("lock_pointer", () => lockedPointerRelay),
    confine_pointer: constrain("confine_pointer", () => confinedPointerRelay),
  },
  events: {},
});

export const lockedPointerRelay = defineRelay<ConstraintState>({
  table: zwp_locked_pointer_v1,
  version: 1,
  state: () => ({ surface: undefined, isPersistent: false, inForce: true }),
  requests: {
    destroy: forward,
    set_cursor_position_hint: ({ object, args, forward }) => {
      const [x, y] = args as [number, number];
      const { surface } = object.state;
      if (surface !== undefined) forward(fixedPlaceForHost(surface, x, y));
    },
    set_region: setRegion,
  },
  events: { locked: forward, unlocked: released },
  policyChanged: letGo("pointer-lock", "unlocked"),
  lost: endsBy("unlocked"),
});

export const confinedPointerRelay = defineRelay<ConstraintState>({
  table: zwp_confined_pointer_v1,
  version: 1,
  state: () => ({ surface: undefined, isPersistent: false, inForce: true }),
  requests: { destroy: forward, set_region: setRegion },
  events: { confined: forward, unconfined: released },
  policyChanged: letGo("pointer-lock", "unconfined"),
  lost: endsBy("unconfined"),
});
