/**
 * zwp_pointer_constraints: the pointer stays on one place, or in one part, of a surface, as the user's policy says (see
 * inhibitors.ts). The compositor holds it only while the surface has it, and lets go of it when the focus moves. Another
 * compositor is asked for the same again.
 */
import {
  zwp_confined_pointer_v1,
  zwp_locked_pointer_v1,
  zwp_pointer_constraints_v1,
} from "../../../wayland/generated/pointer-constraints-unstable-v1.ts";
import { wl_pointer } from "../../../wayland/generated/wayland.ts";
import type { DisplayClient } from "../client.ts";
import { refuse } from "../inert.ts";
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
import { isThere, withMaker } from "../replay.ts";
import { violation } from "../surface-roles.ts";
import type { Region } from "../surfaces/change.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import type { Point } from "../surfaces/rect.ts";
import { liveObject } from "../translate.ts";
import { letGo } from "./inhibitors.ts";
import { fixedPlaceForHost } from "./input-focus.ts";
import { takeRegion, withHostRegion } from "./wl-region.ts";
import { liveSurface } from "./wl-surface.ts";

const PERSISTENT = zwp_pointer_constraints_v1.enums.lifetime?.entries.persistent ?? 2;

/** What was asked for, in the guest's terms; another compositor is asked for the same. */
interface Constraint {
  readonly name: "lock_pointer" | "confine_pointer";
  /** The zwp_pointer_constraints_v1. */
  readonly manager: RelayObject;
  /** Where the pointer is held; its places and regions are counted from the corner that the guest knows. */
  readonly surface: GuestSurface;
  readonly pointer: RelayObject;
  readonly lifetime: number;
}

/** Where on the surface: a region, counted from what was the corner that the compositor knows, which a return does not move. */
interface Area {
  readonly region: Region;
  readonly origin: Point;
}

interface ConstraintState {
  constraint: Constraint | undefined;
  area: Area;
  /** It may come into force, perhaps again. */
  inForce: boolean;
  /** The pointer is held, as the guest knows. */
  isActive: boolean;
}

const ORIGIN: Point = { x: 0, y: 0 };
const EVERYWHERE: Area = { region: undefined, origin: ORIGIN };

/** By surface, the constraints on it: one at a time. */
const constraints = new WeakMap<GuestSurface, RelayObject<ConstraintState>>();

/** lock_pointer or confine_pointer, which make an object of `relay`. */
function constrain(name: Constraint["name"], relay: () => RelayOf<ConstraintState>): RequestRule {
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
    const area = takeArea(client, regionId, surface);
    const constraint = { name, manager: object, surface, pointer, lifetime };
    let made: RelayObject | undefined;
    ask(client, object.hostId, constraint, area, () => {
      made = client.createFromGuest(id, object.version, relay(), object);
      return made.hostId;
    });
    const state = stateOf(relay(), made);
    if (made === undefined || state === undefined) return;
    Object.assign(state, { constraint, area });
    constraints.set(surface, made as RelayObject<ConstraintState>);
  };
}

/** Asks the compositor for it; `newId` gives the id of the object that this makes. */
function ask(client: DisplayClient, manager: number, constraint: Constraint, area: Area, newId: () => number): void {
  const { name, surface, pointer, lifetime } = constraint;
  withHostRegion(client, area.region, area.origin, (hostRegion) => {
    const told = [newId(), surface.hostId, pointer.hostId, hostRegion, lifetime];
    client.sendToHost(manager, zwp_pointer_constraints_v1, name, told);
  });
}

function takeArea(client: DisplayClient, regionId: number, { host }: GuestSurface): Area {
  return { region: takeRegion(client, regionId), origin: host.crop ?? ORIGIN };
}

function setRegion({ client, object, args }: GuestRequest<ConstraintState>): void {
  const { constraint } = object.state;
  if (constraint === undefined) return;
  const area = takeArea(client, args[0] as number, constraint.surface);
  object.state.area = area;
  withHostRegion(client, area.region, area.origin, (hostRegion) => {
    client.sendToHost(object.hostId, object.relay.table, "set_region", [hostRegion]);
  });
}

/** The rules of a constraint, whose events are called `held` and `released`. */
function constraintRules(held: string, released: string) {
  /** The pointer is free; a constraint for one time is over. */
  const letFree = (state: ConstraintState) => {
    state.isActive = false;
    state.inForce = state.constraint?.lifetime === PERSISTENT;
  };
  return {
    version: 1,
    state: (): ConstraintState => ({ constraint: undefined, area: EVERYWHERE, inForce: true, isActive: false }),
    events: {
      [held]: ({ object, forward }: HostEvent<ConstraintState>) => {
        object.state.isActive = true;
        forward();
      },
      [released]: ({ object, forward }: HostEvent<ConstraintState>) => {
        letFree(object.state);
        forward();
      },
    },
    policyChanged: letGo("pointer-lock", released),
    lost: (client: DisplayClient, object: RelayObject<ConstraintState>) => {
      if (object.inert || !object.state.isActive) return;
      letFree(object.state);
      client.sendToGuest(object.guestId, object.relay.table, released, []);
    },
    returns: (client: DisplayClient, object: RelayObject<ConstraintState>) => {
      const { constraint, area, inForce } = object.state;
      if (constraint === undefined || !inForce) return;
      if (constraint.surface.hostId === 0 || !isThere(constraint.pointer)) return;
      withMaker(client, constraint.manager, (manager) =>
        ask(client, manager, constraint, area, () => {
          client.objects.giveHostId(object);
          return object.hostId;
        }),
      );
    },
  };
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
  ...constraintRules("locked", "unlocked"),
  table: zwp_locked_pointer_v1,
  requests: {
    destroy: forward,
    set_cursor_position_hint: ({ object, args, forward }) => {
      const [x, y] = args as [number, number];
      const { constraint } = object.state;
      if (constraint !== undefined) forward(fixedPlaceForHost(constraint.surface, x, y));
    },
    set_region: setRegion,
  },
});

export const confinedPointerRelay = defineRelay<ConstraintState>({
  ...constraintRules("confined", "unconfined"),
  table: zwp_confined_pointer_v1,
  requests: { destroy: forward, set_region: setRegion },
});
