/** Finds the user's compositor. */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { VitrineError } from "../../../base/error.ts";
import type { Environment } from "../directories.ts";

export { probeCompositor } from "../../display/probe-compositor.ts";

/** The path of the compositor's socket, found as libwayland does; undefined when the environment names none. */
export function compositorSocket(environment: Environment = process.env): string | undefined {
  const { WAYLAND_DISPLAY: display, XDG_RUNTIME_DIR: runtime } = environment;
  if (display !== undefined && isAbsolute(display)) return display;
  if (runtime === undefined || !isAbsolute(runtime)) return undefined;
  if (display !== undefined && display !== "") return join(runtime, display);
  const usual = join(runtime, "wayland-0");
  return existsSync(usual) ? usual : undefined;
}

/** The same, or the error that tells a user without a desktop what to do. */
export function requireCompositor(environment: Environment = process.env): string {
  const socket = compositorSocket(environment);
  if (socket !== undefined) return socket;
  throw new VitrineError(
    "unavailable",
    "Cannot show windows: no Wayland compositor was found, WAYLAND_DISPLAY is not set",
    {
      fix: "run it in a Wayland session, or with --no-display if the command opens no window",
    },
  );
}
