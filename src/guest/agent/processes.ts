/** The processes that the host has started: their numbers, and how one is started in the app root. */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { MAX_PROCESSES, type SIGNALS, type Stdio } from "../../channel/contract/agent.ts";
import type { AppRoot } from "./app-root.ts";
import { entryCommand } from "./desktop-entry.ts";
import { buildEnvironment, checkStrings, ROOT_HOME, USER_HOME } from "./environment.ts";
import { GuestProcess, type ProcessEnd } from "./guest-process.ts";
import { launchCommand } from "./launch-command.ts";
import { findInRoot, resolveCommand } from "./resolve-command.ts";
import type { StdioName } from "./stdio-streams.ts";

export interface SpawnRequest {
  readonly process: number;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory?: string | undefined;
  readonly user: "user" | "root";
  /** See the contract. */
  readonly entry?: { readonly action: string | null } | undefined;
  readonly inTools?: boolean | undefined;
  readonly stdio: Stdio;
}

/** Where processes are started, and as whom. */
export interface ProcessPlace {
  /** As seen from here. */
  readonly appRoot: string;
  /** The same as apps have it; undefined: they run where the agent does. */
  readonly apps: AppRoot | undefined;
  /** Ids of "user"; without, every process keeps those of the agent. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** As seen from inside. */
  readonly runtimeDirectory: string;
}

/** What all processes of the guest share. */
export interface GuestSession {
  readonly environment: Readonly<Record<string, string>>;
  /** It has a session bus. */
  readonly bus: boolean;
  /** Value of DISPLAY, if it has an X server. */
  readonly x11Display: string | undefined;
}

export class Processes {
  readonly #place: ProcessPlace;
  readonly #onEnd: (process: number, end: ProcessEnd) => void;
  /** A number without a process is one that is being started. */
  readonly #processes = new Map<number, GuestProcess | undefined>();

  constructor(place: ProcessPlace, onEnd: (process: number, end: ProcessEnd) => void) {
    this.#place = place;
    this.#onEnd = onEnd;
  }

  get pids(): number[] {
    return [...this.#processes.values()].flatMap((process) => (process === undefined ? [] : [process.pid]));
  }

  has(process: number): boolean {
    return this.#processes.has(process);
  }

  /** Takes over `streams`, also when it rejects. */
  async spawn(
    request: SpawnRequest,
    streams: ReadonlyMap<StdioName, ByteStream>,
    session: GuestSession,
  ): Promise<number> {
    let added = false;
    try {
      if (this.#processes.has(request.process)) {
        throw new VitrineError(
          "invalid-argument",
          `Cannot start process ${request.process}: an unused number is wanted`,
        );
      }
      if (this.#processes.size >= MAX_PROCESSES) {
        throw new VitrineError(
          "limit",
          `Cannot start "${request.argv[0]}": ${MAX_PROCESSES} processes run, fewer wanted`,
        );
      }
      this.#processes.set(request.process, undefined);
      added = true;
      const environment = this.environment(request, session);
      const launch = this.launch(request, environment);
      const started = GuestProcess.start(launch, {
        environment,
        stdio: request.stdio,
        streams,
        onEnd: (end) => {
          this.#processes.delete(request.process);
          this.#onEnd(request.process, end);
        },
      });
      this.#processes.set(request.process, started);
      return started.pid;
    } catch (error) {
      for (const stream of streams.values()) stream.destroy();
      if (added) this.#processes.delete(request.process);
      throw error;
    }
  }

  signal(process: number, signal: (typeof SIGNALS)[number]): void {
    this.#running(process).signal(signal);
  }

  resize(process: number, size: { rows: number; columns: number }): void {
    this.#running(process).resize(size);
  }

  /** Hangs up the terminals: an interactive shell ignores SIGTERM. */
  hangUp(): void {
    for (const process of this.#processes.values()) if (process?.hasTerminal) process.signal("SIGHUP");
  }

  /** Kills all process groups, without telling the host. */
  destroy(): void {
    for (const process of [...this.#processes.values()]) process?.destroy();
  }

  environment(
    request: Pick<SpawnRequest, "user" | "environment" | "stdio">,
    session: GuestSession,
  ): Record<string, string> {
    const bash = findInRoot(this.#place.appRoot, "/bin/bash") !== undefined;
    return buildEnvironment({
      user: request.user,
      shell: bash ? "/bin/bash" : "/bin/sh",
      runtimeDirectory: this.#place.runtimeDirectory,
      sessionBus: session.bus,
      x11Display: session.x11Display,
      terminal: request.stdio.kind === "terminal",
      overrides: [session.environment, request.environment],
    });
  }

  /** Finds program and directory in the app root. Throws "not-found" and "invalid-argument". */
  launch(
    request: Pick<SpawnRequest, "argv" | "directory" | "user" | "entry" | "inTools" | "stdio">,
    environment: Record<string, string>,
  ) {
    const { user } = this.#place;
    const [appRoot, root] = request.inTools === true ? ["/", undefined] : [this.#place.appRoot, this.#place.apps];
    checkStrings(request.argv, environment);
    const [command = "", ...args] =
      request.entry === undefined ? request.argv : entryCommand(appRoot, request.argv, request.entry.action);
    const directory = request.inTools === true ? "/" : this.#directory(request.directory, request.user);
    const program = resolveCommand(command, { root: appRoot, path: environment.PATH ?? "", directory });
    const ids =
      user === undefined || request.inTools === true ? undefined : request.user === "root" ? { uid: 0, gid: 0 } : user;
    return launchCommand({ root, program, args, directory, ids, terminal: request.stdio.kind === "terminal" });
  }

  #directory(wanted: string | undefined, user: "user" | "root"): string {
    const directory = wanted ?? (user === "root" ? ROOT_HOME : USER_HOME);
    if (!directory.startsWith("/") || directory.includes("\0")) {
      throw new VitrineError("invalid-argument", `Cannot start in "${directory}": an absolute path is wanted`);
    }
    const { appRoot } = this.#place;
    const found = findInRoot(appRoot, directory);
    // Behind all links: they may mean another place where it is looked for from outside.
    if (found?.stats.isDirectory()) return appRoot === "/" ? found.outside : found.outside.slice(appRoot.length) || "/";
    if (wanted === undefined) return "/";
    throw new VitrineError("not-found", `Cannot start in "${directory}": no such directory in the image`);
  }

  #running(process: number): GuestProcess {
    const running = this.#processes.get(process);
    if (running === undefined) throw new VitrineError("not-found", `Cannot reach process ${process}: it has ended`);
    return running;
  }
}
