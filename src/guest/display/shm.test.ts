import { expect, test } from "bun:test";
import fc from "fast-check";
import { BYTES_PER_PIXEL } from "../../channel/contract/display.ts";
import { memfdCreate } from "../../sys/memory.ts";
import { ShmPool } from "./shm.ts";

fc.configureGlobal({ seed: 20261124, numRuns: 5000 });

test("holds what lies inside the pool with all its rows, and nothing else, of any numbers that the wire can say", () => {
  const int = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -2, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }) },
  );
  const pool = fc.oneof(fc.integer({ min: 1, max: 3000 }), int);
  const format = fc.constantFrom(...BYTES_PER_PIXEL.keys());
  using fd = memfdCreate("pool", 1);
  let held = 0;
  fc.assert(
    fc.property(pool, int, int, int, int, format, (size, offset, width, height, stride, code) => {
      const bytes = BigInt(BYTES_PER_PIXEL.get(code) ?? 0);
      const [o, w, h, s] = [offset, width, height, stride].map(BigInt) as [bigint, bigint, bigint, bigint];
      const inside = o >= 0n && w > 0n && h > 0n && s >= w * bytes && s % bytes === 0n && o + s * h <= BigInt(size);
      const holds = new ShmPool(fd, size, () => {}).holds(offset, { width, height, stride, format: code });
      expect(holds).toBe(inside);
      if (inside) held += 1;
    }),
  );
  expect(held).toBeGreaterThan(20);
});

test("the file is closed with the last that uses it, once", () => {
  const fd = memfdCreate("pool", 64);
  let closed = 0;
  const pool = new ShmPool(fd, 64, () => closed++);
  pool.retain();
  pool.release();
  expect(fd.isOpen).toBe(true);
  pool.release();
  expect([fd.isOpen, closed]).toEqual([false, 1]);
});

test("a pool grows and never shrinks", () => {
  using fd = memfdCreate("pool", 64);
  const pool = new ShmPool(fd, 64, () => {});
  const shape = { width: 4, height: 5, stride: 16, format: 0 };
  expect(pool.holds(0, shape)).toBe(false);
  expect(pool.resize(80)).toBe(true);
  expect(pool.holds(0, shape)).toBe(true);
  expect(pool.resize(79)).toBe(false);
  expect(pool.holds(0, shape)).toBe(true);
});
