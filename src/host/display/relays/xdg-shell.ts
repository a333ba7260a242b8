/** xdg_wm_base: windows, popups and where popups stand. Names are rewritten; everything else is the compositor's to judge. */
import {
  xdg_popup,
  xdg_positioner,
  xdg_surface,
  xdg_toplevel,
  xdg_wm_base,
} from "../../../wayland/generated/xdg-shell.ts";
import type { Value } from "../../../wayland/types.ts";
import type { DisplayClient } from "../client.ts";
import {
  configureFullscreen,
  type FullscreenEvent,
  type FullscreenState,
  stepFullscreen,
  WINDOWED,
} from "../fullscreen.ts";
import { hostAppId, hostTitle } from "../identity.ts";
import { ifSerialGiven } from "../input-serials.ts";
import { MAX_SURFACE_SIDE } from "../limits.ts";
import { verdictOn } from "../policy.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import {
  checkFreeForWindow,
  checkPopupParent,
  checkRoleGone,
  checkUndecorated,
  setWindowParent,
  useAsRole,
  useSurface,
  violation,
  windowGone,
} from "../surface-roles.ts";
import { liveObject } from "../translate.ts";
import { surfaceIsWindow } from "./wl-surface.ts";

interface XdgSurfaceState {
  /** The xdg_wm_base that made it: errors of popups are errors of that. */
  readonly shell: RelayObject | undefined;
  surface: RelayObject | undefined;
}
interface ToplevelState {
  surface: RelayObject | undefined;
  fullscreen: FullscreenState;
}

const XDG_VERSION = 7;

/** Refuses sizes and places that no screen has: compositors calculate with them in 32 bits. */
function bounded(request: GuestRequest<unknown>): void {
  for (const value of request.args) {
    if (typeof value === "number" && Math.abs(value) > MAX_SURFACE_SIDE) {
      const text = `${request.message.name} with ${value}, at most ${MAX_SURFACE_SIDE} wanted`;
      throw new ProtocolViolation(request.object.guestId, WL_DISPLAY_ERROR.invalidMethod, text);
    }
  }
  request.forward();
}

/** A largest or smallest size; toolkits say "no bound" with numbers of their own, which are cut to what we allow. */
function windowSize(request: GuestRequest<unknown>): void {
  const sizes = request.args as readonly number[];
  if (sizes.some((side) => side < 0)) throw violation(request.object, xdg_toplevel, "invalid_size", "a negative size");
  request.forward(sizes.map((side) => Math.min(side, MAX_SURFACE_SIDE)));
}

export const wmBaseRelay = defineRelay({
  table: xdg_wm_base,
  version: XDG_VERSION,
  requests: {
    destroy: forward,
    create_positioner: forward,
    get_xdg_surface: ({ client, object, args, forward }) => {
      const surface = liveObject(client, args[1] as number, "wl_surface");
      checkFreeForWindow(surface, object);
      const [made] = forward();
      useSurface(surface, "xdg_surface", made);
      const state = stateOf(xdgSurfaceRelay, made);
      if (state !== undefined) state.surface = surface;
    },
    pong: forward,
  },
  events: { ping: forward },
});

export const positionerRelay = defineRelay({
  table: xdg_positioner,
  version: XDG_VERSION,
  requests: {
    destroy: forward,
    set_size: bounded,
    set_anchor_rect: bounded,
    set_anchor: forward,
    set_gravity: forward,
    set_constraint_adjustment: forward,
    set_offset: bounded,
    set_reactive: forward,
    set_parent_size: bounded,
    set_parent_configure: forward,
  },
  events: {},
});

export const xdgSurfaceRelay = defineRelay<XdgSurfaceState>({
  table: xdg_surface,
  version: XDG_VERSION,
  state: (_client, shell) => ({ shell, surface: undefined }),
  requests: {
    destroy: ({ object, forward }) => {
      checkRoleGone(object);
      forward();
    },
    get_toplevel: ({ client, object, forward }) => {
      const [made] = forward();
      useAsRole(object, made);
      const state = stateOf(toplevelRelay, made);
      if (made === undefined || state === undefined) return;
      state.surface = object.state.surface;
      surfaceIsWindow(client, state.surface, true);
      // A window is never without a name of ours, even when the app gives none.
      client.sendToHost(made.hostId, xdg_toplevel, "set_app_id", [hostAppId(client.context.sandbox, "")]);
    },
    get_popup: ({ client, object, args, forward }) => {
      const parent = args[1] === 0 ? undefined : liveObject(client, args[1] as number, "xdg_surface");
      checkPopupParent(object, parent, object.state.shell ?? object);
      const [made] = forward();
      useAsRole(object, made);
    },
    set_window_geometry: (request) => {
      const [, , width, height] = request.args as number[];
      if ((width ?? 0) < 1 || (height ?? 0) < 1) {
        throw violation(request.object, xdg_surface, "invalid_size", `${width}x${height}, at least 1x1 wanted`);
      }
      bounded(request);
    },
    ack_configure: forward,
  },
  events: { configure: forward },
});

/** A request or a change that is about filling the screen; see fullscreen.ts. */
function fullscreen(client: DisplayClient, object: RelayObject<ToplevelState>, event: FullscreenEvent): void {
  const { state, send } = stepFullscreen(object.state.fullscreen, event);
  object.state.fullscreen = state;
  for (const name of send) {
    // The output that an app names is not passed on: the compositor takes the one that the window is on.
    client.sendToHost(object.hostId, xdg_toplevel, name, name === "set_fullscreen" ? [0] : []);
  }
}

/** The states of a configure event, as the app is to see them. */
function toldStates(object: RelayObject<ToplevelState>, states: Value | undefined): Uint8Array {
  const bytes = (states as Uint8Array).slice();
  const told = configureFullscreen(object.state.fullscreen, [...new Uint32Array(bytes.buffer, 0, bytes.length >> 2)]);
  object.state.fullscreen = told.state;
  return new Uint8Array(new Uint32Array(told.states).buffer);
}

export const toplevelRelay = defineRelay<ToplevelState>({
  table: xdg_toplevel,
  version: XDG_VERSION,
  state: () => ({ surface: undefined, fullscreen: WINDOWED }),
  requests: {
    destroy: ({ object, forward }) => {
      checkUndecorated(object);
      forward();
    },
    set_parent: ({ client, object, args, forward }) => {
      setWindowParent(object, args[0] === 0 ? undefined : liveObject(client, args[0] as number, "xdg_toplevel"));
      forward();
    },
    set_title: ({ args, forward }) => forward([hostTitle(args[0] as string)]),
    set_app_id: ({ client, args, forward }) => forward([hostAppId(client.context.sandbox, args[0] as string)]),
    show_window_menu: ifSerialGiven(1),
    move: ifSerialGiven(1),
    resize: ifSerialGiven(1),
    set_max_size: windowSize,
    set_min_size: windowSize,
    set_maximized: ({ client, object }) => fullscreen(client, object, { kind: "set-maximized" }),
    unset_maximized: ({ client, object }) => fullscreen(client, object, { kind: "unset-maximized" }),
    set_fullscreen: ({ client, object }) =>
      fullscreen(client, object, { kind: "set-fullscreen", verdict: verdictOn(client, "fullscreen") }),
    unset_fullscreen: ({ client, object }) => fullscreen(client, object, { kind: "unset-fullscreen" }),
    set_minimized: forward,
  },
  events: {
    configure: ({ object, args, forward }) => forward([...args.slice(0, 2), toldStates(object, args[2])]),
    close: forward,
    configure_bounds: forward,
    wm_capabilities: forward,
  },
  policyChanged: (client, object) =>
    fullscreen(client, object, { kind: "policy-changed", verdict: client.context.policy.decide("fullscreen") }),
  destroyed: (client, object) => {
    windowGone(object);
    surfaceIsWindow(client, object.state.surface, false);
  },
});

export const popupRelay = defineRelay({
  table: xdg_popup,
  version: XDG_VERSION,
  requests: {
    destroy: forward,
    grab: ({ client, object, args, forward }) => {
      if (client.serials.has(args[1] as number)) forward();
      // A grab that is denied ends the popup: without it the user could not close it.
      else client.sendToGuest(object.guestId, xdg_popup, "popup_done", []);
    },
    reposition: forward,
  },
  events: { configure: forward, popup_done: forward, repositioned: forward },
});
