/**
 * An app that draws at fractional scales, once straight on the compositor and once through both halves of the display and a
 * security context: the pictures must not differ in one byte, also after the scale has changed while it runs.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { openRoute } from "../../src/host/display/compositor-route.ts";
import { Compositor } from "../support/compositor.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import type { NativeRoot } from "../support/native-root.ts";
import { endProcess } from "../support/processes.ts";
import { stillPicture } from "../support/still-picture.ts";

setDefaultTimeout(120_000);
const SCALES = ["1.25", "1.5", "2", "1"] as const;
const FOOT = ["foot", "--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec sleep 100"];

let root: NativeRoot;
let compositor: Compositor;
beforeAll(async () => {
  root = await openDesktops();
  compositor = await Compositor.start({ root, swayConfig: "default_border none\nseat seat0 hide_cursor 1\n" });
}, DESKTOPS_DEADLINE_MS);
afterAll(async () => {
  await compositor.stop();
  root[Symbol.dispose]();
});

/** The screen at each scale, one after the other, while one app runs. */
async function picturesOf(environment: Record<string, string>): Promise<Buffer[]> {
  await compositor.swaymsg("output HEADLESS-1 scale 1");
  let last = await stillPicture(compositor);
  const [program, args] = root.command(FOOT, compositor.runtimeDir);
  const app = compositor.spawn(program, args, environment);
  const pictures: Buffer[] = [];
  await compositor.sway.waitFor("the window of foot", (windows) => windows[0]);
  for (const scale of SCALES) {
    await compositor.swaymsg(`output HEADLESS-1 scale ${scale}`);
    const before = last;
    last = await stillPicture(compositor, (now) => !now.equals(before));
    pictures.push(last);
  }
  await endProcess(app);
  return pictures;
}

test("foot at 1.25, 1.5, 2 and 1", async () => {
  const native = await picturesOf({});
  expect(new Set(native.map((picture) => picture.toString("base64"))).size).toBe(SCALES.length);
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
    const ours = await picturesOf(loop.environment);
    expect(loop.notices).toEqual([]);
    const equal = ours.map((picture, index) => picture.equals(native[index] ?? Buffer.alloc(0)));
    expect({ pixels, equal }).toEqual({ pixels, equal: SCALES.map(() => true) });
  }
});
