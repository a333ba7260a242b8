/**
 * Headless compositors for tests, each with a runtime directory of its own. They refuse to run as root, so under root
 * they, and the apps started on them, run as nobody; root may connect to their sockets all the same. With
 * `await using` nothing stays behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VitrineError } from "../../src/base/error.ts";
import { connectUnix } from "../../src/sys/socket.ts";
import { DEFAULT_DEADLINE_MS, eventually } from "./deadline.ts";
import type { NativeRoot } from "./native-root.ts";
import { commandAsApp, endProcess, isRoot, killByEnvironment, NOBODY, runTool } from "./processes.ts";
import { Sway, type SwayNode } from "./sway.ts";

export type CompositorKind = "sway" | "mutter" | "weston" | "kwin";

export interface CompositorOptions {
  /** sway unless told otherwise: the only one that has screenshots, a window tree, and input to inject. */
  readonly kind?: CompositorKind;
  /** Where the compositor's program is from; the machine's own unless given. kwin is only in such a root. */
  readonly root?: NativeRoot;
  /** Size of the one output in its own pixels; 1280x800 unless told otherwise. */
  readonly width?: number;
  readonly height?: number;
  /** Scale of the output; mutter has no other than 1 here, weston no fractions. */
  readonly scale?: number;
  /** More lines for sway's configuration. */
  readonly swayConfig?: string;
}

const SOCKET_NAME = "wayland-1";
const START_DEADLINE_MS = 20_000;

export class Compositor implements AsyncDisposable {
  readonly kind: CompositorKind;
  readonly runtimeDir: string;
  readonly socketPath: string;
  /** The whole environment of apps that shall appear here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #root: NativeRoot | undefined;
  readonly #children: ChildProcess[] = [];
  readonly #options: CompositorOptions;
  #server: ChildProcess | undefined;

  private constructor(options: CompositorOptions) {
    const { kind = "sway", root } = options;
    const runtimeDir = mkdtempSync(join(tmpdir(), `vitrine-${kind}-`));
    this.kind = kind;
    this.#options = options;
    this.#root = root;
    this.runtimeDir = runtimeDir;
    this.socketPath = join(runtimeDir, SOCKET_NAME);
    this.environment = {
      HOME: join(runtimeDir, "home"),
      LANG: "C.UTF-8",
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      // That of nobody is no shell.
      SHELL: "/bin/sh",
      WAYLAND_DISPLAY: SOCKET_NAME,
      XDG_RUNTIME_DIR: runtimeDir,
    };
  }

  /** Starts a compositor and waits until it takes connections. */
  static async start(options: CompositorOptions = {}): Promise<Compositor> {
    const compositor = new Compositor(options);
    try {
      await compositor.#start();
      return compositor;
    } catch (error) {
      const log = compositor.log();
      await compositor.stop();
      throw new VitrineError(
        "unavailable",
        `starting the compositor "${compositor.kind}" failed: ${String(error)}\n${log}`,
        {
          cause: error,
        },
      );
    }
  }

  /**
   * Starts a program as the compositor's user, in its environment plus `extra`. It is ended with the compositor. Its
   * output goes to the log unless `stdio` says otherwise.
   */
  spawn(
    command: string,
    args: readonly string[],
    extra: Readonly<Record<string, string>> = {},
    stdio: "log" | "pipe" = "log",
  ): ChildProcess {
    const log = openSync(this.#logPath, "a", 0o600);
    try {
      const output = stdio === "pipe" ? "pipe" : log;
      const [program, ...words] = commandAsApp([command, ...args]);
      const child = spawn(program, words, {
        cwd: this.runtimeDir,
        detached: true,
        env: { ...this.environment, ...extra },
        stdio: ["ignore", output, output],
      });
      // A program that cannot be started shows by its exit.
      child.on("error", () => {});
      this.#children.push(child);
      return child;
    } finally {
      closeSync(log);
    }
  }

  /** What the compositor and the programs have printed. */
  log(): string {
    return readFileSync(this.#logPath, "utf8");
  }

  /** Gives a file, or a socket that apps shall connect to, to the user whom apps run as. */
  giveToApps(path: string): void {
    if (isRoot()) chownSync(path, NOBODY, NOBODY);
  }

  /** sway's own interface: commands, window tree, waiting for windows. Throws VitrineError "unavailable" for the others. */
  get sway(): Sway {
    if (this.kind !== "sway")
      throw new VitrineError("unavailable", `controlling "${this.kind}" failed: sway is wanted`);
    return new Sway(this.#swaySocket);
  }

  /** Runs a command of sway(5), given in words. */
  swaymsg(...words: string[]): Promise<void> {
    return this.sway.command(words.join(" "));
  }

  /** All windows of sway, as a tree. */
  tree(): Promise<SwayNode> {
    return this.sway.tree();
  }

  /**
   * Writes all that is on the screen, with the cursor if told so, at the scale of the output to the file `path`: as PNG, or
   * as PPM where the name ends so. Only sway has cursors and PPM; mutter and kwin let nobody see the screen.
   */
  async screenshot(path: string, { cursor = false } = {}): Promise<void> {
    if (this.kind === "weston") return await this.#westonScreenshot(path);
    if (this.kind !== "sway")
      throw new VitrineError("unavailable", `a screenshot of "${this.kind}" failed: sway or weston is wanted`);
    const options = ["-t", path.endsWith(".ppm") ? "ppm" : "png", ...(cursor ? ["-c"] : [])];
    await runTool("grim", [...options, path], this.environment);
  }

  /** weston's own program puts the picture into its working folder, under a name with the time. */
  async #westonScreenshot(path: string): Promise<void> {
    const folder = mkdtempSync(join(this.runtimeDir, "shot-"));
    try {
      await runTool("weston-screenshooter", [], this.environment, DEFAULT_DEADLINE_MS, folder);
      const [name] = readdirSync(folder);
      if (name === undefined) throw new VitrineError("io", "a screenshot of weston failed: there is no picture");
      renameSync(join(folder, name), path);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Kills the compositor, as a crash does: it takes leave of nobody. The programs started on it are left alone. */
  async crash(): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await ended;
  }

  /** Starts it again, at the same socket, after a crash. */
  async startAgain(): Promise<void> {
    // sway would leave one that is there alone.
    rmSync(this.#swaySocket, { force: true });
    await this.#startServer();
  }

  /** Ends the compositor, the programs started on it and what those have started, and removes the directory. */
  async stop(): Promise<void> {
    // Programs first: otherwise they complain in the log.
    for (const child of this.#children.splice(0).reverse()) await endProcess(child);
    await killByEnvironment("XDG_RUNTIME_DIR", this.runtimeDir);
    rmSync(this.runtimeDir, { recursive: true, force: true, maxRetries: 3 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #logPath(): string {
    return join(this.runtimeDir, "log");
  }

  get #busPath(): string {
    return join(this.runtimeDir, "bus");
  }

  get #busAddress(): string {
    return `unix:path=${this.#busPath}`;
  }

  get #swaySocket(): string {
    return join(this.runtimeDir, "sway.sock");
  }

  async #start(): Promise<void> {
    writeFileSync(this.#logPath, "", { mode: 0o600 });
    mkdirSync(join(this.runtimeDir, "home"));
    writeFileSync(join(this.runtimeDir, "sway.config"), swayConfig(this.#options));
    chmodSync(this.runtimeDir, 0o700);
    for (const name of ["", "home", "log", "sway.config"]) this.giveToApps(join(this.runtimeDir, name));
    if (this.kind === "mutter" || this.kind === "kwin") {
      const bus = this.#spawnServer("dbus-daemon", ["--session", "--nofork", `--address=${this.#busAddress}`]);
      await listening(this.#busPath, bus);
    }
    await this.#startServer();
  }

  async #startServer(): Promise<void> {
    const { command, args, extra = {} } = this.#program(this.#options);
    this.#server = this.#spawnServer(command, args, extra);
    await listening(this.socketPath, this.#server);
    if (this.kind === "sway") await eventually("waiting for sway", DEFAULT_DEADLINE_MS, this.#swayReady);
  }

  /** As spawn(), for the compositor's own programs. */
  #spawnServer(command: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): ChildProcess {
    const words = [command, ...args];
    const [program, rest] = this.#root?.command(words, this.runtimeDir) ?? [command, args];
    return this.spawn(program, rest, extra);
  }

  /** sway answers on its own socket once the outputs are set up. */
  readonly #swayReady = async (): Promise<true | undefined> => {
    try {
      await this.tree();
      return true;
    } catch {
      return undefined;
    }
  };

  #program(options: CompositorOptions): Program {
    const { width, height, scale } = geometry(options);
    switch (this.kind) {
      case "sway": {
        const headless = { WLR_BACKENDS: "headless", WLR_LIBINPUT_NO_DEVICES: "1", WLR_RENDERER: "pixman" };
        const args = ["-c", join(this.runtimeDir, "sway.config")];
        return { command: programOf("sway"), args, extra: { ...headless, SWAYSOCK: this.#swaySocket } };
      }
      case "mutter": {
        const args = ["--headless", "--wayland", "--no-x11", `--wayland-display=${SOCKET_NAME}`];
        if (scale !== 1) {
          throw new VitrineError("invalid-argument", `starting mutter at scale "${scale}" failed: 1 is wanted`);
        }
        const extra = { DBUS_SESSION_BUS_ADDRESS: this.#busAddress };
        return { command: "mutter", args: [...args, "--virtual-monitor", `${width}x${height}`], extra };
      }
      case "kwin": {
        const size = ["--width", String(width), "--height", String(height), "--scale", String(scale)];
        const args = ["--virtual", "--no-lockscreen", "--no-global-shortcuts", "--socket", SOCKET_NAME];
        return {
          command: "kwin_wayland",
          args: [...args, ...size],
          extra: { DBUS_SESSION_BUS_ADDRESS: this.#busAddress },
        };
      }
      case "weston": {
        const size = [`--width=${width}`, `--height=${height}`, `--scale=${scale}`];
        // The debug protocols are those that take screenshots.
        const fixed = ["--backend=headless-backend.so", "--use-pixman", "--no-config", "--debug"];
        return { command: programOf("weston"), args: [...fixed, `--socket=${SOCKET_NAME}`, ...size] };
      }
    }
  }
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Environment variables on top. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** The compositor's program: the one that VITRINE_TEST_SWAY or VITRINE_TEST_WESTON names, or that of the machine. */
function programOf(kind: "sway" | "weston"): string {
  return process.env[`VITRINE_TEST_${kind.toUpperCase()}`] ?? kind;
}

/** Waits until connections to `path` are taken, or throws because `child`, which shall take them, has ended. */
async function listening(path: string, child: ChildProcess): Promise<void> {
  let ended: string | undefined;
  child.once("exit", (code, signal) => {
    ended = `it ended with ${code ?? signal}`;
  });
  child.once("error", (error) => {
    ended = error.message;
  });
  await eventually(`waiting for "${path}"`, START_DEADLINE_MS, () => {
    if (ended !== undefined) throw new VitrineError("unavailable", ended);
    try {
      connectUnix(path).close();
      return true;
    } catch (error) {
      if (VitrineError.from(error).code === "unavailable") return undefined;
      throw error;
    }
  });
}

function geometry({ width = 1280, height = 800, scale = 1 }: CompositorOptions): {
  width: number;
  height: number;
  scale: number;
} {
  return { width, height, scale };
}

function swayConfig(options: CompositorOptions): string {
  const { width, height, scale } = geometry(options);
  return `xwayland disable
default_border none
output HEADLESS-1 resolution ${width}x${height} position 0 0 scale ${scale}
${options.swayConfig ?? ""}
`;
}
