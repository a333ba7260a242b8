/** Arena buffers of apps: who waits for whom, what makes room, what is given back. Real sockets on both sides. */
import { describe, expect, test } from "bun:test";
import { wl_surface } from "../../wayland/generated/wayland.ts";
import { encode } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import { MAX_BUFFERS_PER_SURFACE } from "./limits.ts";
import { LinkHost, Painter } from "./test-support.ts";

const POOL_BYTES = 64 * 1024;

for (const pixels of ["arena", "stream"] as const) {
  describe(`with pixels by ${pixels}`, () => {
    test("an app whose buffers are all being read waits, and nobody else", async () => {
      using host = new LinkHost({ pixels });
      host.releaseReplaced = false;
      const waiting = await host.connect();
      using painter = new Painter(waiting.app, POOL_BYTES);
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
      using otherPainter = new Painter(other.app, POOL_BYTES);
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
      using idlePainter = new Painter(idle.app, POOL_BYTES);
      const idleSurface = idlePainter.surface();
      const idleBuffer = idlePainter.buffer(0, 96, 96);
      idlePainter.show(idleSurface, idleBuffer);
      await idle.app.next(idleBuffer, "release");
      idle.host.release(1);
      await idle.app.roundtrip();
      const { app, host: seen } = await host.connect();
      using painter = new Painter(app, POOL_BYTES);
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
      using smallPainter = new Painter(small.app, POOL_BYTES);
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
      using firstPainter = new Painter(first.app, POOL_BYTES);
      const firstBuffer = firstPainter.buffer(0, 100, 100);
      firstPainter.show(firstPainter.surface(), firstBuffer);
      await first.app.next(firstBuffer, "release");
      const { app, host: seen } = await host.connect();
      using painter = new Painter(app, POOL_BYTES);
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

test("many frames of one batch are held back, too", async () => {
  const [surfaces, width, height] = [300, 256, 240];
  using host = new LinkHost({ pixels: "stream", arenaBytes: surfaces * width * height * 4 });
  const { app, host: seen } = await host.connect();
  using painter = new Painter(app, width * height * 4);
  const buffer = painter.buffer(0, width, height);
  const all = Array.from({ length: surfaces }, () => painter.surface());
  await app.roundtrip();
  seen.stream.pause();
  const { opcode: attach, message: attaching } = messageByName(wl_surface, "requests", "attach");
  const { opcode: commit, message: committing } = messageByName(wl_surface, "requests", "commit");
  const batch = all.flatMap(({ id }) => [
    encode(id, attach, attaching, [buffer.id, 0, 0]),
    encode(id, commit, committing, []),
  ]);
  app.sendRaw(Buffer.concat(batch));
  await (await host.connect()).app.roundtrip();
  seen.stream.resume();
  await app.roundtrip(30_000);
  expect(seen.frames.map((frame) => frame.surface)).toEqual(all.map(({ id }) => id));
}, 30_000);

test("an app whose only buffer is being read waits for it when there is no room for another", async () => {
  using host = new LinkHost({ arenaBytes: 64 * 1024 });
  host.releaseReplaced = false;
  const { app, host: seen } = await host.connect();
  using painter = new Painter(app, POOL_BYTES);
  const surface = painter.surface();
  const buffer = painter.buffer(0, 100, 100);
  painter.show(surface, buffer);
  await app.next(buffer, "release");
  await app.roundtrip();
  painter.memory.bytes.fill(4);
  painter.show(surface, buffer);
  await (await host.connect()).app.roundtrip();
  expect(seen.frames.length).toBe(1);
  seen.release(1);
  await app.next(buffer, "release");
  await app.roundtrip();
  expect(seen.frames.at(-1)?.pixels.every((byte) => byte === 4)).toBe(true);
});

test("a buffer is the app's again after the commit, and only as long as it has it", async () => {
  using host = new LinkHost();
  const { app, host: seen } = await host.connect();
  using painter = new Painter(app, POOL_BYTES);
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
  using painter = new Painter(app, POOL_BYTES);
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
