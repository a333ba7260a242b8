/** An X server for a display loop, as the agent has one in the guest: Xwayland, and the bridge to the guest half. */
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../src/base/error.ts";
import { XServer } from "../../src/guest/x11/x-server.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { listenUnix } from "../../src/sys/socket.ts";
import type { Compositor } from "./compositor.ts";
import type { DisplayLoop } from "./display-loop.ts";
import { commandAsApp } from "./processes.ts";

const SOCKETS = "/tmp/.X11-unix";
/** Numbers that nobody's desktop has. */
const FIRST_NUMBER = 90;
const LAST_NUMBER = 190;

export class X11Screen implements Disposable {
  readonly notices: string[] = [];
  /** For programs that shall know no Wayland. */
  readonly environment: Readonly<Record<string, string>>;
  readonly server: XServer;
  readonly #socket: string;

  constructor(compositor: Compositor, loop: DisplayLoop) {
    const { listener, number } = listenSomewhere();
    this.#socket = join(SOCKETS, `X${number}`);
    compositor.giveToApps(this.#socket);
    this.environment = { DISPLAY: `:${number}`, GDK_BACKEND: "x11", WAYLAND_DISPLAY: "none" };
    this.server = new XServer({
      listener,
      displaySocket: loop.socketPath,
      onNotice: (message) => this.notices.push(message),
      spawn: (args, variables, fds) => {
        const log = openSync(join(compositor.runtimeDir, "log"), "a");
        const child = Bun.spawn(commandAsApp(["Xwayland", `:${number}`, ...args]), {
          env: { ...compositor.environment, ...variables },
          stdio: ["ignore", log, log, ...fds.map(({ raw }) => raw)],
        });
        closeSync(log);
        return child;
      },
    });
  }

  [Symbol.dispose](): void {
    this.server.close();
    rmSync(this.#socket, { force: true });
  }
}

function listenSomewhere(): { listener: OwnedFd; number: number } {
  mkdirSync(SOCKETS, { recursive: true, mode: 0o1777 });
  for (let number = FIRST_NUMBER; number <= LAST_NUMBER; number += 1) {
    try {
      return { listener: listenUnix(join(SOCKETS, `X${number}`)), number };
    } catch (error) {
      if (VitrineError.from(error).code !== "already-exists") throw error;
    }
  }
  throw new VitrineError("unavailable", `there is no free X display from ${FIRST_NUMBER} to ${LAST_NUMBER}`);
}
