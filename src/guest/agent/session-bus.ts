/**
 * The session bus of the guest's user: one dbus-daemon in the app root, if the image has it.
 *
 * The agent makes the listening socket and hands it over in the way of sd_listen_fds(3), so programs can connect before
 * the daemon has started, and nobody waits. A dbus-daemon built without that (Alpine's) makes its own socket, and whoever
 * starts a program waits for it.
 */
import { chownSync, existsSync, type FSWatcher, mkdirSync, readFileSync, rmSync, symlinkSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { listenUnix } from "../../sys/socket.ts";
import { launchCommand } from "./launch-command.ts";
import type { ProcessPlace } from "./processes.ts";
import { findInRoot } from "./resolve-command.ts";

/** How long a program's start waits for a daemon that makes its own socket, in milliseconds. Then it starts without. */
export const BUS_SOCKET_DEADLINE_MS = 5000;
/** What a dbus-daemon that can take a socket over is linked with. */
const HANDOVER_LIBRARY = "libsystemd.so";
const DAEMON = "/usr/bin/dbus-daemon";
const DAEMON_FLAGS = ["--session", "--nofork", "--nopidfile", "--nosyslog"];

export interface SessionBusOptions extends ProcessPlace {
  /** Environment of the daemon and of the services that it starts. */
  readonly environment: Record<string, string>;
  /** The runtime directory as seen from here. */
  readonly outsideRuntimeDirectory: string;
  readonly onNotice: (message: string) => void;
}

/** True if the image has a session bus. */
export function hasSessionBus(appRoot: string): boolean {
  return findInRoot(appRoot, DAEMON)?.stats.isFile() === true;
}

export class SessionBus {
  /** Resolves when programs may be started; never rejects. */
  readonly ready: Promise<void>;
  readonly #options: SessionBusOptions;
  readonly #socket: string;
  #daemon: Bun.Subprocess | undefined;
  #closed = false;

  /** Starts the daemon. */
  constructor(options: SessionBusOptions) {
    this.#options = options;
    this.#socket = join(options.outsideRuntimeDirectory, "bus");
    this.ready = this.#start().catch((error) => {
      if (!this.#closed) options.onNotice(`session bus: ${VitrineError.from(error).message}`);
    });
  }

  close(): void {
    this.#closed = true;
    this.#daemon?.kill("SIGKILL");
    rmSync(this.#socket, { force: true });
  }

  async #start(): Promise<void> {
    rmSync(this.#socket, { force: true });
    const daemon = findInRoot(this.#options.appRoot, DAEMON)?.outside;
    if (daemon !== undefined && readFileSync(daemon).includes(HANDOVER_LIBRARY)) this.#startWithSocket();
    else await this.#startAlone();
  }

  #startWithSocket(): void {
    const { user, environment } = this.#options;
    using listener = listenUnix(this.#bindPath());
    if (user !== undefined) chownSync(this.#socket, user.uid, user.gid);
    // The daemon wants its own pid in LISTEN_PID, which is the shell's before it becomes the daemon.
    const script = `LISTEN_PID=$$ exec ${DAEMON} ${DAEMON_FLAGS.join(" ")} --address=systemd:`;
    this.#spawn("/bin/sh", ["-c", script], { ...environment, LISTEN_FDS: "1" }, listener);
  }

  async #startAlone(): Promise<void> {
    const { environment, runtimeDirectory } = this.#options;
    const appearing = fileAppears(this.#socket, BUS_SOCKET_DEADLINE_MS);
    const address = `--address=unix:path=${runtimeDirectory}/bus`;
    const daemon = this.#spawn(DAEMON, [...DAEMON_FLAGS, address], environment);
    const ended = daemon.exited.then(() => true);
    if (await Promise.race([appearing, ended])) return;
    throw new VitrineError("timeout", `Cannot wait for its socket: there is none after ${BUS_SOCKET_DEADLINE_MS} ms`);
  }

  /**
   * A path that means the same here and in the app root: the daemon asks the kernel what its socket is called, and tells
   * that to the services it starts.
   */
  #bindPath(): string {
    const { appRoot, runtimeDirectory, outsideRuntimeDirectory } = this.#options;
    if (appRoot !== "/" && !existsSync(runtimeDirectory)) {
      mkdirSync(dirname(runtimeDirectory), { recursive: true });
      symlinkSync(outsideRuntimeDirectory, runtimeDirectory);
    }
    return join(runtimeDirectory, "bus");
  }

  #spawn(program: string, args: string[], environment: Record<string, string>, listener?: OwnedFd) {
    const { apps, user, onNotice } = this.#options;
    const launch = launchCommand({ root: apps, program, args, directory: "/", ids: user, terminal: false });
    const child = Bun.spawn([launch.file, ...launch.args], {
      cwd: launch.cwd,
      detached: launch.detached,
      env: environment,
      stdio: ["ignore", "ignore", "ignore", ...(listener === undefined ? [] : [listener.raw])],
      onExit: ({ exitCode, signalCode }) => {
        if (this.#closed) return;
        rmSync(this.#socket, { force: true });
        onNotice(`session bus: the daemon has ended with ${signalCode ?? `status ${exitCode}`}`);
      },
    });
    this.#daemon = child;
    return child;
  }
}

/** Resolves with whether there was a file at `path` before the deadline. */
function fileAppears(path: string, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let watcher: FSWatcher | undefined;
    const finish = (there: boolean) => {
      clearTimeout(timer);
      watcher?.close();
      resolve(there);
    };
    const timer = setTimeout(() => finish(existsSync(path)), deadlineMs);
    watcher = watch(dirname(path), () => {
      if (existsSync(path)) finish(true);
    });
    if (existsSync(path)) finish(true);
  });
}
