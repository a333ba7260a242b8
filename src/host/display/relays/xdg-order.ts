/**
 * The order in which things of xdg-shell may be done. The protocol demands most of it, and a compositor would end the app
 * for a mistake; some compositors use memory that they have freed when a window or popup goes that was never committed,
 * which the protocol allows.
 */
import { wl_surface } from "../../../wayland/generated/wayland.ts";
import { xdg_popup, xdg_surface, xdg_wm_base } from "../../../wayland/generated/xdg-shell.ts";
import type { DisplayClient } from "../client.ts";
import { sever } from "../inert.ts";
import { MAX_EXPORTED_WINDOWS, MAX_UNACKED_CONFIGURES } from "../limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import type { RelayObject } from "../relay.ts";
import { violation } from "../surface-roles.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import type { XdgSurfaceState } from "./xdg-surface-state.ts";

/** By xdg_wm_base, how many xdg_surfaces it has; by xdg_surface, the popups over it, the newest last. */
const surfaceCounts = new WeakMap<RelayObject, number>();
const popups = new WeakMap<RelayObject, Set<RelayObject>>();

/** A shell has one more xdg_surface, or one less. */
export function countOnShell(shell: RelayObject | undefined, change: 1 | -1): void {
  if (shell !== undefined) surfaceCounts.set(shell, (surfaceCounts.get(shell) ?? 0) + change);
}

/** xdg_wm_base.destroy: throws while it has xdg_surfaces. */
export function checkShellUnused(shell: RelayObject): void {
  const left = surfaceCounts.get(shell) ?? 0;
  if (left > 0) throw violation(shell, xdg_wm_base, "defunct_surfaces", `${left} of its surfaces are left`);
}

/** get_xdg_surface: throws when the surface shows something, or would with its next commit. */
export function checkBlank(surface: GuestSurface, shell: RelayObject): void {
  if (surface.buffer === undefined && surface.pending.content?.buffer === undefined) return;
  throw violation(shell, xdg_wm_base, "invalid_surface_state", `surface ${surface.guestId} has a buffer`);
}

/** The compositor has sent a configure event. */
export function noteConfigure({ serials }: XdgSurfaceState, serial: number): void {
  serials.push(serial);
  if (serials.length > MAX_UNACKED_CONFIGURES) serials.shift();
}

/** ack_configure. False for a serial that was acknowledged before, forgotten, or never given: it comes to nothing. */
export function acknowledge({ serials, frame }: XdgSurfaceState, serial: number): boolean {
  const at = serials.indexOf(serial);
  if (at < 0) return false;
  serials.splice(0, at + 1);
  if (frame !== undefined) frame.configured = true;
  return true;
}

/**
 * wl_surface.commit of a surface, which `xdgSurface` is for if there is one. False: that is neither window nor popup, and
 * the compositor must not hear of it. Throws when it has content before its first configure event was acknowledged.
 */
export function mayCommit(surface: GuestSurface, xdgSurface: RelayObject | undefined): boolean {
  if (surface.role !== "window") return true;
  const { frame } = surface;
  if (xdgSurface === undefined) return true;
  const { role, returning } = xdgSurface.state as XdgSurfaceState;
  if (frame === undefined || returning || role?.inert === true) return false;
  if (surface.size === undefined || frame.configured) return true;
  throw violation(xdgSurface, xdg_surface, "unconfigured_buffer", "content before the first acknowledged configure");
}

/** A window or popup goes: it shall not have been there without a commit. */
export function commitOnce(client: DisplayClient, { surface, frame }: XdgSurfaceState): void {
  if (surface === undefined || frame === undefined || frame.committed) return;
  frame.committed = true;
  client.sendToHost(surface.hostId, wl_surface, "commit", []);
}

/** By xdg_toplevel, what refers to the window on the compositor's side and has to go before it. */
const ties = new WeakMap<RelayObject, Set<RelayObject>>();

/** `object` refers to `window` from now on. Throws the protocol's error when too many do. */
export function tie(window: RelayObject, object: RelayObject): void {
  const tied = [...(ties.get(window) ?? [])].filter((other) => other.alive);
  if (tied.length >= MAX_EXPORTED_WINDOWS)
    throw new ProtocolViolation(object.guestId, WL_DISPLAY_ERROR.noMemory, `${tied.length} objects refer to a window`);
  ties.set(window, new Set([...tied, object]));
}

/**
 * A window goes. What refers to it goes first: wlroots lets go of it when the window is hidden, and not when it goes
 * without having been shown.
 */
export function cutTies(client: DisplayClient, window: RelayObject): void {
  for (const object of ties.get(window) ?? []) if (object.alive) sever(client, object);
  ties.delete(window);
}

/** A popup has been made over `parent`. */
export function addPopup(parent: RelayObject, popup: RelayObject): void {
  const over = popups.get(parent) ?? new Set();
  popups.set(parent, over.add(popup));
}

export function removePopup(parent: RelayObject, popup: RelayObject): void {
  popups.get(parent)?.delete(popup);
}

/** xdg_popup.destroy: throws while there are popups over it. */
export function checkTopmost({ shell }: XdgSurfaceState, xdgSurface: RelayObject): void {
  if ((popups.get(xdgSurface)?.size ?? 0) === 0 || shell === undefined) return;
  throw violation(shell, xdg_wm_base, "not_the_topmost_popup", "a popup over it must go first");
}

/** The window of `xdgSurface` goes: the popups over it go first, the topmost at first. The guest keeps them, without effect. */
export function dismissPopups(client: DisplayClient, xdgSurface: RelayObject): void {
  for (const popup of [...(popups.get(xdgSurface) ?? [])].reverse()) {
    const own = (popup.state as { popup?: { xdgSurface: RelayObject<XdgSurfaceState> } }).popup?.xdgSurface;
    if (own === undefined || popup.inert) continue;
    dismissPopups(client, own);
    commitOnce(client, own.state);
    sever(client, popup);
    client.sendToGuest(popup.guestId, xdg_popup, "popup_done", []);
  }
}
