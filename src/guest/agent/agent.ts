/**
 * The agent: the guest's end of the link that channel/contract/agent.ts describes. It starts and ends processes in the
 * app root, and carries their streams and the app's windows.
 *
 * The host is trusted here; the programs in the app root are not, but they can reach no more than the display and their
 * own streams. When the link is lost, the guest has no more purpose and powers off.
 */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { validate } from "../../base/untrusted.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { AGENT_PROTOCOL_VERSION, agentContract, hostStreamHeader, PLAIN_LOOKS } from "../../channel/contract/agent.ts";
import { Mux } from "../../channel/mux.ts";
import { type Handlers, RpcPeer } from "../../channel/rpc.ts";
import { endProcesses, processesElsewhere } from "./app-processes.ts";
import type { AppRoot } from "./app-root.ts";
import { USER_HOME, WAYLAND_DISPLAY } from "./environment.ts";
import { looksEnvironment } from "./looks.ts";
import { kernelRelease, monotonicNow, readMemory } from "./machine.ts";
import { writeMachineId } from "./machine-id.ts";
import type { NetworkSettings } from "./network.ts";
import { type GuestSession, Processes, type ProcessPlace, type SpawnRequest } from "./processes.ts";
import { findInRoot } from "./resolve-command.ts";
import { hasSessionBus, SessionBus } from "./session-bus.ts";
import { adoptSession } from "./session-files.ts";
import { StdioStreams } from "./stdio-streams.ts";
import { hasX11Server, X11_DISPLAY, X11Server } from "./x11-server.ts";

/** What the guest half of the display is made from. */
export interface DisplayOptions {
  /** Over the display link. */
  readonly mux: Mux;
  readonly socketPath: string;
  readonly pixels: { readonly kind: "arena"; readonly file: string } | { readonly kind: "stream" };
  readonly arenaBytes: number;
}

export interface AgentOptions {
  /** Root of the apps' system as seen from here. */
  readonly appRoot: string;
  /** The same as apps have it. Without, apps run where the agent does, as the agent's user, and `appRoot` is "/". */
  readonly apps?: AppRoot;
  /** Ids of the apps' user; without, every process keeps the agent's. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** The user's runtime directory as seen from here, in the app root. Made if it is missing. */
  readonly runtimeDir: string;
  /** File of the window arena. Needed when the host wants pixels to travel that way. */
  readonly arenaFile?: string;
  /** Opens the link to where windows are shown. Without, there is no display. */
  readonly openDisplayLink?: () => Promise<ByteStream>;
  /** Makes the listening Wayland socket. Without, there is no display. */
  readonly openDisplay?: (options: DisplayOptions) => { close(): void };
  /** Sets random numbers, clock (milliseconds since 1970), host name and caches of the machine. Without, they stay. */
  readonly machine?: {
    addEntropy(bytes: Uint8Array): void;
    setClock(milliseconds: number): void;
    setHostname(name: string): void;
    dropCaches(): void;
  };
  /** Mounts the user's home from its disk, which is made into a file system first if `format`. Without, there is no disk. */
  readonly openHome?: (format: boolean) => Promise<{ close(): Promise<void> }>;
  /** Sets the network card up. Without, there is none. */
  readonly openNetwork?: (settings: NetworkSettings) => Promise<void>;
  /**
   * Ends the guest. Called once: after stop, or as soon as the link is lost. `greeted`: the host had said hello; else this
   * agent has served no sandbox, and nothing has changed.
   */
  readonly powerOff: (greeted: boolean) => void;
  /** Milliseconds of uptime when init began; the agent's own start when unknown. */
  readonly initUptime?: number | undefined;
  readonly onNotice?: (message: string) => void;
}

/** Serves `link`, which it takes over, until that is lost. */
export function runAgent(link: ByteStream, options: AgentOptions): void {
  new Agent(link, options);
}

type Hello = Parameters<Handlers<typeof agentContract>["hello"]>[0];

class Agent {
  readonly #options: AgentOptions;
  readonly #place: ProcessPlace;
  readonly #startUptime: number;
  readonly #mux: Mux;
  readonly #stdio = new StdioStreams();
  readonly #processes: Processes;
  #rpc: RpcPeer<typeof agentContract> | undefined;
  #hello: Hello | undefined;
  #display: { close(): void } | undefined;
  #displayMux: Mux | undefined;
  #bus: SessionBus | undefined;
  #x11: X11Server | undefined;
  #home: { close(): Promise<void> } | undefined;
  #state: "running" | "stopping" | "over" = "running";

  constructor(link: ByteStream, options: AgentOptions) {
    this.#options = options;
    this.#startUptime = Math.max(0, monotonicNow() - process.uptime() * 1000);
    const { appRoot, apps, runtimeDir, user } = options;
    const runtimeDirectory = appRoot === "/" ? runtimeDir : runtimeDir.slice(appRoot.length);
    this.#place = { appRoot, apps, user, runtimeDirectory };
    this.#processes = new Processes(this.#place, (process, end) => this.#rpc?.emit("exited", { process, ...end }));
    this.#mux = new Mux(link, "server");
    this.#mux.onClose((error) => this.#lost(error));
    this.#mux.onStream((stream, header) => {
      const checked = validate(header, (raw) => hostStreamHeader.safeParse(raw));
      if (!checked.success) stream.destroy();
      else if (checked.data.kind === "rpc") this.#serve(stream);
      else this.#stdio.add(checked.data.process, checked.data.name, stream);
    });
  }

  #serve(stream: ByteStream): void {
    if (this.#rpc !== undefined) {
      stream.destroy();
      return;
    }
    this.#rpc = new RpcPeer(stream, {
      serves: agentContract,
      handlers: {
        hello: (params) => this.#greet(params),
        setClock: ({ time }) => {
          this.#options.machine?.setClock(time);
          return { uptime: monotonicNow() };
        },
        openHome: async ({ format }) => {
          await this.#openHome(format);
          return {};
        },
        openNetwork: async (settings) => {
          this.#checkSettingUp("network", false);
          await this.#options.openNetwork?.(settings);
          return {};
        },
        spawn: async (params) => ({ pid: await this.#spawn(params) }),
        signal: ({ process, signal }) => {
          this.#processes.signal(process, signal);
          return {};
        },
        resize: ({ process, rows, columns }) => {
          this.#processes.resize(process, { rows, columns });
          return {};
        },
        memory: () => readMemory(),
        dropCaches: () => {
          this.#options.machine?.dropCaches();
          return readMemory();
        },
        stop: async ({ grace }) => {
          await this.#stop(grace);
          return {};
        },
      },
    });
    this.#rpc.onClose(() => this.#mux.close());
  }

  async #greet(hello: Hello) {
    if (hello.version !== AGENT_PROTOCOL_VERSION) {
      const wanted = `version ${AGENT_PROTOCOL_VERSION} is wanted`;
      throw new VitrineError("protocol", `Cannot serve a host of version "${hello.version}": ${wanted}`);
    }
    if (this.#hello !== undefined) throw new VitrineError("protocol", "Cannot take a second hello: one is wanted");
    this.#hello = hello;
    const { machine } = this.#options;
    // Before anything that may want a random number.
    machine?.addEntropy(Buffer.from(hello.entropy, "hex"));
    machine?.setHostname(hello.hostname);
    if (this.#options.appRoot !== "/") {
      writeMachineId(this.#options.appRoot, hello.machineId);
      adoptSession(this.#options.appRoot, hello.environment, hello.looks);
    }
    this.#makeDirectories();
    await this.#openDisplay(hello);
    // The host derives the offset between the two monotonic clocks from `now`, so it is taken last.
    return {
      version: AGENT_PROTOCOL_VERSION,
      kernel: kernelRelease().slice(0, 256),
      uptime: {
        init: this.#options.initUptime ?? this.#startUptime,
        agent: this.#startUptime,
        now: monotonicNow(),
      },
    };
  }

  async #openDisplay({ pixels, arenaBytes }: Hello): Promise<void> {
    const { openDisplayLink, openDisplay, runtimeDir, user } = this.#options;
    if (openDisplayLink === undefined || openDisplay === undefined) return;
    const way = this.#pixels(pixels);
    this.#displayMux = new Mux(await openDisplayLink(), "server");
    // Who shows windows has gone: the apps' connections end with their streams, and the supervisor knows what is next.
    this.#displayMux.onClose((error) => error !== undefined && this.#notice(error));
    const socketPath = join(runtimeDir, WAYLAND_DISPLAY);
    this.#display = openDisplay({ mux: this.#displayMux, socketPath, pixels: way, arenaBytes });
    if (user !== undefined) chownSync(socketPath, user.uid, user.gid);
    this.#openX11(socketPath);
  }

  #openX11(displaySocket: string): void {
    const { appRoot, apps } = this.#options;
    // Where the agent's own tree is that of the apps, there may be another X server.
    if (apps === undefined || !hasX11Server(appRoot)) return;
    const stdio = { kind: "null" } as const;
    try {
      this.#x11 = new X11Server({
        ...this.#place,
        environment: this.#processes.environment({ user: "user", environment: {}, stdio }, this.#session),
        displaySocket,
        onNotice: (message) => this.#state === "running" && this.#options.onNotice?.(message),
      });
    } catch (error) {
      // Most programs do without.
      this.#notice(error);
    }
  }

  #pixels(wanted: "arena" | "stream"): DisplayOptions["pixels"] {
    if (wanted === "stream") return { kind: "stream" };
    const file = this.#options.arenaFile;
    if (file === undefined)
      throw new VitrineError("unavailable", 'Cannot send pixels through the "arena": none is there');
    return { kind: "arena", file };
  }

  /** The user's runtime directory and home, where the image has none. */
  #makeDirectories(): void {
    const { appRoot, runtimeDir, user } = this.#options;
    const directories = [runtimeDir];
    if (appRoot !== "/" && findInRoot(appRoot, USER_HOME) === undefined) directories.push(join(appRoot, USER_HOME));
    for (const directory of directories) {
      mkdirSync(directory, { recursive: true });
      chmodSync(directory, 0o700);
      if (user !== undefined) chownSync(directory, user.uid, user.gid);
    }
  }

  async #openHome(format: boolean): Promise<void> {
    this.#checkSettingUp("home", this.#home !== undefined);
    if (this.#options.openHome === undefined) throw new VitrineError("unavailable", "Cannot open the home: no disk");
    this.#home = await this.#options.openHome(format);
  }

  #checkSettingUp(what: string, done: boolean): void {
    if (this.#hello !== undefined && this.#processes.pids.length === 0 && !done) return;
    throw new VitrineError("protocol", `Cannot open the ${what}: once, between hello and the first process, is wanted`);
  }

  async #spawn(request: SpawnRequest): Promise<number> {
    const streams = this.#stdio.claim(request.process);
    const hello = this.#hello;
    if (hello === undefined || this.#state !== "running") {
      for (const stream of streams.values()) stream.destroy();
      const state = hello === undefined ? "no hello has come" : "the guest is stopping";
      throw new VitrineError("unavailable", `Cannot start "${request.argv[0]}": ${state}`);
    }
    const session = this.#session;
    if (session.bus && request.user === "user") {
      this.#bus ??= this.#startBus(session);
      await this.#bus.ready;
    }
    return this.#processes.spawn(request, streams, session);
  }

  get #session(): GuestSession {
    const { looks, environment } = this.#hello ?? { looks: PLAIN_LOOKS, environment: {} };
    return {
      environment: { ...looksEnvironment(looks), ...environment },
      bus: hasSessionBus(this.#options.appRoot),
      x11Display: this.#x11 === undefined ? undefined : X11_DISPLAY,
    };
  }

  #startBus(session: GuestSession): SessionBus {
    const stdio = { kind: "null" } as const;
    return new SessionBus({
      ...this.#place,
      environment: this.#processes.environment({ user: "user", environment: {}, stdio }, session),
      outsideRuntimeDirectory: this.#options.runtimeDir,
      onNotice: (message) => this.#state === "running" && this.#options.onNotice?.(message),
    });
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.#state !== "running") throw new VitrineError("unavailable", "Cannot stop: the guest is stopping");
    this.#state = "stopping";
    const { apps } = this.#options;
    const list = () => (apps === undefined ? this.#processes.pids.map((pid) => -pid) : processesElsewhere());
    this.#processes.hangUp();
    await endProcesses(list, graceMs);
    await this.#home?.close().catch((error) => this.#notice(error));
    // After the answer, which is written when this has returned.
    setImmediate(() => this.#over());
  }

  #lost(error: VitrineError | undefined): void {
    if (error !== undefined) this.#notice(error);
    this.#over();
  }

  #over(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#stdio.close();
    this.#processes.destroy();
    this.#bus?.close();
    this.#x11?.close();
    this.#display?.close();
    this.#displayMux?.close();
    this.#options.powerOff(this.#hello !== undefined);
  }

  #notice(error: unknown): void {
    this.#options.onNotice?.(VitrineError.from(error).message);
  }
}
