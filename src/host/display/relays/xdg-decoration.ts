/**
 * zxdg_decoration_manager_v1: answered here, always in the same way. A guest needs no title bar of its own: either the
 * compositor draws one, when it can, or the frame does (title-bar.ts).
 */
import {
  zxdg_decoration_manager_v1,
  zxdg_toplevel_decoration_v1,
} from "../../../wayland/generated/xdg-decoration-unstable-v1.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { errorCode, onlyOne, violation } from "../surface-roles.ts";
import { liveObject } from "../translate.ts";
import { SERVER_SIDE, wishTitleBar } from "./title-bar.ts";
import { configureAgain, toplevelRelay } from "./xdg-toplevel.ts";

interface DecorationState {
  toplevel: RelayObject | undefined;
}

/** Whatever the guest wants, it is told the same. */
function answer({ client, object }: GuestRequest<DecorationState>): void {
  client.sendToGuest(object.guestId, zxdg_toplevel_decoration_v1, "configure", [SERVER_SIDE]);
  if (object.state.toplevel !== undefined) configureAgain(client, object.state.toplevel);
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
      wishTitleBar(window.surface, true);
      client.sendToGuest(made.guestId, zxdg_toplevel_decoration_v1, "configure", [SERVER_SIDE]);
    },
  },
  events: {},
});

export const toplevelDecorationRelay = defineRelay<DecorationState>({
  table: zxdg_toplevel_decoration_v1,
  version: 1,
  local: true,
  state: () => ({ toplevel: undefined }),
  requests: { destroy: forward, set_mode: answer, unset_mode: answer },
  events: {},
  destroyed: (_client, object) => {
    const window = stateOf(toplevelRelay, object.state.toplevel)?.window;
    if (window !== undefined) wishTitleBar(window.surface, false);
  },
});
