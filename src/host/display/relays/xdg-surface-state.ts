/** What the relays of xdg-shell share: an xdg_surface, and the bounds of numbers. */
import type { WindowFrame } from "../frame/window-frame.ts";
import { MAX_SURFACE_SIDE } from "../limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import type { GuestRequest, RelayObject } from "../relay.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";

export const XDG_VERSION = 7;

export interface XdgSurfaceState {
  /** The xdg_wm_base that it came from: it must live as long, and errors of popups are errors of that. */
  readonly shell: RelayObject | undefined;
  surface: GuestSurface | undefined;
  /** What it is a window or popup by; undefined before and after. */
  role: RelayObject | undefined;
  frame: WindowFrame | undefined;
  /** Of configure events that the guest has not acknowledged yet, the oldest first. */
  readonly serials: number[];
  /** On another compositor than before: shown again with the first configure event that the guest acknowledges. */
  returning: boolean;
}

/** Refuses sizes and places that no screen has: compositors calculate with them in 32 bits. */
export function checkBounds(request: GuestRequest<unknown>): void {
  for (const value of request.args) {
    if (typeof value === "number" && Math.abs(value) > MAX_SURFACE_SIDE) {
      const text = `${request.message.name} with ${value}, at most ${MAX_SURFACE_SIDE} wanted`;
      throw new ProtocolViolation(request.object.guestId, WL_DISPLAY_ERROR.invalidMethod, text);
    }
  }
}

/** The role object of `xdgSurface` is gone, and with it the frame. */
export function roleEnded(state: XdgSurfaceState): void {
  const { surface, frame } = state;
  if (surface?.frame === frame) {
    frame?.dispose();
    if (surface !== undefined) surface.frame = undefined;
  }
  state.role = undefined;
  state.frame = undefined;
}
