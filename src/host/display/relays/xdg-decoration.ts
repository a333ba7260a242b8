/** zxdg_decoration_manager_v1: who draws the title bar of a window; see title-bar.ts. */
import {
  zxdg_decoration_manager_v1,
  zxdg_toplevel_decoration_v1,
} from "../../../wayland/generated/xdg-decoration-unstable-v1.ts";
import type { DisplayClient } from "../client.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { errorCode, onlyOne, violation } from "../surface-roles.ts";
import { liveObject } from "../translate.ts";
import { CLIENT_SIDE, SERVER_SIDE, wishTitleBar } from "./title-bar.ts";
import { configureAgain, type ToplevelWindow, toplevelRelay } from "./xdg-toplevel.ts";

interface DecorationState {
  toplevel: RelayObject | undefined;
}

function answer(client: DisplayClient, decoration: RelayObject, window: ToplevelWindow, wanted: boolean): void {
  const mode = wishTitleBar(client, window.surface, wanted) ? SERVER_SIDE : CLIENT_SIDE;
  client.sendToGuest(decoration.guestId, zxdg_toplevel_decoration_v1, "configure", [mode]);
}

function changeMode({ client, object }: GuestRequest<DecorationState>, mode: number): void {
  const { toplevel } = object.state;
  const window = stateOf(toplevelRelay, toplevel)?.window;
  if (toplevel === undefined || window === undefined) return;
  answer(client, object, window, mode !== CLIENT_SIDE);
  configureAgain(client, toplevel);
}

export const decorationManagerRelay = defineRelay({
  table: zxdg_decoration_manager_v1,
  version: 1,
  answered: "always",
  local: true,
  requests: {
    destroy: forward,
    get_toplevel_decoration: (request) => {
      const { client, args } = request;
      const toplevel = liveObject(client, args[1] as number, "xdg_toplevel");
      const window = stateOf(toplevelRelay, toplevel)?.window;
      const made = onlyOne(errorCode(zxdg_toplevel_decoration_v1, "already_constructed"))(request);
      const state = stateOf(toplevelDecorationRelay, made);
      if (made === undefined || window === undefined || state === undefined) return;
      if (window.hasContent)
        throw violation(made, zxdg_toplevel_decoration_v1, "unconfigured_buffer", "the window has content already");
      state.toplevel = toplevel;
      answer(client, made, window, true);
    },
  },
  events: {},
});

export const toplevelDecorationRelay = defineRelay<DecorationState>({
  table: zxdg_toplevel_decoration_v1,
  version: 1,
  local: true,
  state: () => ({ toplevel: undefined }),
  requests: {
    destroy: forward,
    set_mode: (request) => changeMode(request, request.args[0] as number),
    unset_mode: (request) => changeMode(request, SERVER_SIDE),
  },
  events: {},
  destroyed: (client, object) => {
    const window = stateOf(toplevelRelay, object.state.toplevel)?.window;
    if (window !== undefined) wishTitleBar(client, window.surface, false);
  },
});
