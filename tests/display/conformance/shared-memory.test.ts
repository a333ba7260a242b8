/** Buffers in shared memory: whole, in pools that grow, changed in parts, in the order in which they are committed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Compositor } from "../../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../../support/display-loop.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import { openWindow } from "../../support/window.ts";
import { ARGB8888, type Area, Canvas, show, XRGB8888 } from "./canvas.ts";
import { expectAsNative, startFloating } from "./pictures.ts";

const DEADLINE_MS = 60_000;
const [WIDTH, HEIGHT] = [320, 240];
const BYTES = WIDTH * HEIGHT * 4;

let compositor: Compositor;
beforeAll(async () => {
  compositor = await startFloating();
}, DEADLINE_MS);
afterAll(() => compositor.stop());

test.each([
  ["XRGB8888", XRGB8888],
  ["ARGB8888", ARGB8888],
])(
  "a buffer in %s",
  (_name, format) => {
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, BYTES);
      const picture = canvas.picture(0, WIDTH, HEIGHT, format);
      canvas.draw(picture, 1);
      client.request(surface, "attach", [picture.buffer, 0, 0]);
      client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      await look();
    });
  },
  DEADLINE_MS,
);

test(
  "a pool that grows while its buffers are in use",
  () => {
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, BYTES);
      const first = canvas.picture(0, WIDTH, HEIGHT);
      canvas.draw(first, 1);
      client.request(surface, "attach", [first.buffer, 0, 0]);
      client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      await look();
      canvas.grow(2 * BYTES + 4096);
      const second = canvas.picture(BYTES + 4096, WIDTH, HEIGHT);
      canvas.draw(second, 2);
      // The pool is gone before its new buffer is shown, and the old one is shown once more after it.
      client.request(canvas.pool, "destroy", []);
      for (const picture of [second, first]) {
        client.request(surface, "attach", [picture.buffer, 0, 0]);
        client.request(surface, "damage", [0, 0, WIDTH, HEIGHT]);
        await show(client, surface);
        await look();
      }
    });
  },
  DEADLINE_MS,
);

/** Corners, one pixel, a stripe, all but the border, something that reaches beyond. */
const AREAS: readonly Area[] = [
  { x: 0, y: 0, width: 10, height: 10 },
  { x: WIDTH - 1, y: HEIGHT - 1, width: 1, height: 1 },
  { x: 0, y: 100, width: WIDTH, height: 7 },
  { x: 150, y: 0, width: 3, height: HEIGHT },
  { x: 1, y: 1, width: WIDTH - 2, height: HEIGHT - 2 },
];

test.each(["damage", "damage_buffer"])(
  "parts of two buffers in turn, by %s",
  (request) => {
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, 2 * BYTES);
      const pictures = [canvas.picture(0, WIDTH, HEIGHT), canvas.picture(BYTES, WIDTH, HEIGHT)] as const;
      for (const picture of pictures) canvas.draw(picture, 1);
      client.request(surface, "attach", [pictures[0].buffer, 0, 0]);
      client.request(surface, request, [0, 0, WIDTH, HEIGHT]);
      await show(client, surface);
      for (const [index, area] of AREAS.entries()) {
        const picture = pictures[(index + 1) % 2] ?? pictures[0];
        // The buffer that comes back lacks what was drawn into the other one meanwhile: an app draws both.
        for (const both of pictures) canvas.draw(both, index + 2, area);
        client.request(surface, "attach", [picture.buffer, 0, 0]);
        client.request(surface, request, [area.x, area.y, area.width + 50, area.height + 50]);
        await show(client, surface);
        await look();
      }
    });
  },
  DEADLINE_MS,
);

test(
  "a window that changes its size with every commit",
  () => {
    return expectAsNative(compositor, WIDTH, HEIGHT, async ({ client, surface, look }) => {
      using canvas = new Canvas(client, BYTES);
      for (const [width, height] of [
        [WIDTH, HEIGHT],
        [WIDTH / 2, HEIGHT],
        [WIDTH, HEIGHT / 2],
        [WIDTH, HEIGHT],
      ] as const) {
        const picture = canvas.picture(0, width, height);
        canvas.draw(picture, width + height);
        client.request(surface, "attach", [picture.buffer, 0, 0]);
        client.request(surface, "damage", [0, 0, width, height]);
        await show(client, surface);
        await look(width, height);
        client.request(picture.buffer, "destroy", []);
      }
    });
  },
  DEADLINE_MS,
);

/** Bytes that this process has read so far: pixels from apps' memory and, where they travel as bytes, from the link. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

test.each(PIXEL_PATHS)(
  "what is copied is what was damaged, pixels by %s",
  async (pixels) => {
    using loop = new DisplayLoop(compositor, pixels);
    using client = await WaylandClient.connect(loop.socketPath);
    const { surface } = await openWindow(client, { width: 1000, height: 600, appId: "efficient" });
    using canvas = new Canvas(client, 1000 * 600 * 4);
    const picture = canvas.picture(0, 1000, 600);
    const commit = async (width: number, height: number): Promise<number> => {
      const before = bytesRead();
      client.request(surface, "attach", [picture.buffer, 0, 0]);
      client.request(surface, "damage_buffer", [100, 100, width, height]);
      await show(client, surface);
      return bytesRead() - before;
    };
    // Each of the surface's buffers in the arena gets all of the picture once.
    for (let warmUp = 0; warmUp < 6; warmUp++) await commit(1000, 600);
    const copies = pixels === "arena" ? 1 : 2;
    for (const [width, height] of [
      [1, 1],
      [100, 100],
      [400, 300],
    ] as const) {
      // A buffer that was last shown a frame ago is given the damage of that frame too; small gaps are copied along.
      await commit(width, height);
      await commit(width, height);
      const rowBytes = Math.max(width * 4, 1);
      const most = copies * (height * (rowBytes + ALONG_BYTES) + OVERHEAD_BYTES);
      const read = await commit(width, height);
      expect(read).toBeGreaterThanOrEqual(width * height * 4);
      expect({ width, height, read, enough: read <= most }).toEqual({ width, height, read, enough: true });
    }
  },
  DEADLINE_MS,
);

/** Bytes between two damaged rows that are copied along rather than to make a call for each row: a whole row here. */
const ALONG_BYTES = 1000 * 4;
/** Messages of both halves and of the tests themselves while a frame is shown. */
const OVERHEAD_BYTES = 16 * 1024;
