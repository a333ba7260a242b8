/** A headless desktop, an image, and virtual machines that show windows of the image's programs on it. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ownEnvironment, vitrine } from "../../src/cli/test-support.ts";
import { Compositor } from "../support/compositor.ts";
import { VirtualInput } from "../support/input.ts";
import { NativeRoot } from "../support/native-root.ts";
import type { Pixels } from "../support/pixels.ts";
import { type PictureOptions, pixelsNow, stillPicture, stillPixels } from "../support/still-picture.ts";
import type { SwayNode } from "../support/sway.ts";

export const [WIDTH, HEIGHT] = [1440, 900];
/** In milliseconds; a build takes minutes, a boot under emulation beside others up to one. */
export const BUILD_DEADLINE_MS = 900_000;
export const BOOT_DEADLINE_MS = 240_000;
const WINDOW_DEADLINE_MS = 120_000;
/** Until an app under emulation has drawn all of its window. */
const PICTURE_DEADLINE_MS = 60_000;
/** An image of the tests: its name, and what it is made of. */
export interface TestImage {
  readonly name: string;
  readonly packages: readonly string[];
}
/** A terminal, the toolkits GTK 4, Qt 6 and SDL 2 with a program of each, and weston's test programs. */
const APPS_PACKAGES = [
  "adwaita-icon-theme",
  "featherpad",
  "fonts-dejavu-core",
  "foot",
  "gnome-calculator",
  "gtk-4-examples",
  "libegl-mesa0",
  "libgl1-mesa-dri",
  "libsdl2-tests",
  "qt6-wayland",
  "socat",
  "waypipe",
  "wayland-utils",
  "weston",
  "wl-clipboard",
];
const APPS: TestImage = { name: "vitrine-test-apps", packages: APPS_PACKAGES };
/** One sandbox for each way that pixels travel; by their names they have frames of one colour. */
export const SANDBOXES = { arena: [], wire: ["--no-shared-memory"] } as const;
export type SandboxName = keyof typeof SANDBOXES;

export class VmSession {
  readonly compositor: Compositor;
  readonly input: VirtualInput;
  readonly native: NativeRoot;
  readonly #folder: string;
  readonly #environment: Record<string, string>;
  readonly #image: TestImage;

  private constructor(
    compositor: Compositor,
    input: VirtualInput,
    native: NativeRoot,
    folder: string,
    image: TestImage,
  ) {
    this.#image = image;
    this.compositor = compositor;
    this.input = input;
    this.native = native;
    this.#folder = folder;
    this.#environment = { ...sharedEnvironment(folder), WAYLAND_DISPLAY: compositor.socketPath };
  }

  /**
   * Builds the image, unless that is done; starts the desktop. No machine runs before the first app. Where the cursor is
   * hidden, the pointer is over no window while it rests: sway takes it away to hide it.
   */
  static async start({ cursor, image = APPS }: { cursor: "hidden" | "shown"; image?: TestImage }): Promise<VmSession> {
    const folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
    const environment = sharedEnvironment(folder);
    const words = ["image", "build", image.name, "--packages", image.packages.join()];
    const { status, errors } = await vitrine(words, environment);
    expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
    const native = await NativeRoot.unpack(environment.XDG_DATA_HOME, image.name);
    const swayConfig = cursor === "hidden" ? "seat seat0 hide_cursor 1" : "";
    const compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig });
    const input = await VirtualInput.create(compositor.socketPath);
    return new VmSession(compositor, input, native, folder, image);
  }

  async stop(): Promise<void> {
    await this.run("stop", "--all", "--force");
    this.input.close();
    await this.compositor.stop();
    this.native[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true });
  }

  run(...words: string[]) {
    return vitrine(words, this.#environment);
  }

  /** Starts a program in a sandbox, and the sandbox if need be; returns its window, the only one on the screen. */
  async open(sandbox: SandboxName, words: readonly string[]): Promise<SwayNode> {
    const options = ["--image", this.#image.name, "--name", sandbox, ...SANDBOXES[sandbox]];
    const { status, errors } = await this.run("run", ...options, "--", ...words);
    expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
    return await this.compositor.sway.waitFor(`a window of "${words[0]}"`, (windows) => windows[0], WINDOW_DEADLINE_MS);
  }

  /** Closes all windows, as a user does; waits until they are gone. */
  async closeAll(): Promise<void> {
    for (const { id } of await this.compositor.sway.windows()) await this.compositor.swaymsg(`[con_id=${id}] kill`);
    await this.closed();
  }

  /** Waits until no window is left. */
  async closed(): Promise<void> {
    await this.compositor.sway.waitFor(
      "the end of the windows",
      (windows) => (windows.length === 0 ? true : undefined),
      WINDOW_DEADLINE_MS,
    );
  }

  /** Ends the sandboxes of windows that are still there. */
  async clear(): Promise<void> {
    if ((await this.compositor.sway.windows()).length === 0) return;
    await this.run("stop", "--all", "--force");
    await this.closed();
  }

  /** The screen at rest, once `accept` takes it. */
  picture(accept?: (picture: Buffer) => boolean): Promise<Buffer> {
    return stillPicture(this.compositor, accept, { deadlineMs: PICTURE_DEADLINE_MS });
  }

  /** The screen without windows and cursor: all of it has one colour. A window that has closed may be seen a while longer. */
  emptyPixels(): Promise<Pixels> {
    return this.pixels((now) => now.box((colour) => colour !== now.at(0, 0)) === undefined);
  }

  /** The screen as it is now. */
  pixelsNow(): Promise<Pixels> {
    return pixelsNow(this.compositor);
  }

  /** The screen at rest, as pixels. */
  pixels(accept?: (pixels: Pixels) => boolean, options: PictureOptions = {}): Promise<Pixels> {
    return stillPixels(this.compositor, accept, { deadlineMs: PICTURE_DEADLINE_MS, ...options });
  }
}

/** What is built is shared with everyone else; what runs is not. */
function sharedEnvironment(folder: string): Record<string, string> & { XDG_DATA_HOME: string } {
  return {
    ...ownEnvironment(folder),
    XDG_DATA_HOME: process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share"),
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  };
}
