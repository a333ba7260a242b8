/** Asks a compositor what it offers, and so whether it lives. */
import { VitrineError } from "../../base/error.ts";
import { decode } from "../../wayland/decode.ts";
import { wl_display, wl_registry } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import { messageByName } from "../../wayland/types.ts";
import { CompositorConnection, type CompositorHandlers } from "./compositor-connection.ts";

/** How long a compositor may take to list its globals, in milliseconds; a busy desktop answers within a few. */
export const COMPOSITOR_PROBE_DEADLINE_MS = 3000;

const DISPLAY_ID = 1;
const REGISTRY_ID = 2;
const CALLBACK_ID = 3;

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
