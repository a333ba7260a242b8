/**
 * A sandbox that runs, without its virtual machine: a real supervisor with its control socket, log and policy files, and
 * both halves of the display before a compositor. Apps that connect to `appSocket` are apps of the sandbox.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAIN_LOOKS } from "../../src/channel/contract/agent.ts";
import { ARENA_BYTES } from "../../src/channel/contract/display.ts";
import { type Outcome, ownEnvironment, vitrine } from "../../src/cli/test-support.ts";
import { GuestDisplay } from "../../src/guest/display/guest-display.ts";
import { logPaths, sandboxPaths } from "../../src/host/sandbox/directories.ts";
import { acquireLock, type SandboxLock } from "../../src/host/sandbox/lock.ts";
import { LogFile } from "../../src/host/sandbox/log-file.ts";
import { loadPolicy } from "../../src/host/sandbox/policy-files.ts";
import { connectSandbox, type SandboxConnection } from "../../src/host/sandbox/supervisor/control-client.ts";
import type { EndReason } from "../../src/host/sandbox/supervisor/lifecycle.ts";
import { Supervisor } from "../../src/host/sandbox/supervisor/supervisor.ts";
import type { SupervisorSpec } from "../../src/host/sandbox/supervisor/supervisor-spec.ts";
import { HostProcessDriver } from "../../src/host/sandbox/test-support.ts";
import type { Compositor } from "./compositor.ts";

export class RunningSandbox implements AsyncDisposable {
  readonly name: string;
  readonly appSocket: string;
  /** Of commands that speak to the sandbox. */
  readonly environment: Record<string, string>;
  readonly #folder: string;
  readonly #log: LogFile;
  readonly #lock: SandboxLock | undefined;
  readonly #ended: Promise<EndReason>;
  readonly #holder: SandboxConnection;
  readonly #guest: GuestDisplay;

  private constructor(
    name: string,
    parts: {
      folder: string;
      environment: Record<string, string>;
      log: LogFile;
      lock: SandboxLock | undefined;
      ended: Promise<EndReason>;
      holder: SandboxConnection;
      driver: HostProcessDriver;
    },
  ) {
    this.name = name;
    this.environment = parts.environment;
    this.appSocket = appSocketIn(parts.folder);
    this.#folder = parts.folder;
    this.#log = parts.log;
    this.#lock = parts.lock;
    this.#ended = parts.ended;
    this.#holder = parts.holder;
    const mux = parts.driver.machine?.agent.displayMux;
    if (mux === undefined) throw new Error("the machine has no agent");
    const pixels = { kind: "stream" } as const;
    this.#guest = new GuestDisplay({ mux, socketPath: this.appSocket, pixels, arenaBytes: ARENA_BYTES });
  }

  /** `ready`: what is started in it for whoever adopts it; it connects to `appSocket`, which is there soon. */
  static async start(
    name: string,
    compositor: Compositor,
    ready: (appSocket: string) => SupervisorSpec["ready"] = () => null,
  ): Promise<RunningSandbox> {
    const folder = mkdtempSync(join(tmpdir(), "vitrine-running-"));
    const environment = { ...ownEnvironment(folder), XDG_CONFIG_HOME: join(folder, "config") };
    const paths = sandboxPaths(name, environment);
    const lock = acquireLock(paths);
    const log = new LogFile(logPaths(name, environment).supervisor);
    const driver = new HostProcessDriver();
    const spec = {
      name,
      colour: "blue" as const,
      image: "demo",
      kernel: { version: "6", image: "", initramfs: "", digest: "" },
      toolsImage: "",
      appImage: "",
      layerImages: [],
      home: null,
      network: null,
      arena: null,
      snapshots: false,
      compositor: compositor.socketPath,
      session: { environment: {}, looks: PLAIN_LOOKS },
      driver: "qemu" as const,
      confined: true,
      ready: ready(appSocketIn(folder)),
    };
    const consoleLog = logPaths(name, environment).console;
    const policy = () => loadPolicy(name, environment);
    const ended = new Supervisor({ spec, paths, consoleLog, log, driver, policy }).run();
    const holder = await connectSandbox(name, environment);
    await holder.info(true);
    return new RunningSandbox(name, { folder, environment, log, lock, ended, holder, driver });
  }

  /** How it ended. */
  get ended(): Promise<EndReason> {
    return this.#ended;
  }

  /** Runs a command of the command line. */
  run(...words: string[]): Promise<Outcome> {
    return vitrine(words, this.environment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#guest.close();
    await this.#holder.stop(true).catch(() => {}); // It has ended by itself.
    await this.#ended;
    this.#log.close();
    this.#lock?.release();
    rmSync(this.#folder, { recursive: true });
  }
}

function appSocketIn(folder: string): string {
  return join(folder, "wayland-guest");
}
