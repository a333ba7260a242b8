/**
 * An app that draws at fractional scales, once straight on the compositor and once through both halves of the display and a
 * security context: the pictures must not differ in one byte, the frame aside, also after the scale has changed while it runs.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { openRoute } from "../../src/host/display/compositor-route.ts";
import { Compositor } from "../support/compositor.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import { differenceInFrame, makeRoomForFrame } from "../support/framed.ts";
import type { NativeRoot } from "../support/native-root.ts";
import type { Pixels } from "../support/pixels.ts";
import { endProcess } from "../support/processes.ts";
import { stillPixels } from "../support/still-picture.ts";

setDefaultTimeout(120_000);
const SCALES = ["1.25", "1.5", "2", "1"] as const;
/** Whole numbers of logical pixels at every scale: where a frame then ends is no matter of rounding. */
const SCREEN = { width: 1200, height: 900 } as const;
const FOOT = ["foot", "--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec sleep 100"];

let root: NativeRoot;
let compositor: Compositor;
beforeAll(async () => {
  root = await openDesktops();
  const swayConfig = "default_border none\nseat seat0 hide_cursor 1\n";
  compositor = await Compositor.start({ root, ...SCREEN, swayConfig });
}, DESKTOPS_DEADLINE_MS);
afterAll(async () => {
  await compositor.stop();
  root[Symbol.dispose]();
});

/** The screen at each scale, one after the other, while one app runs; without one when there is no `environment`. */
async function picturesOf(environment: Record<string, string> | undefined, framed: boolean): Promise<Pixels[]> {
  await makeRoomForFrame(compositor, !framed);
  await compositor.swaymsg("output HEADLESS-1 scale 1");
  let last = await stillPixels(compositor);
  const [program, args] = root.command(FOOT, compositor.runtimeDir);
  const app = environment && compositor.spawn(program, args, environment);
  const pictures: Pixels[] = [];
  if (app !== undefined) await compositor.sway.waitFor("the window of foot", (windows) => windows[0]);
  for (const scale of SCALES) {
    await compositor.swaymsg(`output HEADLESS-1 scale ${scale}`);
    const before = last;
    last = await stillPixels(compositor, (now) => app === undefined || !now.equals(before));
    pictures.push(last);
  }
  if (app !== undefined) await endProcess(app);
  return pictures;
}

test("foot at 1.25, 1.5, 2 and 1", async () => {
  const empty = await picturesOf(undefined, false);
  const native = await picturesOf({}, false);
  for (const pixels of PIXEL_PATHS) {
    const route = await openRoute({
      socketPath: compositor.socketPath,
      sandbox: "test",
      contextPath: join(compositor.runtimeDir, `context-${pixels}`),
      onNotice: (_severity, message) => {
        throw new Error(message);
      },
    });
    using loop = new DisplayLoop(compositor, pixels, { route });
    const pictures = await picturesOf(loop.environment, true);
    expect(loop.notices).toEqual([]);
    const differences = pictures.map((ours, index) => {
      const [nativeOne = ours, emptyOne = ours] = [native[index], empty[index]];
      return differenceInFrame({ ours, native: nativeOne, empty: emptyOne }, loop.sandbox, Number(SCALES[index]));
    });
    expect({ pixels, differences }).toEqual({ pixels, differences: SCALES.map(() => undefined) });
  }
});
