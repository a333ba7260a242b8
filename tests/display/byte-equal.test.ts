/**
 * The same app, once straight on the compositor and once through both halves of the display: the pictures must not
 * differ in one byte, the frame aside. Only apps whose picture is the same every time can tell; animated ones are left out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import { differenceInFrame, makeRoomForFrame } from "../support/framed.ts";
import type { Pixels } from "../support/pixels.ts";
import { endProcess } from "../support/processes.ts";
import { stillPixels } from "../support/still-picture.ts";

const IMAGE = "/usr/share/icons/hicolor/48x48/apps/foot.png";
const CLIENTS: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ["foot", "foot", ["--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec sleep 60"]],
  ["weston-scaler", "weston-scaler", []],
  ["weston-clickdot", "weston-clickdot", []],
  ["weston-eventdemo", "weston-eventdemo", []],
  ["weston-transformed", "weston-transformed", []],
  ["weston-resizor", "weston-resizor", []],
  ["weston-cliptest", "weston-cliptest", []],
  ["weston-confine", "weston-confine", []],
  ["weston-terminal", "weston-terminal", ["--shell=/bin/cat"]],
  ["weston-image", "weston-image", [IMAGE]],
];

describe.each([1, 2] as const)("at scale %d", (scale) => {
  let compositor: Compositor;
  let empty: Pixels;
  beforeAll(async () => {
    // At scale 2, the least that all these apps can be shown whole on, with their frames.
    const size = { width: 1440, height: 900 };
    compositor = await Compositor.start({ ...size, scale, swayConfig: "seat seat0 hide_cursor 1" });
    empty = await stillPixels(compositor);
  }, 60_000);
  afterAll(() => compositor.stop());

  async function pictureOf(command: string, args: readonly string[], loop?: DisplayLoop): Promise<Pixels> {
    await makeRoomForFrame(compositor, loop === undefined);
    const app = compositor.spawn(command, args, loop?.environment);
    const picture = await stillPixels(compositor, (now) => !now.equals(empty));
    await endProcess(app);
    await stillPixels(compositor, (now) => now.equals(empty));
    return picture;
  }

  test.each(CLIENTS)(
    "%s",
    async (_name, command, args) => {
      const native = await pictureOf(command, args);
      for (const pixels of PIXEL_PATHS) {
        using loop = new DisplayLoop(compositor, pixels);
        const ours = await pictureOf(command, args, loop);
        expect(loop.notices).toEqual([]);
        const difference = differenceInFrame({ ours, native, empty }, loop.sandbox, scale);
        expect({ pixels, difference }).toEqual({ pixels, difference: undefined });
      }
    },
    90_000,
  );
});
