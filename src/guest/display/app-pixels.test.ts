/** Pixels of apps on their way to the host: real sockets on both sides, the host's view compared with the app's memory. */
import { describe, expect, test } from "bun:test";
import { ftruncateSync } from "node:fs";
import fc from "fast-check";
import type { WaylandClient } from "../../../tests/support/wayland-client.ts";
import type { ClientObject } from "../../../tests/support/wayland-object.ts";
import { Mapping, memfdCreate } from "../../sys/memory.ts";
import { wp_single_pixel_buffer_manager_v1 } from "../../wayland/generated/single-pixel-buffer-v1.ts";
import { wp_viewporter } from "../../wayland/generated/viewporter.ts";
import { wl_compositor, wl_shm } from "../../wayland/generated/wayland.ts";
import { MAX_BUFFERS_PER_SURFACE } from "./limits.ts";
import { LinkHost } from "./test-support.ts";

const PATHS = ["arena", "stream"] as const;
const XRGB = 1;

/** An app that draws: two buffers in one pool, used in turn, of which the second is always complete too. */
class Painter implements Disposable {
  readonly app: WaylandClient;
  readonly compositor: ClientObject;
  readonly shm: ClientObject;
  readonly memory: Mapping;
  readonly pool: ClientObject;
  readonly fd;

  constructor(app: WaylandClient, bytes: number) {
    this.app = app;
    this.compositor = app.bind(wl_compositor);
    this.shm = app.bind(wl_shm);
    this.fd = memfdCreate("test-pool", bytes);
    this.memory = Mapping.map(this.fd, { length: bytes, writable: true });
    this.pool = app.create(this.shm, "create_pool", [bytes], [this.fd]);
  }

  surface(): ClientObject {
    return this.app.create(this.compositor, "create_surface", []);
  }

  buffer(offset: number, width: number, height: number, stride = width * 4, format = XRGB): ClientObject {
    return this.app.create(this.pool, "create_buffer", [offset, width, height, stride, format]);
  }

  /** Attaches, damages all and commits. */
  show(surface: ClientObject, buffer: ClientObject): void {
    this.app.request(surface, "attach", [buffer, 0, 0]);
    this.app.request(surface, "damage_buffer", [0, 0, 0x7fff_ffff, 0x7fff_ffff]);
    this.app.request(surface, "commit", []);
  }

  [Symbol.dispose](): void {
    this.memory.close();
    this.fd.close();
    this.app.close();
  }
}

/** Rows of a buffer in the app's memory, put together. */
function rowsOf(memory: Uint8Array, offset: number, width: number, height: number, stride = width * 4): Uint8Array {
  const pixels = new Uint8Array(width * 4 * height);
  for (let row = 0; row < height; row++) {
    pixels.set(memory.subarray(offset + row * stride, offset + row * stride + width * 4), row * width * 4);
  }
  return pixels;
}

const HEIGHT = 40;
const MOST = 64 * 1024;
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("damage" as const, "damage_buffer" as const),
      x: fc.integer({ min: -3, max: 40 }),
      y: fc.integer({ min: -3, max: HEIGHT }),
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: HEIGHT }),
    }),
  },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant("show" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("empty", "hide", "colour", "idle") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("size" as const), width: fc.constantFrom(24, 40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("scale" as const), scale: fc.constantFrom(1, 2, 4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("transform" as const), transform: fc.nat({ max: 7 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("crop", "uncrop", "hold") }) },
);

for (const pixels of PATHS) {
  describe(`with pixels by ${pixels}`, () => {
    test("whatever an app does, the host sees its buffer, pixel for pixel", async () => {
      using host = new LinkHost({ pixels });
      let shown = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
          const { app, host: seen } = await host.connect();
          using painter = new Painter(app, 2 * MOST);
          const colours = app.bind(wp_single_pixel_buffer_manager_v1);
          const surface = painter.surface();
          let crop: ClientObject | undefined;
          const state = { width: 40, scale: 1, transform: 0, turn: 0, ink: 1 };
          /** What the surface shows when all that was drawn is committed. */
          let canvas = new Uint8Array(state.width * HEIGHT * 4);
          let whole = true;
          const expected: Uint8Array[] = [];
          const paint = (x0: number, y0: number, x1: number, y1: number) => {
            state.ink += 1;
            for (let y = Math.max(0, y0); y < Math.min(HEIGHT, y1); y++) {
              const row = y * state.width;
              canvas.fill(state.ink, (row + Math.max(0, x0)) * 4, (row + Math.min(state.width, Math.max(0, x1))) * 4);
            }
          };
          const paintAll = () => {
            paint(0, 0, state.width, HEIGHT);
            whole = true;
          };
          for (const one of steps) {
            switch (one.kind) {
              case "damage_buffer":
              case "damage": {
                const { kind, x, y, width, height } = one as {
                  kind: string;
                  x: number;
                  y: number;
                  width: number;
                  height: number;
                };
                const unit = kind === "damage" ? state.scale : 1;
                app.request(surface, kind, [x, y, width, height]);
                // Units of a surface that is turned or cropped may be any pixels.
                if (kind === "damage" && (state.transform !== 0 || crop !== undefined))
                  paint(0, 0, state.width, HEIGHT);
                else paint(x * unit, y * unit, (x + width) * unit, (y + height) * unit);
                break;
              }
              case "show": {
                const busy = [...seen.buffers].filter(([, { reading }]) => reading !== undefined);
                if (busy.length >= MAX_BUFFERS_PER_SURFACE) seen.release(busy[state.ink % busy.length]?.[0] ?? 0);
                if (whole) app.request(surface, "damage_buffer", [0, 0, state.width, HEIGHT]);
                whole = false;
                // A buffer never used before each time: those of the app may be reused at once, but need not be.
                const offset = (state.turn++ % 2) * MOST;
                painter.memory.bytes.set(canvas, offset);
                const buffer = painter.buffer(offset, state.width, HEIGHT);
                app.request(surface, "attach", [buffer, 0, 0]);
                app.request(surface, "commit", []);
                await app.next(buffer, "release");
                app.request(buffer, "destroy", []);
                expected.push(canvas.slice());
                // The memory is the app's again: what it does there must show nowhere.
                painter.memory.bytes.fill(0xee, offset, offset + MOST);
                break;
              }
              case "hold":
                seen.releaseReplaced = !seen.releaseReplaced;
                break;
              case "empty":
                app.request(surface, "commit", []);
                break;
              case "idle":
                app.request(surface, "attach", [null, 0, 0]);
                break;
              case "hide":
                app.request(surface, "attach", [null, 0, 0]);
                app.request(surface, "commit", []);
                // A surface without content has no damage that counts: what comes next is all new.
                paintAll();
                whole = false;
                break;
              case "colour":
                app.request(surface, "attach", [app.create(colours, "create_u32_rgba_buffer", [1, 2, 3, 4]), 0, 0]);
                app.request(surface, "commit", []);
                paintAll();
                whole = false;
                break;
              case "size":
                state.width = (one as { width: number }).width;
                canvas = new Uint8Array(state.width * HEIGHT * 4);
                paintAll();
                break;
              case "scale":
                state.scale = (one as { scale: number }).scale;
                app.request(surface, "set_buffer_scale", [state.scale]);
                paintAll();
                break;
              case "transform":
                state.transform = (one as { transform: number }).transform;
                app.request(surface, "set_buffer_transform", [state.transform]);
                paintAll();
                break;
              case "crop":
                crop ??= app.create(app.bind(wp_viewporter), "get_viewport", [surface]);
                app.request(crop, "set_destination", [10, 10]);
                paintAll();
                break;
              case "uncrop":
                if (crop !== undefined) app.request(crop, "destroy", []);
                crop = undefined;
                paintAll();
                break;
            }
          }
          await app.roundtrip();
          expect(seen.frames.length).toBe(expected.length);
          for (const [index, frame] of seen.frames.entries()) {
            if (Buffer.compare(frame.pixels, expected[index] ?? frame.pixels) !== 0)
              throw new Error(`frame ${index} differs`);
          }
          shown += expected.length;
          app.close();
          await host.until("waiting for the end of the connection", () => seen.ended);
        }),
        { seed: 20261124, numRuns: 120 },
      );
      expect(shown).toBeGreaterThan(500);
    }, 60_000);

    test("an app that shortens its memory keeps its connection, and the pixels it had", async () => {
      using host = new LinkHost({ pixels });
      const { app, host: seen } = await host.connect();
      using painter = new Painter(app, 64 * 64 * 4);
      const surface = painter.surface();
      const buffer = painter.buffer(0, 64, 64);
      painter.memory.bytes.fill(1);
      painter.show(surface, buffer);
      await app.next(buffer, "release");
      await app.roundtrip();
      painter.memory.bytes.fill(2);
      painter.memory.close();
      // Ten rows and a half are left.
      ftruncateSync(painter.fd.raw, 64 * 4 * 10 + 128);
      seen.releaseReplaced = false;
      seen.release(1);
      painter.show(surface, buffer);
      await app.next(buffer, "release");
      await app.roundtrip();
      const last = seen.frames.at(-1);
      expect(last?.buffer).toBe(1);
      expect(last?.pixels.subarray(0, 64 * 4 * 10).every((byte) => byte === 2)).toBe(true);
      expect(last?.pixels.subarray(64 * 4 * 11).every((byte) => byte === 1)).toBe(true);
    });

    test("a narrow part of a large window travels alone", async () => {
      using host = new LinkHost({ pixels, arenaBytes: 64 * 1024 * 1024 });
      const { app, host: seen } = await host.connect();
      const [width, height] = [5000, 300];
      using painter = new Painter(app, width * height * 4);
      const surface = painter.surface();
      const buffer = painter.buffer(0, width, height);
      painter.show(surface, buffer);
      await app.next(buffer, "release");
      await app.roundtrip();
      seen.release(1);
      seen.requests.length = 0;
      const pixel = (x: number, y: number) => (y * width + x) * 4;
      painter.memory.bytes.fill(7);
      app.request(surface, "attach", [buffer, 0, 0]);
      app.request(surface, "damage_buffer", [100, 20, 16, 50]);
      app.request(surface, "commit", []);
      await app.next(buffer, "release");
      await app.roundtrip();
      const frame = seen.frames.at(-1)?.pixels ?? new Uint8Array();
      for (const [x, y] of [
        [100, 20],
        [115, 69],
      ] as const)
        expect(frame[pixel(x, y)]).toBe(7);
      for (const [x, y] of [
        [99, 20],
        [116, 69],
        [100, 19],
        [115, 70],
      ] as const)
        expect(frame[pixel(x, y)]).toBe(0);
      const sent = seen.named("link.pixels").reduce((sum, { args }) => sum + (args[3] as Uint8Array).length, 0);
      expect(sent).toBe(pixels === "stream" ? 16 * 50 * 4 : 0);
    });

    test("windows of formats with two and eight bytes, padded rows, at an offset, arrive whole", async () => {
      using host = new LinkHost({ pixels });
      const { app, host: seen } = await host.connect();
      using painter = new Painter(app, MOST);
      painter.memory.bytes.forEach((_, index, bytes) => {
        bytes[index] = index % 251;
      });
      const surface = painter.surface();
      const rgb565 = painter.buffer(12, 31, 20, 64, 0x36314752);
      painter.show(surface, rgb565);
      await app.next(rgb565, "release");
      const padded = painter.buffer(1000, 30, 20, 160);
      painter.show(surface, padded);
      await app.next(padded, "release");
      await app.roundtrip();
      const [first, second] = seen.frames;
      const row = (start: number, length: number) => painter.memory.bytes.slice(start, start + length);
      expect(first?.pixels.subarray(19 * 62)).toEqual(row(12 + 19 * 64, 62));
      expect(second?.pixels).toEqual(rowsOf(painter.memory.bytes, 1000, 30, 20, 160));
    });

    test("an app whose buffers are all being read waits, and nobody else", async () => {
      using host = new LinkHost({ pixels });
      host.releaseReplaced = false;
      const waiting = await host.connect();
      using painter = new Painter(waiting.app, MOST);
      const surface = painter.surface();
      const buffer = painter.buffer(0, 40, 40);
      for (let turn = 0; turn < MAX_BUFFERS_PER_SURFACE; turn++) {
        painter.show(surface, buffer);
        await waiting.app.next(buffer, "release");
      }
      painter.memory.bytes.fill(9);
      painter.show(surface, buffer);
      painter.app.request(surface, "set_buffer_scale", [2]);
      const other = await host.connect();
      using otherPainter = new Painter(other.app, MOST);
      const otherBuffer = otherPainter.buffer(0, 40, 40);
      otherPainter.show(otherPainter.surface(), otherBuffer);
      await other.app.next(otherBuffer, "release");
      expect(waiting.host.frames.length).toBe(MAX_BUFFERS_PER_SURFACE);
      expect(waiting.host.named("wl_surface.set_buffer_scale")).toEqual([]);
      waiting.host.release(2);
      await waiting.app.next(buffer, "release");
      await waiting.app.roundtrip();
      expect(waiting.host.frames.at(-1)).toMatchObject({ buffer: 2 });
      expect(waiting.host.frames.at(-1)?.pixels.every((byte) => byte === 9)).toBe(true);
      expect(waiting.host.named("wl_surface.set_buffer_scale").length).toBe(1);
    });

    test("when the arena is full, buffers that nothing reads make room for another app", async () => {
      using host = new LinkHost({ pixels, arenaBytes: 64 * 1024 });
      host.releaseReplaced = false;
      const idle = await host.connect();
      using idlePainter = new Painter(idle.app, MOST);
      const idleSurface = idlePainter.surface();
      const idleBuffer = idlePainter.buffer(0, 96, 96);
      idlePainter.show(idleSurface, idleBuffer);
      await idle.app.next(idleBuffer, "release");
      idle.host.release(1);
      await idle.app.roundtrip();
      const { app, host: seen } = await host.connect();
      using painter = new Painter(app, MOST);
      painter.memory.bytes.fill(3);
      const buffer = painter.buffer(0, 90, 90);
      painter.show(painter.surface(), buffer);
      await app.next(buffer, "release");
      await app.roundtrip();
      expect(seen.frames.at(-1)?.pixels.every((byte) => byte === 3)).toBe(true);
      expect(idle.host.buffers.size).toBe(0);
      // The first app comes back: it has to be drawn anew as a whole, into what the second one no longer needs.
      seen.release(1);
      await app.roundtrip();
      idlePainter.memory.bytes.fill(5);
      idlePainter.app.request(idleSurface, "attach", [idleBuffer, 0, 0]);
      idlePainter.app.request(idleSurface, "damage_buffer", [0, 0, 1, 1]);
      idlePainter.app.request(idleSurface, "commit", []);
      await idle.app.next(idleBuffer, "release");
      await idle.app.roundtrip();
      expect(idle.host.frames.at(-1)?.pixels.every((byte) => byte === 5)).toBe(true);
    });

    test("an app for which the arena has no room is told so, and only it", async () => {
      using host = new LinkHost({ pixels, arenaBytes: 64 * 1024 });
      const small = await host.connect();
      using smallPainter = new Painter(small.app, MOST);
      const smallBuffer = smallPainter.buffer(0, 32, 32);
      const smallSurface = smallPainter.surface();
      smallPainter.show(smallSurface, smallBuffer);
      await small.app.next(smallBuffer, "release");
      const large = await host.connect();
      using largePainter = new Painter(large.app, 200 * 200 * 4);
      largePainter.show(largePainter.surface(), largePainter.buffer(0, 200, 200));
      expect((await large.app.ended()).serverError).toMatchObject({ objectId: 1, code: 2 });
      smallPainter.show(smallSurface, smallBuffer);
      await small.app.next(smallBuffer, "release");
    });

    test("room that an app leaves behind is given to the one that waits for it, once the host has let go", async () => {
      using host = new LinkHost({ pixels, arenaBytes: 64 * 1024 });
      host.releaseReplaced = false;
      const first = await host.connect();
      using firstPainter = new Painter(first.app, MOST);
      const firstBuffer = firstPainter.buffer(0, 100, 100);
      firstPainter.show(firstPainter.surface(), firstBuffer);
      await first.app.next(firstBuffer, "release");
      const { app, host: seen } = await host.connect();
      using painter = new Painter(app, MOST);
      await app.roundtrip();
      first.host.keepOpen = true;
      first.app.close();
      await host.until("waiting for the end of the first app", () => first.host.ended);
      const buffer = painter.buffer(0, 100, 100);
      painter.show(painter.surface(), buffer);
      // All that comes before has been handled when this answer is there; the commit is not.
      const other = await host.connect();
      expect(seen.frames).toEqual([]);
      first.host.stream.end();
      first.host.buffers.clear();
      await app.next(buffer, "release");
      await app.roundtrip();
      expect(seen.frames.length).toBe(1);
      other.app.close();
    });
  });
}

test("frames are held back, not gathered, while the host does not take them", async () => {
  using host = new LinkHost({ pixels: "stream", arenaBytes: 512 * 1024 * 1024 });
  const { app, host: seen } = await host.connect();
  // More than any queue on the way holds, in one frame.
  const [width, height] = [6000, 3400];
  using painter = new Painter(app, width * height * 4);
  const rows = Array.from({ length: height }, (_, row) => row);
  for (const row of rows) painter.memory.bytes.fill(row % 251, row * width * 4, (row + 1) * width * 4);
  seen.stream.pause();
  const buffer = painter.buffer(0, width, height);
  const [surface, another] = [painter.surface(), painter.surface()];
  painter.show(surface, buffer);
  painter.show(another, buffer);
  const other = await host.connect();
  await other.app.roundtrip();
  expect(seen.frames).toEqual([]);
  seen.stream.resume();
  await app.next(buffer, "release", 30_000);
  await app.next(buffer, "release", 30_000);
  await app.roundtrip();
  expect(seen.frames.map((frame) => frame.surface)).toEqual([surface.id, another.id]);
  for (const { pixels } of seen.frames) {
    for (const row of rows) {
      if (pixels[row * width * 4] !== row % 251 || pixels[(row + 1) * width * 4 - 1] !== row % 251) {
        throw new Error(`row ${row} differs`);
      }
    }
  }
  other.app.close();
}, 60_000);

test("a buffer is the app's again after the commit, and only as long as it has it", async () => {
  using host = new LinkHost();
  const { app, host: seen } = await host.connect();
  using painter = new Painter(app, MOST);
  const surface = painter.surface();
  const [used, unused, gone] = [painter.buffer(0, 8, 8), painter.buffer(0, 8, 8), painter.buffer(0, 8, 8)];
  app.request(surface, "attach", [unused, 0, 0]);
  painter.show(surface, used);
  app.request(gone, "destroy", []);
  await app.next(used, "release");
  await app.roundtrip();
  expect(unused.take("release")).toBeUndefined();
  expect(gone.take("release")).toBeUndefined();
  // The host has heard of none of them, nor of the pool.
  expect(seen.named("wl_surface.attach")).toEqual([]);
  expect(seen.requests.filter(({ name }) => name.startsWith("wl_shm_pool") || name.startsWith("wl_buffer"))).toEqual(
    [],
  );
  expect(seen.named("wl_shm.create_pool")).toEqual([]);
  // Their numbers are free again, and good for objects that the host knows.
  app.request(used, "destroy", []);
  app.request(painter.pool, "destroy", []);
  await app.roundtrip();
  const again = painter.surface();
  expect([used.id, gone.id, painter.pool.id]).toContain(again.id);
  await app.roundtrip();
  expect(seen.named("wl_compositor.create_surface").at(-1)?.args).toEqual([again.id]);
});

test("what belongs to a surface goes with it", async () => {
  using host = new LinkHost();
  const { app, host: seen } = await host.connect();
  using painter = new Painter(app, MOST);
  for (let turn = 0; turn < 3; turn++) {
    const surface = painter.surface();
    const buffer = painter.buffer(0, 60, 60);
    for (let frame = 0; frame < 3; frame++) {
      painter.show(surface, buffer);
      await app.next(buffer, "release");
    }
    app.request(surface, "destroy", []);
    app.request(buffer, "destroy", []);
    await app.roundtrip();
    // What the compositor still reads is given back when it is done.
    for (const [number, { reading }] of [...seen.buffers]) if (reading !== undefined) seen.release(number);
    await app.roundtrip();
    expect(seen.buffers.size).toBe(0);
  }
});
