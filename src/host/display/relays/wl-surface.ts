/**
 * wl_surface. Shared-memory buffers do not come here: the guest half keeps them and attaches ranges of the arena by the
 * link (link-end.ts). A wl_buffer that does come here was made by an interface of ours, single-pixel-buffer.
 */
import { wl_surface } from "../../../wayland/generated/wayland.ts";
import type { DisplayClient } from "../client.ts";
import { MAX_CLIENT_SURFACES } from "../limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type RelayObject, stateOf } from "../relay.ts";
import { checkSurfaceUnused } from "../surface-roles.ts";

interface SurfaceState {
  /** A window of the user's desktop: has the role of a toplevel. */
  isWindow: boolean;
  /** Content attached with the next commit; undefined when the content stays as it is. */
  pendingContent: boolean | undefined;
  hasContent: boolean;
}

const surfaceCounts = new WeakMap<DisplayClient, number>();

function count(client: DisplayClient, change: 1 | -1): number {
  const surfaces = (surfaceCounts.get(client) ?? 0) + change;
  surfaceCounts.set(client, surfaces);
  return surfaces;
}

export const surfaceRelay = defineRelay<SurfaceState>({
  table: wl_surface,
  version: 6,
  state: (client) => {
    if (count(client, 1) > MAX_CLIENT_SURFACES) {
      throw new ProtocolViolation(1, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_CLIENT_SURFACES} surfaces`);
    }
    return { isWindow: false, pendingContent: undefined, hasContent: false };
  },
  requests: {
    destroy: ({ object, forward }) => {
      checkSurfaceUnused(object);
      forward();
    },
    attach: ({ object, args, forward }) => {
      forward();
      object.state.pendingContent = args[0] !== 0;
    },
    damage: forward,
    frame: forward,
    set_opaque_region: forward,
    set_input_region: forward,
    commit: ({ client, object, forward }) => {
      forward();
      const { state } = object;
      if (state.pendingContent !== undefined) setContent(client, state, state.pendingContent);
      state.pendingContent = undefined;
    },
    set_buffer_transform: forward,
    set_buffer_scale: forward,
    damage_buffer: forward,
    offset: forward,
  },
  events: { enter: forward, leave: forward, preferred_buffer_scale: forward, preferred_buffer_transform: forward },
  destroyed: (client, object) => {
    count(client, -1);
    setContent(client, object.state, false);
  },
});

/** The next commit of `surface` shows other pixels, or none. */
export function surfaceAttached(surface: RelayObject, content: boolean): void {
  const state = stateOf(surfaceRelay, surface);
  if (state !== undefined) state.pendingContent = content;
}

/** `surface` has become a window of the user's desktop, or is one no more. */
export function surfaceIsWindow(client: DisplayClient, surface: RelayObject | undefined, isWindow: boolean): void {
  const state = stateOf(surfaceRelay, surface);
  if (state === undefined || state.isWindow === isWindow) return;
  if (!isWindow) setContent(client, state, false);
  state.isWindow = isWindow;
  // A surface with content may not become a window. Until the compositor says so, it counts as one that shows something.
  if (isWindow && state.hasContent) client.context.windowShown();
}

function setContent(client: DisplayClient, state: SurfaceState, hasContent: boolean): void {
  if (state.hasContent === hasContent) return;
  state.hasContent = hasContent;
  if (!state.isWindow) return;
  if (hasContent) client.context.windowShown();
  else client.context.windowHidden();
}
