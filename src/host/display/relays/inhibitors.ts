/**
 * What takes something from the desktop for a while, each only as the user's policy says: the keys that the desktop keeps for
 * itself, the right to go dark; and the pointer (pointer-constraints.ts).
 *
 * 1. An app that may not is not told so: these protocols know no refusal, only an effect that does not come. The object
 *    it asked for exists here alone, and never becomes active.
 * 2. zwp_keyboard_shortcuts_inhibit: off unless the user allows it. zwp_idle_inhibit: counts only while the surface can be
 *    seen.
 */
import {
  zwp_idle_inhibit_manager_v1,
  zwp_idle_inhibitor_v1,
} from "../../../wayland/generated/idle-inhibit-unstable-v1.ts";
import {
  zwp_keyboard_shortcuts_inhibit_manager_v1,
  zwp_keyboard_shortcuts_inhibitor_v1,
} from "../../../wayland/generated/keyboard-shortcuts-inhibit-unstable-v1.ts";
import type { Topic } from "../../policy/topics.ts";
import type { DisplayClient } from "../client.ts";
import { refuse, sever } from "../inert.ts";
import { permitted } from "../policy.ts";
import { defineRelay, forward, type RelayObject, type RequestRule } from "../relay.ts";
import { again, endsBy } from "../replay.ts";
import { errorCode, onlyOne } from "../surface-roles.ts";

/** Passes on a request for an object, or makes one without effect where the policy forbids it. */
function ifPermitted(topic: Topic): RequestRule {
  return (request) => {
    if (permitted(request.client, topic)) request.forward();
    else refuse(request);
  };
}

/** Lets go of what an app holds when the policy no longer allows it; `told` is the event by which it learns that. */
export function letGo(topic: Topic, told?: string): (client: DisplayClient, object: RelayObject) => void {
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
