import { expect, test } from "bun:test";
import { PixelQueue } from "./pixel-queue.ts";
import { Surface } from "./surface.ts";

const SIZE = { width: 100, height: 50, stride: 400, format: 0 };
const ALL = { x0: 0, y0: 0, x1: 100, y1: 50 };

function surface(): Surface {
  return new Surface(3, new PixelQueue({ create: () => undefined, drop: () => {} }));
}

test("damage of the buffer counts as it is, inside the buffer", () => {
  const one = surface();
  one.damageBuffer(10, 10, 5, 5);
  one.damageBuffer(-10, 40, 20, 100);
  one.damageBuffer(200, 0, 5, 5);
  one.damageBuffer(3, 3, -2, 1);
  expect(one.damage(SIZE)).toEqual([
    { x0: 10, y0: 10, x1: 15, y1: 15 },
    { x0: 0, y0: 40, x1: 10, y1: 50 },
  ]);
});

test("damage of the surface is multiplied by the scale of the commit, whenever that was set", () => {
  const one = surface();
  one.damageSurface(1, 2, 3, 4);
  one.scale = 2;
  expect(one.damage(SIZE)).toEqual([{ x0: 2, y0: 4, x1: 8, y1: 12 }]);
});

test("where a unit of the surface may be any pixel, all of the buffer counts", () => {
  for (const change of [(one: Surface) => (one.transform = 1), (one: Surface) => (one.viewport = true)]) {
    const one = surface();
    one.damageSurface(1, 2, 3, 4);
    change(one);
    expect(one.damage(SIZE)).toEqual([ALL]);
    const other = surface();
    other.damageBuffer(1, 2, 3, 4);
    change(other);
    expect(other.damage(SIZE)).toEqual([{ x0: 1, y0: 2, x1: 4, y1: 6 }]);
  }
});

test("an app that says nothing of damage gets all of its buffer shown", () => {
  expect(surface().damage(SIZE)).toEqual([ALL]);
});

test("the largest numbers that the wire can say, and more rectangles than are kept, are all of the buffer", () => {
  const one = surface();
  one.damageSurface(-0x8000_0000, -0x8000_0000, 0x7fff_ffff, 0x7fff_ffff);
  one.damageSurface(0, 0, 0x7fff_ffff, 0x7fff_ffff);
  one.scale = 4;
  expect(one.damage(SIZE)).toEqual([ALL]);
  const many = surface();
  for (let index = 0; index < 300; index++) many.damageBuffer(index % 90, 1, 1, 1);
  expect(many.damage(SIZE)).toContainEqual(ALL);
  expect(many.damage(SIZE).length).toBeLessThan(100);
});

test("damage is kept until there is content that it belongs to", () => {
  const one = surface();
  one.damageBuffer(1, 1, 1, 1);
  one.committed();
  one.damageBuffer(2, 2, 1, 1);
  expect(one.damage(SIZE).length).toBe(2);
  one.pending = "other";
  one.committed();
  expect(one.pending).toBeUndefined();
  one.damageBuffer(2, 2, 1, 1);
  expect(one.damage(SIZE)).toEqual([{ x0: 2, y0: 2, x1: 3, y1: 3 }]);
});
