/**
 * org_kde_kwin_server_decoration: who draws the title bar, the older way; see title-bar.ts. GTK knows only this one, and asks
 * again whenever it is told otherwise than it draws: so it is told what it asked for, be there a title bar around that or not.
 */
import {
  org_kde_kwin_server_decoration,
  org_kde_kwin_server_decoration_manager,
} from "../../../wayland/generated/server-decoration.ts";
import type { DisplayClient } from "../client.ts";
import { defineRelay, forward, type RelayObject, stateOf } from "../relay.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { wishTitleBar } from "./title-bar.ts";
import { liveSurface } from "./wl-surface.ts";

interface DecorationState {
  surface: GuestSurface | undefined;
}

const MODES = org_kde_kwin_server_decoration.enums.mode?.entries ?? {};
const CLIENT = MODES.Client ?? 1;
const SERVER = MODES.Server ?? 2;

function answer(client: DisplayClient, decoration: RelayObject, surface: GuestSurface, wanted: boolean): void {
  wishTitleBar(client, surface, wanted);
  const mode = wanted ? SERVER : CLIENT;
  client.sendToGuest(decoration.guestId, org_kde_kwin_server_decoration, "mode", [mode]);
}

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
      answer(client, made, surface, true);
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
      if (surface !== undefined) answer(client, object, surface, args[0] === SERVER);
    },
  },
  events: {},
  destroyed: (client, { state }) => {
    if (state.surface !== undefined) wishTitleBar(client, state.surface, false);
  },
});
