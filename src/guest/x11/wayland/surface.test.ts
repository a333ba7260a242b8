import { beforeEach, expect, test } from "bun:test";
import { BridgeSurface } from "./surface.ts";

let released: number[] = [];
let done: number[] = [];
let surface: BridgeSurface;
beforeEach(() => {
  [released, done] = [[], []];
  surface = new BridgeSurface(7, {
    released: (buffer) => released.push(buffer),
    frameDone: (callback) => done.push(callback),
  });
});

const attach = (bufferId: number) => ({
  bufferId,
  size: { width: bufferId, height: 1 },
  bytes: new Uint8Array([bufferId]),
});
const frame = (callback: number) => surface.frame(callback, new Uint8Array([callback]));

test("content waits until it is known what the surface is for, and then comes as a whole", () => {
  let held = 0;
  surface.onHeld = () => {
    held += 1;
  };
  expect([surface.attach(attach(1)), frame(2), surface.hasHeldContent]).toEqual(["hold", "hold", false]);
  expect([surface.commit(), surface.hasHeldContent, held]).toEqual(["hold", true, 1]);
  expect(surface.open()).toEqual([new Uint8Array([1]), new Uint8Array([2])]);
  expect([surface.attach(attach(3)), frame(4), surface.commit()]).toEqual(["pass", "pass", "pass"]);
  expect(surface.contentSize).toEqual({ width: 3, height: 1 });
  expect([released, done]).toEqual([[], []]);
});

test("a buffer that is never shown comes back, unless it is gone", () => {
  surface.attach(attach(1));
  surface.commit();
  surface.attach(attach(2));
  expect(released).toEqual([1]);
  surface.bufferGone(2);
  expect([surface.hasHeldContent, surface.open()]).toEqual([false, []]);
});

test("frames of a surface that is not shown any more are answered", () => {
  frame(1);
  surface.end();
  frame(2);
  expect(done).toEqual([1, 2]);
  expect(surface.attach(attach(3))).toBe("hold");
});
