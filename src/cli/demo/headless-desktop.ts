/**
 * A desktop that nobody sees: sway with a virtual output, for machines without one. Everything on it is real: apps are
 * its clients, keys come from a virtual keyboard, and a screenshot shows what a monitor would.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";

/** How long the desktop may take to start, a tool to do its work, and a window or a change to appear, in milliseconds. */
export const DESKTOP_START_DEADLINE_MS = 20_000;
export const DESKTOP_TOOL_DEADLINE_MS = 20_000;
export const DESKTOP_WAIT_DEADLINE_MS = 120_000;
/** How often to look, in milliseconds. */
const LOOK_INTERVAL_MS = 100;
/** A picture that has not changed for so long is complete, in milliseconds. */
const STILL_MS = 2000;
/** Bytes of a screenshot; 1280x800 takes well under one million. */
export const MAX_SCREENSHOT_BYTES = 16 * 1024 * 1024;

/** Between two keys, in milliseconds, so that an app under emulation can draw each of them. */
const KEY_INTERVAL_MS = 20;
/** How long the keyboard that is only there to be there does nothing, in milliseconds: longer than any demo. */
const KEYBOARD_SLEEP_MS = 24 * 3600 * 1000;

/** sway refuses to run as root; for a desktop that only draws any other user will do. */
const NOBODY = 65_534;

const CONFIG = `
output HEADLESS-1 resolution 1280x800
default_border pixel 2
gaps inner 8
seat seat0 hide_cursor 1
xwayland disable
`;

export class HeadlessDesktop {
  readonly #folder: string;
  readonly #compositor: ChildProcess;
  #keyboard: ChildProcess | undefined;

  private constructor(folder: string, compositor: ChildProcess) {
    this.#folder = folder;
    this.#compositor = compositor;
  }

  /** Starts it and waits until windows can be opened. */
  static async start(): Promise<HeadlessDesktop> {
    const folder = mkdtempSync(join(tmpdir(), "vitrine-desktop-"));
    const config = join(folder, "config");
    writeFileSync(config, CONFIG);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) for (const path of [folder, config]) chownSync(path, NOBODY, NOBODY);
    const drop = isRoot ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];
    const log = { text: "" };
    // Should this process be killed, the desktop goes with it.
    const compositor = spawn("setpriv", ["--pdeathsig=KILL", ...drop, "sway", "--config", config], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        XDG_RUNTIME_DIR: folder,
        SWAYSOCK: join(folder, "sway.sock"),
        WLR_BACKENDS: "headless",
        WLR_RENDERER: "pixman",
        WLR_LIBINPUT_NO_DEVICES: "1",
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    compositor.stderr?.on("data", (chunk: Buffer) => {
      log.text = `${log.text}${chunk}`.slice(-2000);
    });
    const desktop = new HeadlessDesktop(folder, compositor);
    let ended = false;
    compositor.once("exit", () => (ended = true));
    compositor.once("error", () => (ended = true));
    const up = await lookFor(DESKTOP_START_DEADLINE_MS, () => ended || existsSync(desktop.socket));
    if (up && !ended) {
      desktop.#plugInKeyboard();
      return desktop;
    }
    await desktop.stop();
    throw new VitrineError("unavailable", `Cannot start a headless desktop: sway did not come up: ${log.text.trim()}`, {
      fix: "./vitrine setup headless",
    });
  }

  /**
   * A seat whose keyboard comes with the first key loses that key: apps ask for the keyboard only when they have heard of
   * it. So one stays plugged in; keys come from others.
   */
  #plugInKeyboard(): void {
    const keyboard = ["wtype", "-s", String(KEYBOARD_SLEEP_MS)];
    this.#keyboard = spawn("setpriv", ["--pdeathsig=KILL", ...keyboard], { env: this.#environment, stdio: "ignore" });
    this.#keyboard.on("error", () => {}); // The tools that follow say what is missing.
  }

  get #environment(): NodeJS.ProcessEnv {
    const sway = join(this.#folder, "sway.sock");
    return { ...process.env, XDG_RUNTIME_DIR: this.#folder, WAYLAND_DISPLAY: this.socket, SWAYSOCK: sway };
  }

  /** Where windows are opened. */
  get socket(): string {
    return join(this.#folder, "wayland-1");
  }

  /** Waits for a window whose app id is `appId`. */
  async waitForWindow(appId: string): Promise<void> {
    const wanted = `"app_id": ${JSON.stringify(appId)}`;
    const there = await lookFor(DESKTOP_WAIT_DEADLINE_MS, async () =>
      (await this.#tool("swaymsg", ["--raw", "--type", "get_tree"])).toString().includes(wanted),
    );
    if (!there) throw new VitrineError("timeout", `Cannot see a window of "${appId}" on the headless desktop`);
  }

  /** Gives the keyboard to the window with app id `appId`. */
  async focus(appId: string): Promise<void> {
    await this.#tool("swaymsg", [`[app_id="^${appId.replaceAll(".", "\\.")}$"]`, "focus"]);
  }

  /** Types `text`, then the key named `key`, into the focused window. */
  async type(text: string, key: string): Promise<void> {
    await this.#tool("wtype", ["-d", String(KEY_INTERVAL_MS), text, "-k", key]);
  }

  /** The screen as a PNG, once it differs from `before` and has been still for a while. */
  async settledPicture(before?: Uint8Array): Promise<Uint8Array> {
    const old = before === undefined ? "" : digest(before);
    let picture: Uint8Array = new Uint8Array(0);
    let since = performance.now();
    const settled = await lookFor(DESKTOP_WAIT_DEADLINE_MS, async () => {
      const now = await this.#tool("grim", ["-"]);
      if (digest(now) !== digest(picture)) since = performance.now();
      picture = now;
      return digest(now) !== old && performance.now() - since >= STILL_MS;
    });
    if (!settled)
      throw new VitrineError("timeout", "Cannot take a picture: the screen does not come to rest as expected");
    return picture;
  }

  /** Ends it, and everything that is left of it. */
  async stop(): Promise<void> {
    this.#keyboard?.kill("SIGKILL");
    if (
      this.#compositor.exitCode === null &&
      this.#compositor.signalCode === null &&
      this.#compositor.pid !== undefined
    ) {
      const gone = once(this.#compositor, "exit");
      this.#compositor.kill("SIGTERM");
      const timer = setTimeout(() => this.#compositor.kill("SIGKILL"), DESKTOP_TOOL_DEADLINE_MS);
      await gone;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tool(command: string, args: string[]): Promise<Uint8Array> {
    const options = {
      env: this.#environment,
      encoding: "buffer",
      maxBuffer: MAX_SCREENSHOT_BYTES,
      timeout: DESKTOP_TOOL_DEADLINE_MS,
    } as const;
    return new Promise((resolve, reject) => {
      execFile(command, args, options, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        reject(
          new VitrineError(
            "io",
            `Cannot use the headless desktop: ${command} failed: ${stderr.toString().trim() || error.message}`,
            { cause: error },
          ),
        );
      });
    });
  }
}

function digest(picture: Uint8Array): string {
  return createHash("sha256").update(picture).digest("hex");
}

async function lookFor(deadline: number, there: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + deadline;
  while (performance.now() < end) {
    if (await there()) return true;
    await Bun.sleep(LOOK_INTERVAL_MS);
  }
  return false;
}
