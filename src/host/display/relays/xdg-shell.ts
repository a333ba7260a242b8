/**
 * xdg_wm_base and xdg_surface: what windows and popups have in common. The compositor's window is the guest's with a
 * frame around it (frame/); sizes and places are translated on the way.
 */
import { wl_surface } from "../../../wayland/generated/wayland.ts";
import { xdg_surface, xdg_wm_base } from "../../../wayland/generated/xdg-shell.ts";
import type { DisplayClient } from "../client.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import { checkFreeForWindow, checkRoleGone, errorCode, useSurface, violation } from "../surface-roles.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { showTree } from "../surfaces/show.ts";
import { liveObject } from "../translate.ts";
import { acknowledge, checkBlank, checkShellUnused, countOnShell, noteConfigure } from "./xdg-order.ts";
import { becomePopup, positionerRelay } from "./xdg-popup.ts";
import { checkBounds, XDG_VERSION, type XdgSurfaceState } from "./xdg-surface-state.ts";
import { becomeToplevel, toplevelAcknowledges, toplevelChoosesSize, toplevelConfigured } from "./xdg-toplevel.ts";

export const wmBaseRelay = defineRelay({
  table: xdg_wm_base,
  version: XDG_VERSION,
  requests: {
    destroy: ({ object, forward }) => {
      checkShellUnused(object);
      forward();
    },
    create_positioner: ({ client, object, args }) => {
      client.createFromGuest(args[0] as number, object.version, positionerRelay, object);
    },
    get_xdg_surface: ({ client, object, args, forward }) => {
      const surfaceObject = liveObject(client, args[1] as number, wl_surface.name) as RelayObject<GuestSurface>;
      checkFreeForWindow(surfaceObject, object);
      checkBlank(surfaceObject.state, object);
      surfaceObject.state.takeRole("window", object.guestId, errorCode(xdg_wm_base, "role"));
      const [made] = forward();
      useSurface(surfaceObject, "xdg_surface", made);
      countOnShell(object, 1);
      const state = stateOf(xdgSurfaceRelay, made);
      if (state !== undefined) state.surface = surfaceObject.state;
    },
    pong: forward,
  },
  events: { ping: forward },
});

/** Takes part in the creation of a toplevel or popup: the surface, which must be free for it. */
function surfaceForRole({ object }: GuestRequest<XdgSurfaceState>, kind: "toplevel" | "popup"): GuestSurface {
  const { surface } = object.state;
  if (surface?.frame !== undefined) throw violation(object, xdg_surface, "already_constructed", "has a role already");
  if (surface === undefined) throw violation(object, xdg_surface, "not_constructed", "the surface is gone");
  if ((surface.windowKind ?? kind) !== kind)
    throw violation(object.state.shell ?? object, xdg_wm_base, "role", `the surface was a ${surface.windowKind}`);
  surface.windowKind = kind;
  return surface;
}

/** The state of an xdg_surface that is a window or popup already. */
function constructed(object: RelayObject<XdgSurfaceState>): XdgSurfaceState {
  if (object.state.role !== undefined) return object.state;
  throw violation(object, xdg_surface, "not_constructed", "is no window and no popup");
}

/**
 * A window is back, and the compositor may be shown what it showed before, while the app still thinks about its new size: as
 * if the app had acknowledged `serial` already; when it does so itself, that comes to nothing. Not where the size is the
 * compositor's to say.
 */
function showReturned(client: DisplayClient, object: RelayObject<XdgSurfaceState>, serial: number): void {
  const { state } = object;
  if (!state.returning || !toplevelChoosesSize(state.role)) return;
  acknowledge(state, serial);
  toplevelAcknowledges(state.role, serial);
  client.sendToHost(object.hostId, xdg_surface, "ack_configure", [serial]);
  if (state.surface?.size !== undefined) showTree(state.surface, client.own, true);
  state.returning = false;
}

export const xdgSurfaceRelay = defineRelay<XdgSurfaceState>({
  table: xdg_surface,
  version: XDG_VERSION,
  state: (_client, by) => ({
    shell: by,
    surface: undefined,
    role: undefined,
    frame: undefined,
    serials: [],
    returning: false,
  }),
  requests: {
    destroy: ({ object, forward }) => {
      checkRoleGone(object);
      forward();
    },
    get_toplevel: (request) => becomeToplevel(request, surfaceForRole(request, "toplevel")),
    get_popup: (request) => becomePopup(request, surfaceForRole(request, "popup")),
    set_window_geometry: (request) => {
      checkBounds(request);
      const [x, y, width, height] = request.args as [number, number, number, number];
      if (width <= 0 || height <= 0) {
        const text = `${width}x${height}, at least 1x1 wanted`;
        throw violation(request.object, xdg_surface, "invalid_size", text);
      }
      const { surface } = constructed(request.object);
      if (surface !== undefined) surface.pending.geometry = { x, y, width, height };
    },
    ack_configure: ({ client, object, args, forward }) => {
      const state = constructed(object);
      const isNew = acknowledge(state, args[0] as number);
      if (!toplevelAcknowledges(state.role, args[0] as number) || !isNew) return;
      forward();
      if (!state.returning) return;
      if (state.surface?.size !== undefined) showTree(state.surface, client.own, true);
      state.returning = false;
    },
  },
  events: {
    configure: ({ client, object, args, forward }) => {
      noteConfigure(object.state, args[0] as number);
      toplevelConfigured(client, object.state.role, args[0] as number);
      forward();
      showReturned(client, object, args[0] as number);
    },
  },
  returns: (client, object) => {
    object.state.serials.length = 0;
    again(client, object);
  },
  destroyed: (_client, object) => countOnShell(object.state.shell, -1),
});
