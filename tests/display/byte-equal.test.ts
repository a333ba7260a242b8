/**
 * The same app, once straight on the compositor and once through both halves of the display: the pictures must not
 * differ in one byte. Only apps whose picture is the same every time can tell; animated ones are left out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import { endProcess } from "../support/processes.ts";
import { stillPicture } from "../support/still-picture.ts";

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
  let empty: Buffer;
  beforeAll(async () => {
    compositor = await Compositor.start({ scale, swayConfig: "default_border none\nseat seat0 hide_cursor 1\n" });
    empty = await stillPicture(compositor);
  }, 60_000);
  afterAll(() => compositor.stop());

  async function pictureOf(command: string, args: readonly string[], extra: Record<string, string>): Promise<Buffer> {
    const app = compositor.spawn(command, args, extra);
    const picture = await stillPicture(compositor, (now) => !now.equals(empty));
    await endProcess(app);
    await stillPicture(compositor, (now) => now.equals(empty));
    return picture;
  }

  test.each(CLIENTS)(
    "%s",
    async (_name, command, args) => {
      const native = await pictureOf(command, args, {});
      for (const pixels of PIXEL_PATHS) {
        using loop = new DisplayLoop(compositor, pixels);
        const ours = await pictureOf(command, args, loop.environment);
        expect(loop.notices).toEqual([]);
        expect({ pixels, equal: ours.equals(native) }).toEqual({ pixels, equal: true });
      }
    },
    90_000,
  );
});
