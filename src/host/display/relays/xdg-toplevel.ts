/** xdg_toplevel: a window. Names are rewritten, sizes translated; the rest is the compositor's to judge. */
import { wl_surface } from "../../../wayland/generated/wayland.ts";
import { xdg_surface, xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import type { DisplayClient } from "../client.ts";
import type { Insets } from "../frame/measures.ts";
import { type Configuration, ToplevelConfigure } from "../frame/toplevel-configure.ts";
import { WindowFrame } from "../frame/window-frame.ts";
import {
  configureFullscreen,
  type FullscreenEvent,
  type FullscreenState,
  resumeFullscreen,
  stepFullscreen,
  WINDOWED,
} from "../fullscreen.ts";
import { hostAppId, hostTitle } from "../identity.ts";
import { ifSerialGiven } from "../input-serials.ts";
import { MAX_SURFACE_SIDE } from "../limits.ts";
import { verdictOn } from "../policy.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import type { ShownWindow } from "../shown-windows.ts";
import { checkUndecorated, setWindowParent, useAsRole, violation, windowGone, windowParent } from "../surface-roles.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { type Size, sameSize } from "../surfaces/rect.ts";
import { showTree } from "../surfaces/show.ts";
import { liveObject } from "../translate.ts";
import { placeForHost } from "./input-focus.ts";
import { screenSize } from "./screen-size.ts";
import { TitleBar } from "./title-bar.ts";
import { actOnWindow, buttonsOf } from "./window-acts.ts";
import { activateWindow } from "./xdg-activation.ts";
import { commitOnce, cutTies, dismissPopups } from "./xdg-order.ts";
import { roleEnded, XDG_VERSION, type XdgSurfaceState } from "./xdg-surface-state.ts";

const NO_LIMIT: Size = { width: 0, height: 0 };
const SET_APP_ID = xdg_toplevel.requests.findIndex(({ name }) => name === "set_app_id");

export interface ToplevelState {
  /** All of the following is set as soon as the object exists. */
  window: ToplevelWindow | undefined;
  fullscreen: FullscreenState;
  /** The screen that it wants to fill, as the guest calls it; 0: any. */
  screen: number;
  /** Made harmless. */
  title: string;
  /** What the compositor can do (xdg_toplevel.wm_capabilities); undefined when it has not said. */
  capabilities: readonly number[] | undefined;
}

export interface ToplevelWindow extends ShownWindow {
  readonly xdgSurface: RelayObject<XdgSurfaceState>;
  readonly surface: GuestSurface;
  /** What stands on the compositor's side: with another one all of it is made anew. */
  frame: WindowFrame;
  configure: ToplevelConfigure;
  titleBar: TitleBar;
  /** What the guest wants, and what the compositor was told last. */
  readonly limits: Record<"set_min_size" | "set_max_size", { guest: Size; host: Size }>;
  hasContent: boolean;
}

/** xdg_surface.get_toplevel. */
export function becomeToplevel(request: GuestRequest<XdgSurfaceState>, surface: GuestSurface): void {
  const { client, object } = request;
  const [toplevel] = request.forward();
  const state = stateOf(toplevelRelay, toplevel);
  if (toplevel === undefined || state === undefined) return;
  state.window = {
    ...hostWindow(client, toplevel as RelayObject<ToplevelState>, object, surface),
    xdgSurface: object,
    surface,
    limits: {
      set_min_size: { guest: NO_LIMIT, host: NO_LIMIT },
      set_max_size: { guest: NO_LIMIT, host: NO_LIMIT },
    },
    hasContent: false,
    activate: (hostToken) => activateWindow(client, surface, hostToken),
  };
  useAsRole(object, toplevel);
  object.state.role = toplevel;
  nameWindow(client, toplevel);
}

/** A window is never without a name of ours, even when the app gives none. */
function nameWindow(client: DisplayClient, toplevel: RelayObject): void {
  client.sendToHost(toplevel.hostId, xdg_toplevel, "set_app_id", [hostAppId(client.context.sandbox, "")]);
}

/** What stands around a window that the compositor has just been asked for. */
function hostWindow(
  client: DisplayClient,
  toplevel: RelayObject<ToplevelState>,
  object: RelayObject<XdgSurfaceState>,
  surface: GuestSurface,
): Pick<ToplevelWindow, "frame" | "configure" | "titleBar"> {
  const { own } = client;
  const { state } = toplevel;
  own.prepareFrames();
  const configure = new ToplevelConfigure(toplevel.version, own.decorationManager === undefined ? "frame" : "guest");
  const frame = new WindowFrame(own, {
    surfaceHostId: surface.hostId,
    xdgSurfaceHostId: object.hostId,
    colour: client.context.colour,
    look: () => configure.look,
    room: () => atLeast(configure.room, state.window?.limits.set_min_size.guest ?? NO_LIMIT),
    titleBar: () => ({ name: client.context.sandbox, title: state.title, buttons: buttonsOf(state.capabilities) }),
    committing: (visible, insets) => committing(client, toplevel, visible !== undefined, insets),
    refresh: () => {
      showTree(surface, own, true);
      // It may be a while until something else is sent.
      client.flush();
    },
    act: (act) => actOnWindow(client, toplevel, configure.isMaximized, act),
  });
  surface.frame = frame;
  object.state.frame = frame;
  return { frame, configure, titleBar: new TitleBar(client, surface, toplevel.hostId, configure) };
}

/** Another compositor is there. What it had been told before its first configure event it is told now. */
function windowReturns(client: DisplayClient, toplevel: RelayObject<ToplevelState>): void {
  const { window, fullscreen } = toplevel.state;
  if (!again(client, toplevel) || window === undefined) return;
  const { xdgSurface, surface, limits } = window;
  xdgSurface.state.returning = window.frame.committed;
  Object.assign(window, hostWindow(client, toplevel, xdgSurface, surface));
  for (const limit of Object.values(limits)) limit.host = NO_LIMIT;
  if (!toplevel.kept?.has(SET_APP_ID)) nameWindow(client, toplevel);
  for (const name of resumeFullscreen(fullscreen))
    client.sendToHost(toplevel.hostId, xdg_toplevel, name, name === "set_fullscreen" ? [0] : []);
}

/** The room for a window that cannot be smaller than `least`: it has said so, and the compositor knows. */
function atLeast(room: Size | undefined, least: Size): Size | undefined {
  const side = (has: number, needs: number) => (has === 0 ? 0 : Math.max(has, needs));
  return room && { width: side(room.width, least.width), height: side(room.height, least.height) };
}

/** The window's surface is about to be committed. */
function committing(client: DisplayClient, toplevel: RelayObject, hasContent: boolean, insets: Insets): void {
  const window = stateOf(toplevelRelay, toplevel)?.window;
  if (window === undefined) return;
  window.titleBar.committing(hasContent);
  const { set_min_size: least, set_max_size: most } = window.limits;
  if (isBelow(most.guest.width, least.guest.width) || isBelow(most.guest.height, least.guest.height))
    throw violation(toplevel, xdg_toplevel, "invalid_size", "the largest size is below the smallest");
  for (const [name, limit] of Object.entries(window.limits)) {
    const { width, height } = limit.guest;
    const wanted = {
      width: width > 0 ? width + insets.left + insets.right : 0,
      height: height > 0 ? height + insets.top + insets.bottom : 0,
    };
    if (sameSize(wanted, limit.host)) continue;
    client.sendToHost(toplevel.hostId, xdg_toplevel, name, [wanted.width, wanted.height]);
    limit.host = wanted;
  }
  if (hasContent && window.xdgSurface.state.returning) {
    const parent = shownParent(windowParent(toplevel));
    // That of a dialog may be another app's.
    if (parent !== undefined && client.objects.byGuestId(parent.guestId) === parent)
      client.sendToHost(toplevel.hostId, xdg_toplevel, "set_parent", [parent.hostId]);
  }
  setContent(client, window, hasContent);
}

/** Whether a bound is below another; 0 is none. */
function isBelow(most: number, least: number): boolean {
  return most > 0 && most < least;
}

function setContent(client: DisplayClient, window: ToplevelWindow, hasContent: boolean): void {
  if (window.hasContent === hasContent) return;
  window.hasContent = hasContent;
  if (hasContent) client.context.windowShown(window);
  else client.context.windowHidden(window);
}

/** The compositor's xdg_surface.configure: tells the guest first what it means for its toplevel, if `role` is one. */
export function toplevelConfigured(client: DisplayClient, role: RelayObject | undefined, serial: number): void {
  const window = stateOf(toplevelRelay, role)?.window;
  if (role !== undefined && window !== undefined) tell(client, role, window.configure.configure(serial));
}

/** The guest's ack_configure. False: the compositor does not know of it. */
export function toplevelAcknowledges(role: RelayObject | undefined, serial: number): boolean {
  return stateOf(toplevelRelay, role)?.window?.configure.acknowledge(serial) ?? true;
}

/** False for what is no window, and for a window whose size the compositor has said: the protocol binds it to that. */
export function toplevelChoosesSize(role: RelayObject | undefined): boolean {
  return stateOf(toplevelRelay, role)?.window?.configure.isBound === false;
}

/** Sends the last configure event again, for a change that the compositor has no part in. */
export function configureAgain(client: DisplayClient, toplevel: RelayObject): void {
  const window = stateOf(toplevelRelay, toplevel)?.window;
  const serial = window?.configure.lastSerial;
  if (window === undefined || serial === undefined || !toplevel.alive) return;
  tell(client, toplevel, window.configure.repeat());
  client.sendToGuest(window.xdgSurface.guestId, xdg_surface, "configure", [serial]);
}

function tell(client: DisplayClient, toplevel: RelayObject, { bounds, size }: Configuration): void {
  if (!toplevel.alive) return;
  if (bounds !== undefined)
    client.sendToGuest(toplevel.guestId, xdg_toplevel, "configure_bounds", [bounds.width, bounds.height]);
  if (size === undefined) return;
  const states = new Uint8Array(new Uint32Array(size.states).buffer);
  client.sendToGuest(toplevel.guestId, xdg_toplevel, "configure", [size.width, size.height, states]);
}

/**
 * The window that stands for `parent`: it, or the nearest of its ancestors that shows something. So the protocol has it,
 * and wlroots would follow a window that goes without having been shown.
 */
export function shownParent(parent: RelayObject | undefined): RelayObject | undefined {
  for (let window = parent; window !== undefined; window = windowParent(window)) {
    if (window.alive && stateOf(toplevelRelay, window)?.window?.hasContent) return window;
  }
  return undefined;
}

/** A largest or smallest size; toolkits say "no bound" with numbers of their own, which are cut to what we allow. */
function setLimit(name: "set_min_size" | "set_max_size") {
  return ({ object, args }: GuestRequest<ToplevelState>) => {
    const sizes = args as readonly number[];
    if (sizes.some((side) => side < 0)) throw violation(object, xdg_toplevel, "invalid_size", "a negative size");
    const [width = 0, height = 0] = sizes.map((side) => Math.min(side, MAX_SURFACE_SIDE));
    const limit = object.state.window?.limits[name];
    if (limit !== undefined) limit.guest = { width, height };
  };
}

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
function toldStates(object: RelayObject<ToplevelState>, states: readonly number[]): readonly number[] {
  const told = configureFullscreen(object.state.fullscreen, states);
  object.state.fullscreen = told.state;
  return told.states;
}

export const toplevelRelay = defineRelay<ToplevelState>({
  table: xdg_toplevel,
  version: XDG_VERSION,
  state: () => ({ window: undefined, fullscreen: WINDOWED, screen: 0, title: "", capabilities: undefined }),
  requests: {
    destroy: ({ client, object, forward }) => {
      checkUndecorated(object);
      const { window } = object.state;
      if (window !== undefined) {
        dismissPopups(client, window.xdgSurface);
        commitOnce(client, window.xdgSurface.state);
        if (!window.hasContent) cutTies(client, object);
        window.titleBar.destroy();
      }
      forward();
    },
    set_parent: ({ client, object, args, forward }) => {
      const parent = args[0] === 0 ? undefined : liveObject(client, args[0] as number, xdg_toplevel.name);
      setWindowParent(object, parent);
      forward([shownParent(parent)?.guestId ?? 0]);
    },
    set_title: ({ object, args, forward }) => {
      const title = hostTitle(args[0] as string);
      forward([title]);
      object.state.title = title;
      object.state.window?.frame.refreshTitleBar();
    },
    set_app_id: ({ client, args, forward }) => forward([hostAppId(client.context.sandbox, args[0] as string)]),
    show_window_menu: ({ client, object, args, forward }) => {
      const [seat = 0, serial = 0, x = 0, y = 0] = args as number[];
      if (!client.serials.has(serial)) return;
      const { window } = object.state;
      if (window !== undefined) forward([seat, serial, ...placeForHost(window.surface, x, y)]);
    },
    move: ifSerialGiven(1),
    resize: ifSerialGiven(1),
    set_max_size: setLimit("set_max_size"),
    set_min_size: setLimit("set_min_size"),
    set_maximized: ({ client, object }) => fullscreen(client, object, { kind: "set-maximized" }),
    unset_maximized: ({ client, object }) => fullscreen(client, object, { kind: "unset-maximized" }),
    set_fullscreen: ({ client, object, args }) => {
      object.state.screen = args[0] as number;
      fullscreen(client, object, { kind: "set-fullscreen", verdict: verdictOn(client, "fullscreen") });
    },
    unset_fullscreen: ({ client, object }) => fullscreen(client, object, { kind: "unset-fullscreen" }),
    set_minimized: forward,
  },
  events: {
    // Passed on together, with the xdg_surface.configure that ends them.
    configure: ({ client, object, args }) => {
      const [width, height, states] = args as [number, number, Uint8Array];
      const host = numbersOf(states);
      const told = toldStates(object, host);
      // An app that fills the screen and may choose would take all of it, which it does not have: there is a frame.
      const chooses = object.state.fullscreen.mode === "pretended" && width === 0 && height === 0;
      const screen = chooses ? screenSize(client, object.state.screen) : undefined;
      object.state.window?.configure.setSize({ width, height, ...screen, states: host, told });
    },
    close: forward,
    configure_bounds: ({ object, args }) => {
      const [width, height] = args as [number, number];
      object.state.window?.configure.setBounds({ width, height });
    },
    wm_capabilities: ({ object, args, forward }) => {
      object.state.capabilities = numbersOf(args[0] as Uint8Array);
      object.state.window?.frame.refreshTitleBar();
      forward();
    },
  },
  kept: ["set_title", "set_app_id"],
  lost: (client, object) => {
    const { window } = object.state;
    if (window === undefined) return;
    window.titleBar.destroy();
    window.frame.dispose();
    setContent(client, window, false);
  },
  returns: windowReturns,
  returned: (client, object) => {
    const { window } = object.state;
    if (window === undefined || !window.xdgSurface.state.returning) return;
    window.frame.beforeCommit(undefined);
    client.sendToHost(window.surface.hostId, wl_surface, "commit", []);
  },
  policyChanged: (client, object) =>
    fullscreen(client, object, { kind: "policy-changed", verdict: client.context.policy.decide("fullscreen") }),
  destroyed: (client, object) => {
    windowGone(object);
    const { window } = object.state;
    if (window === undefined) return;
    roleEnded(window.xdgSurface.state);
    setContent(client, window, false);
  },
});

/** A Wayland array of 32-bit numbers. */
function numbersOf(bytes: Uint8Array): number[] {
  return [...new Uint32Array(bytes.slice().buffer, 0, bytes.length >> 2)];
}
