/**
 * org_kde_kwin_server_decoration: who draws the title bar, the older way. GTK knows only this one; newer toolkits use
 * xdg-decoration. A hint for the app's own windows.
 */
import {
  org_kde_kwin_server_decoration,
  org_kde_kwin_server_decoration_manager,
} from "../../../wayland/generated/server-decoration.ts";
import { defineRelay, forward } from "../relay.ts";

export const serverDecorationManagerRelay = defineRelay({
  table: org_kde_kwin_server_decoration_manager,
  version: 1,
  requests: { create: forward },
  events: { default_mode: forward },
});

export const serverDecorationRelay = defineRelay({
  table: org_kde_kwin_server_decoration,
  version: 1,
  requests: { release: forward, request_mode: forward },
  events: { mode: forward },
});
