/** Windows out of real virtual machines: their names, their pictures over both pixel paths, and keys typed into them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ownEnvironment, vitrine } from "../../src/cli/test-support.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { VirtualInput } from "../support/input.ts";
import { stillPicture } from "../support/still-picture.ts";

/** The packages of the demo, so that all share one image. */
const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
const IMAGE = "vitrine-test";
/** For a machine that is built, or boots under emulation beside others, in milliseconds. */
const BUILD_DEADLINE_MS = 900_000;
const BOOT_DEADLINE_MS = 240_000;
const WINDOW_DEADLINE_MS = 120_000;
const STILL_FOOT = ["foot", "--override=cursor.blink=no", "sh", "-c", "seq -s ' ' 1 500; exec sleep 1000"];
/** What that text adds at least to the size of a picture, in bytes: how one tells a window with it from an empty one. */
const TEXT_BYTES = 3000;

let folder: string;
let environment: Record<string, string>;
let compositor: Compositor;
let input: VirtualInput;
let empty: Buffer;

const run = (...words: string[]) => vitrine(words, environment);
const windowOf = (sandbox: string, app: string) =>
  compositor.sway.waitForWindow(`vitrine.${sandbox}.${app}`, WINDOW_DEADLINE_MS);

beforeAll(async () => {
  compositor = await Compositor.start({ swayConfig: "seat seat0 hide_cursor 1" });
  input = await VirtualInput.create(compositor.socketPath);
  folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
  environment = {
    ...ownEnvironment(folder),
    // What is built is shared with everyone else; what runs is not.
    XDG_DATA_HOME: process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share"),
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
    WAYLAND_DISPLAY: compositor.socketPath,
  };
  empty = await stillPicture(compositor);
  const { status, errors } = await run("image", "build", IMAGE, "--packages", PACKAGES);
  expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
}, BUILD_DEADLINE_MS);
afterAll(async () => {
  await run("stop", "--all", "--force");
  input.close();
  await compositor.stop();
  rmSync(folder, { recursive: true });
}, BOOT_DEADLINE_MS);

/** A terminal that shows the same every time, alone on the screen; ends it again. */
async function pictureFrom(sandbox: string, ...flags: string[]): Promise<Buffer> {
  const { status, errors } = await run("run", "--image", IMAGE, "--name", sandbox, ...flags, "--", ...STILL_FOOT);
  expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
  await windowOf(sandbox, "foot");
  // The window is there before its text is.
  const picture = await stillPicture(compositor, (now) => now.length > empty.length + TEXT_BYTES);
  await compositor.swaymsg(`[app_id="^vitrine.${sandbox}.foot$"]`, "kill");
  await compositor.sway.waitFor("the end of the window", (windows) => (windows.length === 0 ? true : undefined));
  return picture;
}

test(
  "the picture is the same, to the byte, through shared memory and through a stream",
  async () => {
    const shared = await pictureFrom("shared");
    const streamed = await pictureFrom("streamed", "--no-shared-memory");
    expect(streamed.equals(shared)).toBe(true);
    expect((await run("stop", "streamed")).status).toBe(0);
  },
  2 * BOOT_DEADLINE_MS,
);

test(
  "keys typed into a terminal reach its shell",
  async () => {
    expect((await run("run", "--image", IMAGE, "--name", "shared", "--", "foot", "sh")).status).toBe(0);
    await windowOf("shared", "foot");
    // A key that comes before the shell reads is kept by the terminal.
    await input.typeText("echo 'The quick BROWN fox: 6*7=42 {[(~!@#$%^&*)]}' > /tmp/typed; exit\n");
    await compositor.sway.waitFor("the end of the window", (windows) => (windows.length === 0 ? true : undefined));
    const typed = await run("exec", "shared", "--", "cat", "/tmp/typed");
    expect(typed.out.toString()).toBe("The quick BROWN fox: 6*7=42 {[(~!@#$%^&*)]}\n");
  },
  BOOT_DEADLINE_MS,
);

test(
  "two apps of one sandbox: two windows, counted, named for the sandbox, gone with it",
  async () => {
    for (const app of ["gnome-calculator", "foot"]) {
      expect((await run("run", "--image", IMAGE, "--name", "shared", "--", app)).status).toBe(0);
    }
    const calculator = await windowOf("shared", "org.gnome.Calculator");
    expect(calculator.name).toBe("Calculator");
    await windowOf("shared", "foot");
    await eventually("waiting for both windows to be counted", WINDOW_DEADLINE_MS, async () => {
      const [sandbox] = JSON.parse((await run("list", "--json")).out.toString());
      return sandbox.windows === 2 ? true : undefined;
    });
    expect((await run("stop", "shared")).status).toBe(0);
    await compositor.sway.waitFor("the end of the windows", (windows) => (windows.length === 0 ? true : undefined));
    expect((await run("list", "--json")).out.toString().trim()).toBe("[]");
  },
  BOOT_DEADLINE_MS,
);
