/** Pixels of apps on their way to the host: real sockets on both sides, the host's view compared with the app's memory. */
import { describe, expect, test } from "bun:test";
import { ftruncateSync } from "node:fs";
import fc from "fast-check";
import type { ClientObject } from "../../../tests/support/wayland-object.ts";
import { wp_single_pixel_buffer_manager_v1 } from "../../wayland/generated/single-pixel-buffer-v1.ts";
import { wp_viewporter } from "../../wayland/generated/viewporter.ts";
import { MAX_BUFFERS_PER_SURFACE } from "./limits.ts";
import { LinkHost, Painter } from "./test-support.ts";

const PATHS = ["arena", "stream"] as const;

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
                await app.roundtrip();
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
  });
}
