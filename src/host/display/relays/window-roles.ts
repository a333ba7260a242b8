/**
 * What windows are to each other and to the desktop: modal dialogs, tags by which a session finds a window again, the
 * bell, and windows that hang on a drag (a tab torn off).
 *
 * 1. xdg_wm_dialog: a dialog keeps its own parent waiting; parents are windows of the same app.
 * 2. xdg_toplevel_tag: the tag is for rules and sessions, the description for people. Both get the sandbox's name.
 * 3. xdg_system_bell: a sound or a flash; at most {@link MAX_BELLS_PER_SECOND} of one sandbox.
 * 4. xdg_toplevel_drag: the window follows the pointer while the app's own drag lasts, which began with a press that
 *    the app was given.
 */
import { xdg_dialog_v1, xdg_wm_dialog_v1 } from "../../../wayland/generated/xdg-dialog-v1.ts";
import { xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import { xdg_system_bell_v1 } from "../../../wayland/generated/xdg-system-bell-v1.ts";
import { xdg_toplevel_drag_manager_v1, xdg_toplevel_drag_v1 } from "../../../wayland/generated/xdg-toplevel-drag-v1.ts";
import { xdg_toplevel_tag_manager_v1 } from "../../../wayland/generated/xdg-toplevel-tag-v1.ts";
import { perSandbox } from "../context.ts";
import { hostAppId, hostDescription } from "../identity.ts";
import { MAX_BELLS_PER_SECOND, MAX_SURFACE_SIDE } from "../limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { RateLimit } from "../rate-limit.ts";
import { defineRelay, forward, type RequestRule, stateOf } from "../relay.ts";
import { again, remember, withMaker } from "../replay.ts";
import { heldObject, liveObject } from "../translate.ts";
import { placeForHost } from "./input-focus.ts";
import { toplevelRelay } from "./xdg-toplevel.ts";

const bell = perSandbox(() => new RateLimit(MAX_BELLS_PER_SECOND, 1000));

export const dialogManagerRelay = defineRelay({
  table: xdg_wm_dialog_v1,
  version: 1,
  requests: { destroy: forward, get_xdg_dialog: forward },
  events: {},
});

export const dialogRelay = defineRelay({
  table: xdg_dialog_v1,
  version: 1,
  requests: { destroy: forward, set_modal: forward, unset_modal: forward },
  events: {},
  kept: ["set_modal", "unset_modal"],
  returns: again,
});

/** A window gets a name, which is made ours by `rewrite` and told to another compositor as well. */
function naming(rewrite: (sandbox: string, name: string) => string): RequestRule {
  return ({ client, object, message, args, forward }) => {
    const [toplevelId, guestName] = args as [number, string];
    const toplevel = heldObject(client, toplevelId, xdg_toplevel.name);
    const name = rewrite(client.context.sandbox, guestName);
    forward([toplevelId, name]);
    remember(toplevel, message.name, () =>
      withMaker(client, object, (hostId) =>
        client.sendToHost(hostId, object.relay.table, message.name, [toplevel.hostId, name]),
      ),
    );
  };
}

export const toplevelTagManagerRelay = defineRelay({
  table: xdg_toplevel_tag_manager_v1,
  version: 1,
  requests: {
    destroy: forward,
    set_toplevel_tag: naming(hostAppId),
    set_toplevel_description: naming(hostDescription),
  },
  events: {},
});

export const systemBellRelay = defineRelay({
  table: xdg_system_bell_v1,
  version: 1,
  requests: {
    destroy: forward,
    ring: ({ client, forward }) => {
      if (bell(client.context).take()) forward();
    },
  },
  events: {},
});

export const toplevelDragManagerRelay = defineRelay({
  table: xdg_toplevel_drag_manager_v1,
  version: 1,
  requests: { destroy: forward, get_xdg_toplevel_drag: forward },
  events: {},
});

export const toplevelDragRelay = defineRelay({
  table: xdg_toplevel_drag_v1,
  version: 1,
  requests: {
    destroy: forward,
    attach: ({ client, object, args, forward }) => {
      const [toplevelId, x, y] = args as [number, number, number];
      if (Math.max(Math.abs(x), Math.abs(y)) > MAX_SURFACE_SIDE) {
        const text = `attach at ${x},${y}, at most ${MAX_SURFACE_SIDE} wanted`;
        throw new ProtocolViolation(object.guestId, WL_DISPLAY_ERROR.invalidMethod, text);
      }
      const window = stateOf(toplevelRelay, liveObject(client, toplevelId))?.window;
      if (window !== undefined) forward([toplevelId, ...placeForHost(window.surface, x, y)]);
    },
  },
  events: {},
});
