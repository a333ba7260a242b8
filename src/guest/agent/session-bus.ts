/**
 * The session bus of the guest's user: one dbus-daemon in the app root, if the image has it.
 *
 * The agent makes the listening socket and hands it over in the way of sd_listen_fds(3), so programs can connect before
 * the daemon has started, and nobody waits. A dbus-daemon built without that (Alpine's) ends at once; then it is started
 * again to make its own socket, and whoever starts a program waits for that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, type FSWatcher, mkdirSync, rmSync, symlinkSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { listenUnix } from "../../sys/socket.ts";
import { launchCommand } from "./launch-command.ts";
import type { ProcessPlace } from "./processes.ts";
import { findInRoot, resolveCommand } from "./resolve-command.ts";

/** How long a program's start waits for a daemon that makes its own socket, in milliseconds. Then it starts without. */
export const BUS_SOCKET_DEADLINE_MS = 5000;
/** A daemon that fails within this time of its start, in milliseconds, cannot take a socket over. */
const HANDOVER_FAILURE_MS = 10_000;

export interface SessionBusOptions extends ProcessPlace {
  /** Environment of the daemon and of the services that it starts. */
  readonly environment: Record<string, string>;
  /** The runtime directory as seen from here. */
  readonly outsideRuntimeDirectory: string;
  readonly onNotice: (message: string) => void;
}

/** True if the image has a session bus. */
export function hasSessionBus(appRoot: string): boolean {
  return findInRoot(appRoot, "/usr/bin/dbus-daemon") !== undefined;
}

export class SessionBus {
  readonly #options: SessionBusOptions;
  readonly #socket: string;
  #daemon: ChildProcess | undefined;
  #closed = false;
  #ready: Promise<void>;

  /** Starts the daemon. Programs may be started once `ready` has resolved; it never rejects. */
  constructor(options: SessionBusOptions) {
    this.#options = options;
    this.#socket = join(options.outsideRuntimeDirectory, "bus");
    this.#ready = Promise.resolve();
    try {
      this.#startWithSocket();
    } catch (error) {
      options.onNotice(`session bus: ${VitrineError.from(error).message}`);
      this.#ready = this.#startAlone();
    }
  }

  get ready(): Promise<void> {
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  close(): void {
    this.#closed = true;
    this.#daemon?.kill("SIGKILL");
    rmSync(this.#socket, { force: true });
  }

  #startWithSocket(): void {
    const { user, environment } = this.#options;
    using listener = listenUnix(this.#bindPath());
    if (user !== undefined) chownSync(this.#socket, user.uid, user.gid);
    const started = performance.now();
    // The daemon wants its own pid in LISTEN_PID, which is the shell's before it becomes the daemon.
    const script = "LISTEN_PID=$$ exec dbus-daemon --session --nofork --nopidfile --nosyslog --address=systemd:";
    this.#daemon = this.#spawn("sh", ["-c", script], { ...environment, LISTEN_FDS: "1" }, listener);
    this.#daemon.once("exit", () => {
      if (this.#closed) return;
      rmSync(this.#socket, { force: true });
      if (performance.now() - started > HANDOVER_FAILURE_MS)
        this.#options.onNotice("session bus: the daemon has ended");
      else this.#ready = this.#startAlone();
    });
  }

  async #startAlone(): Promise<void> {
    const { environment, runtimeDirectory, onNotice } = this.#options;
    try {
      rmSync(this.#socket, { force: true });
      const address = `--address=unix:path=${runtimeDirectory}/bus`;
      const appearing = fileAppears(this.#socket, BUS_SOCKET_DEADLINE_MS);
      const args = ["--session", "--nofork", "--nopidfile", "--nosyslog", address];
      this.#daemon = this.#spawn("dbus-daemon", args, environment);
      const ended = new Promise<boolean>((resolve) => this.#daemon?.once("exit", () => resolve(false)));
      if (!(await Promise.race([appearing, ended])) && !this.#closed)
        onNotice("session bus: the daemon does not start");
    } catch (error) {
      onNotice(`session bus: ${VitrineError.from(error).message}`);
    }
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

  #spawn(command: string, args: string[], environment: Record<string, string>, listener?: OwnedFd): ChildProcess {
    const { appRoot, user } = this.#options;
    const directory = "/";
    const program = resolveCommand(command, { root: appRoot, path: environment.PATH ?? "", directory });
    const launch = launchCommand({ appRoot, program, args, directory, ids: user, terminal: false });
    const child = spawn(launch.file, launch.args, {
      cwd: launch.cwd,
      detached: launch.detached,
      env: environment,
      stdio: ["ignore", "ignore", "ignore", ...(listener === undefined ? [] : [listener.raw])],
    });
    child.on("error", (error) => this.#options.onNotice(`session bus: ${error.message}`));
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
