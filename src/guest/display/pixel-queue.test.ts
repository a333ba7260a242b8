import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Rect } from "./damage.ts";
import { MAX_BUFFERS_PER_SURFACE } from "./limits.ts";
import { type ArenaBuffer, type BufferSource, type Geometry, PixelQueue } from "./pixel-queue.ts";

fc.configureGlobal({ seed: 20261124 });

const geometry = (width: number, height = 12): Geometry => ({ width, height, stride: width * 4, format: 0 });

/** The arena and the compositor as they ought to be: pixels are numbers, one for each, and a copy is a copy. */
class Model implements BufferSource {
  readonly memory = new Map<number, number[]>();
  readonly dropped: number[] = [];
  #next = 1;
  room = Number.POSITIVE_INFINITY;

  create({ width, height }: Geometry): { number: number; offset: number } | undefined {
    if (this.memory.size - this.dropped.length >= this.room) return undefined;
    const number = this.#next++;
    // Never what it should be by chance.
    this.memory.set(number, new Array(width * height).fill(-1));
    return { number, offset: number * 4096 };
  }

  drop({ number }: ArenaBuffer): void {
    expect(this.dropped).not.toContain(number);
    this.dropped.push(number);
  }

  copy(canvas: readonly number[], { number, geometry }: ArenaBuffer, rects: readonly Rect[]): number {
    const target = this.memory.get(number) ?? [];
    let copied = 0;
    for (const { x0, y0, x1, y1 } of rects) {
      expect(x0 >= 0 && y0 >= 0 && x1 <= geometry.width && y1 <= geometry.height).toBe(true);
      for (let y = y0; y < y1; y++) {
        for (let at = y * geometry.width + x0; at < y * geometry.width + x1; at++, copied++)
          target[at] = canvas[at] ?? 0;
      }
    }
    return copied;
  }
}

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("draw" as const),
      x: fc.nat({ max: 15 }),
      y: fc.nat({ max: 11 }),
      width: fc.integer({ min: 1, max: 16 }),
      height: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("commit" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("resize" as const), width: fc.constantFrom(10, 13, 16) }) },
);

test("after every commit the buffer shown is the app's, and no buffer that is read is written", () => {
  let waits = 0;
  let copied = 0;
  let shown = 0;
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60, size: "max" }), fc.constantFrom(1, 2, 3, 4, 9), (commands, room) => {
      const model = new Model();
      model.room = room;
      const queue = new PixelQueue(model);
      let shape = geometry(16);
      let canvas = new Array<number>(shape.width * shape.height).fill(0);
      let damage: Rect[] = [];
      let ink = 1;
      /** What the compositor reads, as it was when it was handed over. */
      const busy = new Map<number, { buffer: ArenaBuffer; pixels: number[] }>();
      for (const step of commands) {
        switch (step.kind) {
          case "draw": {
            const { x: x0, y: y0 } = step;
            const rect = { x0, y0, x1: Math.min(shape.width, x0 + step.width), y1: Math.min(12, y0 + step.height) };
            if (rect.x0 >= rect.x1) break;
            ink += 1;
            for (let y = rect.y0; y < rect.y1; y++)
              canvas.fill(ink, y * shape.width + rect.x0, y * shape.width + rect.x1);
            damage.push(rect);
            break;
          }
          case "resize":
            if (step.width === shape.width) break;
            shape = geometry(step.width);
            ink += 1;
            canvas = new Array<number>(shape.width * shape.height).fill(ink);
            damage = [{ x0: 0, y0: 0, x1: shape.width, y1: shape.height }];
            break;
          case "release": {
            const [number] = [...busy.keys()].slice(step.which % Math.max(1, busy.size));
            if (number === undefined) break;
            busy.delete(number);
            queue.released(number);
            break;
          }
          case "commit": {
            const placement = queue.place(shape, damage);
            if (typeof placement === "string") {
              waits += 1;
              // Waiting for a release makes sense only while the compositor holds something.
              const held = [...busy.values()].filter(
                ({ buffer }) => buffer.geometry.width === shape.width && !model.dropped.includes(buffer.number),
              ).length;
              if (placement === "busy") expect(held).toBe(MAX_BUFFERS_PER_SURFACE);
              else expect(placement).toBe(held > 0 ? "short" : "full");
              break;
            }
            const { buffer, rects } = placement;
            expect(busy.has(buffer.number)).toBe(false);
            expect(buffer.geometry).toEqual(shape);
            copied += model.copy(canvas, buffer, rects);
            shown += canvas.length;
            expect(model.memory.get(buffer.number)).toEqual(canvas);
            busy.set(buffer.number, { buffer, pixels: [...canvas] });
            damage = [];
            break;
          }
        }
        for (const [number, { pixels }] of busy) expect(model.memory.get(number)).toEqual(pixels);
        expect(model.memory.size - model.dropped.length).toBeLessThanOrEqual(MAX_BUFFERS_PER_SURFACE);
      }
      queue.dropAll();
      // Whatever was created was given back, once.
      expect(model.dropped.length).toBe(model.memory.size);
    }),
    { numRuns: 500 },
  );
  expect(waits).toBeGreaterThan(100);
  // Only what changed is copied, or this would be all.
  expect(copied).toBeLessThan(shown * 0.8);
});

test("of two free buffers the one that lacks less is taken", () => {
  const model = new Model();
  const queue = new PixelQueue(model);
  const shape = geometry(16);
  const place = (damage: Rect[]) => {
    const placement = queue.place(shape, damage);
    if (typeof placement === "string") throw new Error(placement);
    return placement;
  };
  const old = place([]).buffer.number;
  const recent = place([{ x0: 0, y0: 0, x1: 16, y1: 6 }]).buffer.number;
  queue.released(old);
  queue.released(recent);
  const { buffer, rects } = place([{ x0: 0, y0: 0, x1: 1, y1: 1 }]);
  expect(buffer.number).toBe(recent);
  expect(rects).toEqual([{ x0: 0, y0: 0, x1: 1, y1: 1 }]);
});

test("buffers of another size go as soon as there is one of the new size", () => {
  const model = new Model();
  const queue = new PixelQueue(model);
  queue.place(geometry(16), []);
  queue.place(geometry(16), []);
  queue.released(1);
  expect(queue.place(geometry(10), [])).toMatchObject({ buffer: { number: 3 } });
  expect(model.dropped.toSorted()).toEqual([1, 2]);
});

test("what another surface may use: free buffers are given back, those that are read are not", () => {
  const model = new Model();
  const queue = new PixelQueue(model);
  queue.place(geometry(16), []);
  queue.place(geometry(16), []);
  queue.released(1);
  queue.dropIdle();
  expect(model.dropped).toEqual([1]);
  // The next commit needs a new one, all of it.
  expect(queue.place(geometry(16), [])).toMatchObject({
    buffer: { number: 3 },
    rects: [{ x0: 0, y0: 0, x1: 16, y1: 12 }],
  });
});
