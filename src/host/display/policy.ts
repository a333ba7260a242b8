/** What an app may do only when the user's policy for its sandbox says so; each is asked for in one place of its relay. */
import type { DisplayClient } from "./client.ts";

/** Things of the desktop that are not the app's own. */
export type DisplayPermission =
  /** Keep the screen from locking and dimming. */
  | "idle-inhibit"
  /** Hold the pointer, or keep it inside a window. */
  | "pointer-lock"
  /** Get the keys that the desktop keeps for itself. */
  | "shortcuts-inhibit"
  /** Ask for the focus after the user has acted on the app. */
  | "activation"
  /** Read and set what is merely selected. */
  | "primary-selection";

const DEFAULTS: Readonly<Record<DisplayPermission, boolean>> = {
  "idle-inhibit": true,
  "pointer-lock": true,
  "shortcuts-inhibit": false,
  activation: true,
  "primary-selection": true,
};

/** What holds where no policy was given. */
export function permittedByDefault(permission: DisplayPermission): boolean {
  return DEFAULTS[permission];
}

/** Whether the app on this connection has the permission now. */
export function permitted(client: DisplayClient, permission: DisplayPermission): boolean {
  return client.context.permitted(permission);
}
