/** The title bar of the frame, on a compositor that draws none: what it looks like, and that no title of a guest's can imitate it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readableOn } from "../../src/host/display/frame/colour.ts";
import { insetsOf } from "../../src/host/display/frame/measures.ts";
import { colourValue } from "../../src/host/sandbox/colour.ts";
import { wl_compositor } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, policyOf } from "../support/display-loop.ts";
import { insideFrame } from "../support/framed.ts";
import type { Pixels } from "../support/pixels.ts";
import { stillPixels } from "../support/still-picture.ts";
import type { Rectangle } from "../support/sway.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow, solidBuffer, type TestWindow } from "../support/window.ts";

const DEADLINE_MS = 90_000;
/** What no desktop shows by itself. */
const MAGENTA = 0xff00ff;
const SIZE = { width: 500, height: 200 };

let compositor: Compositor;
let loop: DisplayLoop;
const colour = colourValue("purple");
beforeAll(async () => {
  compositor = await Compositor.start({ kind: "weston" });
  loop = new DisplayLoop(compositor, "arena", { colour, policy: policyOf(EVERYTHING_ALLOWED) });
}, DEADLINE_MS);
afterAll(async () => {
  loop[Symbol.dispose]();
  await compositor.stop();
});

interface Scene {
  readonly client: WaylandClient;
  readonly window: TestWindow;
}

async function withWindow(title: string, act: (scene: Scene) => Promise<void>): Promise<void> {
  using client = await WaylandClient.connect(loop.socketPath);
  const window = await openWindow(client, { ...SIZE, appId: "app", title, colour: MAGENTA });
  await act({ client, window });
}

/** The screen at rest with a content of that size, and where on it that is. */
async function screen({ width, height } = SIZE): Promise<{ picture: Pixels; content: Rectangle }> {
  const contentOf = (picture: Pixels) => picture.box((candidate) => candidate === MAGENTA);
  const picture = await stillPixels(compositor, (now) => {
    const content = contentOf(now);
    return content?.width === width && content.height === height;
  });
  return { picture, content: contentOf(picture) ?? { x: 0, y: 0, width: 0, height: 0 } };
}

/** The bar over the content. */
function barOf({ x, y, width }: Rectangle): Rectangle {
  const { top } = insetsOf("title-bar");
  return { x, y: y - top, width, height: top };
}

test(
  "a window has a bar with the sandbox's name in a box, then its title, then buttons; the rest of the frame is plain",
  () =>
    withWindow("Title", async () => {
      const { picture, content } = await screen();
      const outer = insideFrame(content, "title-bar", -1);
      const { left, bottom } = insetsOf("title-bar");
      const strips: Rectangle[] = [
        { ...outer, height: 4 },
        { ...outer, width: left },
        { ...outer, x: content.x + content.width, width: left },
        { ...outer, y: content.y + content.height, height: bottom },
      ];
      expect(strips.map((strip) => picture.colourOf(strip))).toEqual(strips.map(() => colour));
      const ink = readableOn(colour);
      const bar = barOf(content);
      const inked = picture.box((candidate, x, y) => candidate === ink && y >= bar.y && y < content.y && x >= bar.x);
      expect(inked?.x).toBe(bar.x);
      // Up to the last button, of which the cross leaves some room.
      expect((inked?.x ?? 0) + (inked?.width ?? 0)).toBeGreaterThan(bar.x + bar.width - 20);
      expect(picture.colourOf(content)).toBe(MAGENTA);
    }),
  DEADLINE_MS,
);

test(
  "the box with the name is the same whatever the title is, and follows no wish of the guest's",
  async () => {
    /** The left end of the bar, as wide as the name's box is. */
    const boxOf = ({ picture, content }: Awaited<ReturnType<typeof screen>>) => {
      const bar = barOf(content);
      return picture.part({ ...bar, width: 36 });
    };
    let first: Buffer | undefined;
    for (const title of ["", "Title", "test  bank — \u202e\u0007", "W".repeat(5000)]) {
      await withWindow(title, async () => {
        const box = boxOf(await screen());
        first ??= box;
        expect(box.equals(first)).toBe(true);
      });
    }
  },
  DEADLINE_MS,
);

test(
  "a title that changes is shown, also when the app draws nothing",
  () =>
    withWindow("one", async ({ client, window }) => {
      const before = await screen();
      client.request(window.toplevel, "set_title", ["another one"]);
      await client.roundtrip();
      await stillPixels(compositor, (now) => {
        const changed = now.difference(before.picture);
        const bar = barOf(before.content);
        return changed !== undefined && changed.y >= bar.y && changed.y + changed.height <= bar.y + bar.height;
      });
    }),
  DEADLINE_MS,
);

test(
  "a thousand titles at once cost the compositor a few pictures, and the last one is shown",
  () =>
    withWindow("one", async ({ client, window }) => {
      const before = await screen();
      client.request(window.toplevel, "set_title", ["last"]);
      const last = await stillPixels(compositor, (now) => !now.equals(before.picture));
      for (let count = 0; count < 1000; count++) {
        client.request(window.toplevel, "set_title", [`number ${count}`]);
        client.request(window.surface, "commit", []);
      }
      client.request(window.toplevel, "set_title", ["last"]);
      await client.roundtrip();
      await stillPixels(compositor, (now) => now.equals(last));
      expect(loop.notices).toEqual([]);
    }),
  DEADLINE_MS,
);

test(
  "a fullscreen window keeps the plain frame, and gets its bar back",
  () =>
    withWindow("Film", async ({ client, window }) => {
      const { toplevel, surface } = window;
      await screen();
      client.request(toplevel, "set_fullscreen", [null]);
      const inside = insideFrame({ x: 0, y: 0, width: 1280, height: 800 }, "border");
      let told = (await client.next(toplevel, "configure")).args;
      while (told[0] !== inside.width) told = (await client.next(toplevel, "configure")).args;
      expect(told.slice(0, 2)).toEqual([inside.width, inside.height]);
      client.request(surface, "attach", [solidBuffer(client, inside.width, inside.height, MAGENTA), 0, 0]);
      client.request(surface, "damage", [0, 0, inside.width, inside.height]);
      client.request(surface, "commit", []);
      await client.roundtrip();
      // weston puts the middle of such a window beside the middle of the screen: what is there is looked at.
      const { picture, content } = await screen(inside);
      expect(picture.colourOf({ x: 0, y: 0, width: 1270, height: content.y })).toBe(colour);
      expect(picture.colourOf({ x: 0, y: 0, width: content.x, height: 790 })).toBe(colour);
      client.request(toplevel, "unset_fullscreen", []);
      while (told[0] === inside.width) told = (await client.next(toplevel, "configure")).args;
      client.request(surface, "attach", [solidBuffer(client, SIZE.width, SIZE.height, MAGENTA), 0, 0]);
      client.request(surface, "damage", [0, 0, SIZE.width, SIZE.height]);
      client.request(surface, "commit", []);
      await client.roundtrip();
      const after = await screen();
      expect(after.picture.colourOf({ ...barOf(after.content), height: 4 })).toBe(colour);
    }),
  DEADLINE_MS,
);

test(
  "a bar is there for a window of one pixel, too",
  () =>
    withWindow("tiny", async ({ client, window }) => {
      client.request(window.surface, "attach", [solidBuffer(client, 1, 1, MAGENTA), 0, 0]);
      client.request(window.surface, "damage", [0, 0, 1, 1]);
      client.request(window.surface, "commit", []);
      await client.roundtrip();
      const { picture, content } = await screen({ width: 1, height: 1 });
      const outer = insideFrame(content, "title-bar", -1);
      expect(picture.colourOf({ ...outer, height: 4 })).toBe(colour);
      expect(picture.colourOf({ ...outer, y: content.y + 1, height: 4 })).toBe(colour);
      client.bind(wl_compositor);
    }),
  DEADLINE_MS,
);
