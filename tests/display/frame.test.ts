/**
 * Windows of guests that want out of their frame, on a real compositor: whatever they do, every pixel of theirs is inside a
 * whole frame in the sandbox's colour.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { POPUP_BORDER, WINDOW_BORDER } from "../../src/host/display/frame/measures.ts";
import { MAX_CURSOR_SIDE } from "../../src/host/display/limits.ts";
import { wp_viewporter } from "../../src/wayland/generated/viewporter.ts";
import { wl_compositor, wl_seat, wl_subcompositor } from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { frameIn, insideFrame } from "../support/framed.ts";
import { VirtualInput } from "../support/input.ts";
import type { Pixels } from "../support/pixels.ts";
import { pixelsNow, stillPixels } from "../support/still-picture.ts";
import type { Rectangle } from "../support/sway.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";
import { openWindow, solidBuffer, type TestWindow } from "../support/window.ts";

const DEADLINE_MS = 60_000;
const [WIDTH, HEIGHT] = [1280, 800];
const [WHITE, RED, GREEN] = [0xffffff, 0xff0000, 0x00ff00];

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
let empty: Pixels;
beforeAll(async () => {
  const swayConfig = "for_window [app_id=.*] floating enable, move position 400 300";
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig });
  input = await VirtualInput.create(compositor.socketPath);
  await input.moveTo(WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT);
  loop = new DisplayLoop(compositor, "arena");
  empty = await stillPixels(compositor);
}, DEADLINE_MS);
afterAll(async () => {
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

/** A window of 200x100, white, at 400,300; and what to do with it. */
async function withWindow(act: (client: WaylandClient, window: TestWindow) => void | Promise<void>): Promise<void> {
  using client = await WaylandClient.connect(loop.socketPath);
  const window = await openWindow(client, { width: 200, height: 100, appId: "hostile", colour: WHITE });
  await act(client, window);
  client.close();
  await stillPixels(compositor, (now) => now.equals(empty));
}

const CONTENT: Rectangle = { x: 400 + WINDOW_BORDER, y: 300 + WINDOW_BORDER, width: 200, height: 100 };
const WINDOW = insideFrame(CONTENT, "border", -1);

/** The screen at rest, once the window is as large as its guest has made it. */
async function screen(content: Rectangle = CONTENT): Promise<Pixels> {
  const wanted = insideFrame(content, "border", -1);
  return await stillPixels(compositor, (now) => JSON.stringify(now.difference(empty)) === JSON.stringify(wanted));
}

/** A subsurface of one colour. */
function addSubsurface(client: WaylandClient, parent: ClientObject, size: readonly [number, number], colour = RED) {
  const surface = client.create(client.bind(wl_compositor), "create_surface", []);
  const subsurface = client.create(client.bind(wl_subcompositor), "get_subsurface", [surface, parent]);
  client.request(surface, "attach", [solidBuffer(client, ...size, colour), 0, 0]);
  client.request(surface, "damage", [0, 0, ...size]);
  client.request(surface, "commit", []);
  return { surface, subsurface };
}

test(
  "a window stands in a frame that is whole, with its first pixel",
  () =>
    withWindow(async () => {
      const picture = await screen();
      expect(frameIn(picture, loop.sandbox, "border")).toEqual(WINDOW);
      expect(picture.colourOf(CONTENT)).toBe(WHITE);
    }),
  DEADLINE_MS,
);

test(
  "a window without content is not there, and its subsurfaces neither",
  async () => {
    using client = await WaylandClient.connect(loop.socketPath);
    const surface = client.create(client.bind(wl_compositor), "create_surface", []);
    const xdgSurface = client.create(client.bind(xdg_wm_base), "get_xdg_surface", [surface]);
    client.create(xdgSurface, "get_toplevel", []);
    client.request(surface, "commit", []);
    const { args } = await client.next(xdgSurface, "configure");
    client.request(xdgSurface, "ack_configure", args);
    const { subsurface } = addSubsurface(client, surface, [300, 300]);
    client.request(subsurface, "set_desync", []);
    client.request(surface, "commit", []);
    await client.roundtrip();
    expect((await stillPixels(compositor)).equals(empty)).toBe(true);
    expect(loop.host.windows).toBe(0);
  },
  DEADLINE_MS,
);

/** Where a subsurface of 400x300 wants to be, and what of the window's content it then covers. */
const ESCAPES: readonly (readonly [name: string, x: number, y: number, covered: Rectangle | undefined])[] = [
  ["over the lower right corner", 150, 60, { x: 150, y: 60, width: 50, height: 40 }],
  ["over the upper left corner", -350, -250, { x: 0, y: 0, width: 50, height: 50 }],
  ["over all of the window and its frame", -100, -100, { x: 0, y: 0, width: 200, height: 100 }],
  ["beside the window", 250, 0, undefined],
  ["above the window", 0, -400, undefined],
  ["beyond all screens", -0x7fffffff, 0x7fffffff, undefined],
];

for (const mode of ["set_sync", "set_desync"] as const) {
  test.each(ESCAPES)(
    `a subsurface (${mode}) %s shows inside the frame only`,
    (_name, x, y, covered) =>
      withWindow(async (client, { surface }) => {
        const { subsurface } = addSubsurface(client, surface, [400, 300]);
        client.request(subsurface, mode, []);
        client.request(subsurface, "set_position", [x, y]);
        client.request(subsurface, "place_above", [surface]);
        client.request(surface, "commit", []);
        await client.roundtrip();
        const picture = await screen();
        expect(frameIn(picture, loop.sandbox, "border")).toEqual(WINDOW);
        const red = picture.box((colour) => colour === RED);
        const there = covered && { ...covered, x: covered.x + CONTENT.x, y: covered.y + CONTENT.y };
        expect(red).toEqual(there);
        if (there !== undefined) expect(picture.colourOf(there)).toBe(RED);
      }),
    DEADLINE_MS,
  );
}

test(
  "a subsurface of a subsurface is cut as well, and one that is cut shows again when there is room",
  () =>
    withWindow(async (client, { surface }) => {
      const outer = addSubsurface(client, surface, [100, 100]);
      client.request(outer.subsurface, "set_position", [150, 50]);
      const innermost = addSubsurface(client, outer.surface, [300, 300], GREEN);
      const inner = { x: CONTENT.x + 170, y: CONTENT.y + 70 };
      client.request(innermost.subsurface, "set_position", [20, 20]);
      client.request(outer.surface, "commit", []);
      client.request(surface, "commit", []);
      await client.roundtrip();
      const before = await screen();
      expect(frameIn(before, loop.sandbox, "border")).toEqual(WINDOW);
      expect(before.box((colour) => colour === GREEN)).toEqual({ ...inner, width: 30, height: 30 });
      client.request(surface, "attach", [solidBuffer(client, 300, 300, WHITE), 0, 0]);
      client.request(surface, "damage", [0, 0, 300, 300]);
      client.request(surface, "commit", []);
      await client.roundtrip();
      const after = await screen({ ...CONTENT, width: 300, height: 300 });
      // No wider than its parent, which ends 250 to the right and 150 down.
      expect(after.box((colour) => colour === GREEN)).toEqual({ ...inner, width: 80, height: 80 });
    }),
  DEADLINE_MS,
);

test.each([
  ["larger than the surface", [-50, -50, 500, 500], CONTENT],
  ["beside the surface", [1000, 1000, 50, 50], CONTENT],
  ["of a corner of the surface", [180, 90, 500, 500], { ...CONTENT, width: 20, height: 10 }],
] as const)(
  "a window geometry %s cannot move the frame off the content",
  (_name, geometry, content) =>
    withWindow(async (client, { surface, xdgSurface }) => {
      client.request(xdgSurface, "set_window_geometry", geometry);
      client.request(surface, "attach", [solidBuffer(client, 200, 100, WHITE), 0, 0]);
      client.request(surface, "commit", []);
      await client.roundtrip();
      const picture = await screen(content);
      expect(frameIn(picture, loop.sandbox, "border")).toEqual(insideFrame(content, "border", -1));
      expect(picture.colourOf(content)).toBe(WHITE);
    }),
  DEADLINE_MS,
);

test(
  "a surface that is stretched has its frame around all of it",
  () =>
    withWindow(async (client, { surface }) => {
      const viewport = client.create(client.bind(wp_viewporter), "get_viewport", [surface]);
      client.request(viewport, "set_destination", [500, 400]);
      client.request(surface, "commit", []);
      await client.roundtrip();
      const content = { ...CONTENT, width: 500, height: 400 };
      const picture = await screen(content);
      expect(frameIn(picture, loop.sandbox, "border")).toEqual(insideFrame(content, "border", -1));
    }),
  DEADLINE_MS,
);

test(
  "a window that changes its size with every commit is never seen without a whole frame",
  () =>
    withWindow(async (client, { surface }) => {
      const sizes = [120, 300, 80, 260, 40, 340];
      let going = true;
      const resize = async (): Promise<void> => {
        for (let turn = 0; going; turn++) {
          const size = sizes[turn % sizes.length] ?? 100;
          client.request(surface, "attach", [solidBuffer(client, size, size, WHITE), 0, 0]);
          client.request(surface, "damage", [0, 0, size, size]);
          const callback = client.create(surface, "frame", []);
          client.request(surface, "commit", []);
          await client.next(callback, "done");
        }
      };
      const resizing = resize();
      for (let look = 0; look < 20; look++) {
        const picture = await pixelsNow(compositor);
        const outer = frameIn(picture, loop.sandbox, "border");
        expect(outer).toBeObject();
        expect(picture.difference(empty)).toEqual(outer as Rectangle);
      }
      going = false;
      await resizing;
    }),
  DEADLINE_MS,
);

test(
  "a popup far larger than its parent has a frame of its own",
  () =>
    withWindow(async (client, { xdgSurface }) => {
      const shell = client.bind(xdg_wm_base);
      const positioner = client.create(shell, "create_positioner", []);
      client.request(positioner, "set_size", [300, 200]);
      client.request(positioner, "set_anchor_rect", [0, 0, 200, 100]);
      client.request(positioner, "set_anchor", [8]);
      client.request(positioner, "set_gravity", [8]);
      const surface = client.create(client.bind(wl_compositor), "create_surface", []);
      const popupSurface = client.create(shell, "get_xdg_surface", [surface]);
      const popup = client.create(popupSurface, "get_popup", [xdgSurface, positioner]);
      client.request(surface, "commit", []);
      const told = (await client.next(popup, "configure")).args;
      expect(told).toEqual([200, 100, 300, 200]);
      client.request(popupSurface, "ack_configure", (await client.next(popupSurface, "configure")).args);
      // It takes more than it was given, and claims to be smaller than it is.
      client.request(surface, "attach", [solidBuffer(client, 320, 220, GREEN), 0, 0]);
      client.request(surface, "damage", [0, 0, 320, 220]);
      client.request(surface, "commit", []);
      addSubsurface(client, surface, [900, 900]);
      client.request(surface, "commit", []);
      await client.roundtrip();
      const place = { x: CONTENT.x + 200 + POPUP_BORDER, y: CONTENT.y + 100 + POPUP_BORDER, width: 320, height: 220 };
      const around = insideFrame(place, "popup", -1);
      const picture = await stillPixels(compositor, (now) => now.colourOf(place) === RED);
      expect(frameIn(picture, loop.sandbox, "popup", 1, around)).toEqual(around);
      const beyond = picture.box((colour, x, y) => colour === RED && !contains(around, x, y));
      expect(beyond).toBeUndefined();
    }),
  DEADLINE_MS,
);

test(
  "a cursor as large as the screen is cut",
  () =>
    withWindow(async (client) => {
      const pointer = client.create(client.bind(wl_seat), "get_pointer", []);
      await client.roundtrip();
      await input.moveTo(CONTENT.x + 50, CONTENT.y + 50, WIDTH, HEIGHT);
      const [serial] = (await client.next(pointer, "enter")).args;
      const cursor = client.create(client.bind(wl_compositor), "create_surface", []);
      client.request(cursor, "attach", [solidBuffer(client, 1000, 700, GREEN), 0, 0]);
      client.request(cursor, "commit", []);
      client.request(pointer, "set_cursor", [serial ?? 0, cursor, -500, -500]);
      await client.roundtrip();
      const cut = { x: CONTENT.x + 50, y: CONTENT.y + 50, width: MAX_CURSOR_SIDE, height: MAX_CURSOR_SIDE };
      const picture = await stillPixels(compositor, (now) => now.colourOf(cut) === GREEN, { cursor: true });
      expect(picture.box((colour) => colour === GREEN)).toEqual(cut);
      client.request(cursor, "attach", [solidBuffer(client, 900, 900, RED), 0, 0]);
      client.request(cursor, "commit", []);
      await client.roundtrip();
      const changed = await stillPixels(compositor, (now) => now.colourOf(cut) === RED, { cursor: true });
      expect(changed.box((colour) => colour === RED)).toEqual(cut);
      await input.moveTo(WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT);
    }),
  DEADLINE_MS,
);

function contains({ x, y, width, height }: Rectangle, px: number, py: number): boolean {
  return px >= x && py >= y && px < x + width && py < y + height;
}
