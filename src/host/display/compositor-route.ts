/**
 * The way to the user's compositor for the apps of one sandbox: through a security context where the compositor has them,
 * else straight. Whatever the way, the apps see the same: what the compositor hides from a context and apps need is
 * known here.
 */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { connectUnix } from "../../sys/socket.ts";
import { zxdg_output_manager_v1 } from "../../wayland/generated/xdg-output-unstable-v1.ts";
import { ControlConnection } from "./control-connection.ts";
import { type Layout, OutputLayout, unknownLayout } from "./output-layout.ts";
import { probeCompositor } from "./probe-compositor.ts";
import { openSecurityContext, type SecurityContext } from "./security-context.ts";

export interface CompositorRoute {
  /** Where it leads, unless to a user's compositor: the stand-in has no successor that apps could return on. */
  readonly kind?: "stand-in";
  readonly layout: Layout;
  /** A new connection for an app, owned by the caller. Throws "unavailable" when the compositor cannot be reached. */
  connect(): OwnedFd;
  close(): void;
}

export interface RouteOptions {
  /** The compositor's socket. */
  readonly socketPath: string;
  /** Name of the sandbox. */
  readonly sandbox: string;
  /** Where the security context's socket shall be: a path in a folder of the user alone. */
  readonly contextPath: string;
  onNotice(severity: "info" | "warning", message: string): void;
}

/** The straight way. */
export function directRoute(socketPath: string): CompositorRoute {
  return { layout: unknownLayout, connect: () => connectUnix(socketPath), close: () => {} };
}

/** The straight way, which is found again when a compositor has returned to its socket: what a display needs of it. */
export function directWay(socketPath: string): { route: CompositorRoute; reopen: () => Promise<CompositorRoute> } {
  const reopen = async () => {
    await probeCompositor(socketPath);
    return directRoute(socketPath);
  };
  return { route: directRoute(socketPath), reopen };
}

/** None, while there is no compositor. */
export const noRoute: CompositorRoute = {
  layout: unknownLayout,
  connect: () => {
    throw new VitrineError("unavailable", "Cannot reach the compositor: it has gone, and is not there again yet");
  },
  close: () => {},
};

/** Asks the compositor what it has and goes through a security context if that works. Throws "unavailable" or "timeout". */
export async function openRoute(options: RouteOptions): Promise<CompositorRoute> {
  const { socketPath, sandbox, contextPath, onNotice } = options;
  const control = await ControlConnection.open(socketPath);
  let context: SecurityContext | undefined;
  try {
    context = await openSecurityContext(control, sandbox, contextPath);
    if (context === undefined) {
      control.close();
      return directRoute(socketPath);
    }
    const visible = await probeCompositor(context.socketPath);
    return await contextRoute(options, context, control, visible);
  } catch (error) {
    context?.close();
    control.close();
    onNotice("warning", `the compositor gives no security context: ${VitrineError.from(error).message}`);
    return directRoute(socketPath);
  }
}

async function contextRoute(
  { socketPath, onNotice }: RouteOptions,
  context: SecurityContext,
  control: ControlConnection,
  visible: ReadonlyMap<string, number>,
): Promise<CompositorRoute> {
  const outputs = control.global(zxdg_output_manager_v1.name);
  const hidden = outputs !== undefined && !visible.has(zxdg_output_manager_v1.name);
  const layout = hidden ? new OutputLayout(control, outputs) : unknownLayout;
  if (hidden) await control.roundtrip();
  else control.close();
  return {
    layout,
    connect: () => {
      try {
        return connectUnix(context.socketPath);
      } catch (error) {
        // The compositor has forgotten the context, or somebody has removed the socket.
        onNotice("warning", `the security context is gone: ${VitrineError.from(error).message}`);
        return connectUnix(socketPath);
      }
    },
    close: () => {
      context.close();
      control.close();
    },
  };
}
