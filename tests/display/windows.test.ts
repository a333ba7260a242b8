/** Windows as the compositor has them: their names, their sizes when it changes them, and popups, as a native app's. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Look } from "../../src/host/display/frame/measures.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import { differenceInFrame, insideFrame, menuDifference } from "../support/framed.ts";
import { VirtualInput } from "../support/input.ts";
import type { Pixels } from "../support/pixels.ts";
import { endProcess } from "../support/processes.ts";
import { stillPixels } from "../support/still-picture.ts";
import type { Rectangle } from "../support/sway.ts";

/** For a busy machine; every wait inside has a deadline of its own. */
const DEADLINE_MS = 90_000;
const [WIDTH, HEIGHT] = [1280, 800];

let compositor: Compositor;
let input: VirtualInput;
let empty: Pixels;
beforeAll(async () => {
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig: "seat seat0 hide_cursor 1" });
  input = await VirtualInput.create(compositor.socketPath);
  empty = await stillPixels(compositor);
}, 60_000);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

type Environment = Readonly<Record<string, string>>;

/** What `act` returns while an app shows its window. */
async function withApp<T>(command: readonly string[], environment: Environment, act: () => Promise<T>): Promise<T> {
  const [program = "", ...args] = command;
  const app = compositor.spawn(program, args, environment);
  try {
    await compositor.sway.waitFor(`the window of "${program}"`, (windows) => windows[0]);
    await stillPixels(compositor, (now) => !now.equals(empty));
    return await act();
  } finally {
    await endProcess(app);
    await stillPixels(compositor, (now) => now.equals(empty));
  }
}

/** Puts the content of the one window, which may have a frame, at a place of the screen. */
async function putContent(content: Rectangle, look: Look | undefined): Promise<void> {
  const { x, y, width, height } = look === undefined ? content : insideFrame(content, look, -1);
  await compositor.swaymsg(`floating enable, resize set ${width} ${height}, move position ${x} ${y}`);
}

const FOOT = ["foot", "--override=cursor.blink=no", "--app-id=terminal", "--title=Fenêtre ☃", "sh", "-c"];

test(
  "a window has its title, and an app id that names the sandbox",
  async () => {
    for (const pixels of PIXEL_PATHS) {
      using loop = new DisplayLoop(compositor, pixels);
      await withApp([...FOOT, "exec sleep 60"], loop.environment, async () => {
        const [window] = await compositor.sway.windows();
        expect(window?.app_id).toBe("vitrine.test.terminal");
        expect(window?.name).toBe("Fenêtre ☃");
        expect(loop.host.windows).toBe(1);
      });
      expect(loop.host.windows).toBe(0);
    }
  },
  DEADLINE_MS,
);

test(
  "a window that the compositor resizes and moves is drawn as a native one",
  async () => {
    const places = [
      { x: 10, y: 10, width: 500, height: 300 },
      { x: 100, y: 50, width: 801, height: 433 },
    ];
    const picturesOf = (environment: Environment, look: Look | undefined) =>
      withApp([...FOOT, "seq 1 100; exec sleep 60"], environment, async () => {
        const pictures: Pixels[] = [await stillPixels(compositor)];
        for (const place of places) {
          const before = pictures[pictures.length - 1] ?? empty;
          await putContent(place, look);
          pictures.push(await stillPixels(compositor, (now) => !now.equals(before)));
        }
        return pictures.slice(1);
      });
    const native = await picturesOf({}, undefined);
    for (const pixels of PIXEL_PATHS) {
      using loop = new DisplayLoop(compositor, pixels);
      const ours = await picturesOf(loop.environment, "border");
      const differences = places.map((_, index) =>
        differenceInFrame({ ours: ours[index] ?? empty, native: native[index] ?? empty, empty }, loop.sandbox),
      );
      expect({ pixels, differences }).toEqual({ pixels, differences: places.map(() => undefined) });
      expect(loop.notices).toEqual([]);
    }
  },
  DEADLINE_MS,
);

test(
  "a menu opens where a native app's does, in a frame of its own, and closes with a click beside it",
  async () => {
    const content = { x: 300, y: 200, width: 640, height: 480 };
    const picturesOf = (environment: Environment, look: Look | undefined) =>
      withApp(["weston-terminal"], { ...environment, SHELL: "/bin/sh" }, async () => {
        await input.moveTo(500, 400, WIDTH, HEIGHT);
        await putContent(content, look);
        const before = await stillPixels(compositor);
        await input.click("right");
        const menu = await stillPixels(compositor, (now) => !now.equals(before));
        await input.moveTo(900, 300, WIDTH, HEIGHT);
        await input.click("left");
        const after = await stillPixels(compositor, (now) => !now.equals(menu));
        await input.moveTo(WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT);
        return { before, menu, after };
      });
    const native = await picturesOf({}, undefined);
    for (const pixels of PIXEL_PATHS) {
      using loop = new DisplayLoop(compositor, pixels);
      const ours = await picturesOf(loop.environment, "border");
      const pictures = { ours: ours.menu, native: native.menu, empty };
      const before = { ours: ours.before, native: native.before };
      expect({ pixels, menu: menuDifference(pictures, before, loop.sandbox) }).toEqual({ pixels, menu: undefined });
      for (const name of ["before", "after"] as const) {
        const difference = differenceInFrame({ ours: ours[name], native: native[name], empty }, loop.sandbox);
        expect({ pixels, name, difference }).toEqual({ pixels, name, difference: undefined });
      }
      expect(loop.notices).toEqual([]);
    }
  },
  DEADLINE_MS,
);
