/**
 * org_kde_kwin_server_decoration: who draws the title bar, the older way. GTK knows only this one. Answered here, as
 * xdg-decoration is: a window that wants none of its own gets one from the compositor or from the frame.
 */
import {
  org_kde_kwin_server_decoration,
  org_kde_kwin_server_decoration_manager,
} from "../../../wayland/generated/server-decoration.ts";
import { defineRelay, forward, stateOf } from "../relay.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { wishTitleBar } from "./title-bar.ts";
import { liveSurface } from "./wl-surface.ts";

interface DecorationState {
  surface: GuestSurface | undefined;
}

const SERVER = org_kde_kwin_server_decoration.enums.mode?.entries.Server ?? 2;

export const serverDecorationManagerRelay = defineRelay({
  table: org_kde_kwin_server_decoration_manager,
  version: 1,
  answered: "always",
  local: true,
  requests: {
    create: ({ client, object, args }) => {
      const [id, surfaceId] = args as [number, number];
      const surface = liveSurface(client, surfaceId);
      const made = client.createFromGuest(id, object.version, serverDecorationRelay, object);
      const state = stateOf(serverDecorationRelay, made);
      if (state !== undefined) state.surface = surface;
      wishTitleBar(surface, true);
      client.sendToGuest(id, org_kde_kwin_server_decoration, "mode", [SERVER]);
    },
  },
  events: {},
  bound: (client, object) => {
    client.sendToGuest(object.guestId, org_kde_kwin_server_decoration_manager, "default_mode", [SERVER]);
  },
});

export const serverDecorationRelay = defineRelay<DecorationState>({
  table: org_kde_kwin_server_decoration,
  version: 1,
  local: true,
  state: () => ({ surface: undefined }),
  requests: {
    release: forward,
    request_mode: ({ client, object, args }) => {
      const { surface } = object.state;
      if (surface !== undefined) wishTitleBar(surface, args[0] === SERVER);
      client.sendToGuest(object.guestId, org_kde_kwin_server_decoration, "mode", [args[0] as number]);
    },
  },
  events: {},
});
