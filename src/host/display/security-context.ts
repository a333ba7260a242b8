/**
 * wp_security_context_v1: connections by which the compositor knows that a sandbox is behind them, and which. It may then
 * hide what it wants from them, and say so where it lists windows. Our own allow-list stays the authority; this is one
 * more wall behind it.
 *
 * 1. We make a listening socket and hand it to the compositor together with a name for engine, app and instance. From then
 *    on the compositor accepts what connects there.
 * 2. It stops when the other end of a pipe is closed: with close(), or with the death of this process.
 */
import { rmSync } from "node:fs";
import { pipe } from "../../sys/process.ts";
import { listenUnix } from "../../sys/socket.ts";
import { wp_security_context_manager_v1, wp_security_context_v1 } from "../../wayland/generated/security-context-v1.ts";
import type { ControlConnection } from "./control-connection.ts";
import { hostAppId } from "./identity.ts";

/** How Vitrine is called among sandbox engines: a reversed domain name, as the protocol wants it. */
export const SANDBOX_ENGINE = "io.github.vitrine";

export interface SecurityContext {
  /** Where connections go that belong to the sandbox. */
  readonly socketPath: string;
  /** No more connections; those that stand go on. */
  close(): void;
}

/**
 * Makes a security context for `sandbox` with its socket at `socketPath`, which nobody but the user may enter. Undefined
 * when the compositor knows no such thing. Throws when it refuses.
 */
export async function openSecurityContext(
  control: ControlConnection,
  sandbox: string,
  socketPath: string,
): Promise<SecurityContext | undefined> {
  const global = control.global(wp_security_context_manager_v1.name);
  if (global === undefined) return undefined;
  // One that a killed supervisor left; the folder is the user's alone.
  rmSync(socketPath, { force: true });
  const listener = listenUnix(socketPath);
  const [closeFd, held] = pipe();
  const close = () => {
    held.close();
    rmSync(socketPath, { force: true });
  };
  try {
    const manager = control.bind(global, wp_security_context_manager_v1, 1);
    const id = control.create(wp_security_context_v1);
    const say = (name: string, args: readonly string[] = []) => control.request(id, wp_security_context_v1, name, args);
    control.request(manager, wp_security_context_manager_v1, "create_listener", [id, 0, 1], [listener, closeFd]);
    say("set_sandbox_engine", [SANDBOX_ENGINE]);
    say("set_app_id", [hostAppId(sandbox, "")]);
    say("set_instance_id", [sandbox]);
    say("commit");
    say("destroy");
    control.request(manager, wp_security_context_manager_v1, "destroy", []);
    await control.roundtrip();
    return { socketPath, close };
  } catch (error) {
    close();
    throw error;
  }
}
