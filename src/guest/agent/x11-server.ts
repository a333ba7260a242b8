/**
 * The X server of the guest's user, if the image has Xwayland: programs that know no Wayland find it at the usual place. It
 * costs one socket until the first of them connects, see x11/x-server.ts.
 */
import { chmodSync, chownSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OwnedFd } from "../../sys/fd.ts";
import { listenUnix } from "../../sys/socket.ts";
import { XServer } from "../x11/x-server.ts";
import { launchCommand } from "./launch-command.ts";
import type { ProcessPlace } from "./processes.ts";
import { findInRoot } from "./resolve-command.ts";

const PROGRAM = "/usr/bin/Xwayland";
/** Where programs with this value of DISPLAY look for their X server. */
export const X11_DISPLAY = ":0";
const SOCKET = "/tmp/.X11-unix/X0";
/** As for /tmp itself: other X servers may be started beside this one. */
const SOCKET_DIRECTORY_MODE = 0o1777;

export interface X11ServerOptions extends ProcessPlace {
  /** Environment of Xwayland. */
  readonly environment: Record<string, string>;
  /** The socket of the display as seen from here. */
  readonly displaySocket: string;
  readonly onNotice: (message: string) => void;
}

/** True if the image has an X server that can be shown. */
export function hasX11Server(appRoot: string): boolean {
  return findInRoot(appRoot, PROGRAM)?.stats.isFile() === true;
}

export class X11Server {
  readonly #socket: string;
  readonly #server: XServer;

  /** Listens. */
  constructor(options: X11ServerOptions) {
    const { appRoot, apps, user, environment, displaySocket, onNotice } = options;
    this.#socket = join(appRoot, SOCKET);
    mkdirSync(dirname(this.#socket), { recursive: true });
    chmodSync(dirname(this.#socket), SOCKET_DIRECTORY_MODE);
    rmSync(this.#socket, { force: true });
    const listener = listenUnix(this.#socket);
    if (user !== undefined) chownSync(this.#socket, user.uid, user.gid);
    this.#server = new XServer({
      listener,
      displaySocket,
      onNotice,
      spawn: (args, variables, fds: readonly OwnedFd[]) => {
        const launch = launchCommand({
          root: apps,
          program: PROGRAM,
          args: [X11_DISPLAY, ...args],
          directory: "/",
          ids: user,
          terminal: false,
        });
        return Bun.spawn([launch.file, ...launch.args], {
          cwd: launch.cwd,
          detached: launch.detached,
          env: { ...environment, ...variables },
          stdio: ["ignore", "ignore", "ignore", ...fds.map(({ raw }) => raw)],
        });
      },
    });
  }

  close(): void {
    this.#server.close();
    rmSync(this.#socket, { force: true });
  }
}
