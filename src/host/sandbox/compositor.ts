/** Finds the user's compositor, and asks what it offers. */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { decode } from "../../wayland/decode.ts";
import { wl_display, wl_registry } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import { messageByName } from "../../wayland/types.ts";
import { CompositorConnection, type CompositorHandlers } from "../display/compositor-connection.ts";
import type { Environment } from "./directories.ts";

/** How long a compositor may take to list its globals, in milliseconds; a busy desktop answers within a few. */
export const COMPOSITOR_PROBE_DEADLINE_MS = 3000;

const DISPLAY_ID = 1;
const REGISTRY_ID = 2;
const CALLBACK_ID = 3;

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

/** Names and versions of the compositor's globals. Throws "unavailable" or "timeout". */
export async function probeCompositor(socketPath: string): Promise<ReadonlyMap<string, number>> {
  const globals = new Map<string, number>();
  const done = Promise.withResolvers<void>();
  const connection = connectTo(socketPath, {
    message: (raw) => readMessage(raw, globals, done.resolve),
    batchEnd: () => {},
    drained: () => {},
    closed: (error) =>
      done.reject(
        error ?? new VitrineError("unavailable", `Cannot talk to the compositor at "${socketPath}": it hung up`),
      ),
  });
  const timer = setTimeout(
    () => done.reject(new VitrineError("timeout", `Cannot talk to the compositor at "${socketPath}": no answer`)),
    COMPOSITOR_PROBE_DEADLINE_MS,
  );
  try {
    const getRegistry = messageByName(wl_display, "requests", "get_registry");
    const sync = messageByName(wl_display, "requests", "sync");
    connection.send(DISPLAY_ID, getRegistry.opcode, getRegistry.message, [REGISTRY_ID]);
    connection.send(DISPLAY_ID, sync.opcode, sync.message, [CALLBACK_ID]);
    connection.flush();
    await done.promise;
    return globals;
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

function connectTo(socketPath: string, handlers: CompositorHandlers): CompositorConnection {
  try {
    return new CompositorConnection(socketPath, handlers);
  } catch (cause) {
    throw new VitrineError("unavailable", `Cannot reach the compositor at "${socketPath}": nothing answers there`, {
      cause,
      fix: "set WAYLAND_DISPLAY to the socket of a compositor that runs",
    });
  }
}

function readMessage(raw: RawMessage, globals: Map<string, number>, done: () => void): void {
  if (raw.objectId === CALLBACK_ID) return done();
  const global = messageByName(wl_registry, "events", "global");
  if (raw.objectId !== REGISTRY_ID || raw.opcode !== global.opcode) return;
  const [, name, version] = decode(global.message, raw);
  globals.set(String(name), Number(version));
}
