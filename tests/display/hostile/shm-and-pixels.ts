/** Shared memory that is not what an app says, and damage, scales and transforms that no buffer has. */
import { constants, ftruncateSync, openSync } from "node:fs";
import { OwnedFd } from "../../../src/sys/fd.ts";
import { memfdCreate } from "../../../src/sys/memory.ts";
import { pipe } from "../../../src/sys/process.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import { attachPixels, solidBuffer } from "../../support/window.ts";
import { type Attack, byApp, byBoth, displayError, error, IGNORED, type Scene } from "./attack.ts";

const XRGB8888 = 1;
const NV12 = 0x3231_564e;
const MAX_INT = 0x7fff_ffff;
const POOL_BYTES = 4096;

const BAD_SIZE = error("wl_shm_pool", "invalid_stride", "wl_shm");
const BAD_FORMAT = error("wl_shm_pool", "invalid_format", "wl_shm");
const BAD_FD = error("wl_shm", "invalid_fd");

function pool(scene: Scene, size = POOL_BYTES, fileBytes = size): ClientObject {
  using file = memfdCreate("pool", fileBytes);
  return scene.client.create(scene.bind("wl_shm"), "create_pool", [size], [file]);
}

/** offset, width, height, stride and format of a buffer in a pool of 4096 bytes. */
const buffer =
  (...args: [number, number, number, number, number]) =>
  (scene: Scene) =>
    void scene.client.create(pool(scene), "create_buffer", args);

function poolOf(scene: Scene, fd: OwnedFd): void {
  scene.client.create(scene.bind("wl_shm"), "create_pool", [POOL_BYTES], [scene.keep(fd)]);
}

const opened = (path: string, flags: number) => OwnedFd.own(openSync(path, flags));

/** A window that shows one of its buffers, and a request about what it shows. */
const onWindow =
  (...requests: readonly (readonly [string, readonly number[]])[]) =>
  async (scene: Scene) => {
    const { surface } = await scene.window();
    attachPixels(scene.client, surface, 64, 64);
    for (const [name, args] of requests) scene.client.request(surface, name, args);
    scene.client.request(surface, "commit", []);
  };

export const SHM_AND_PIXELS: readonly Attack[] = [
  byApp("a pool smaller than its buffer", BAD_SIZE, buffer(0, 100, 100, 400, XRGB8888)),
  byApp("a buffer that begins inside its pool and ends outside", BAD_SIZE, buffer(4000, 10, 10, 40, XRGB8888)),
  byApp("a buffer that begins beyond its pool", BAD_SIZE, buffer(1 << 30, 1, 1, 4, XRGB8888)),
  byApp("a buffer with a negative offset", BAD_SIZE, buffer(-4096, 10, 10, 40, XRGB8888)),
  byApp("a buffer whose offset and size overflow together", BAD_SIZE, buffer(MAX_INT, 10, 10, 40, XRGB8888)),
  byApp("a buffer whose stride times height overflows", BAD_SIZE, buffer(0, 0x1_0000, 0x1_0000, 0x4_0000, XRGB8888)),
  byApp("a buffer whose width times 4 overflows", BAD_SIZE, buffer(0, 0x4000_0001, 1, 4, XRGB8888)),
  byApp("a buffer with a stride shorter than its rows", BAD_SIZE, buffer(0, 10, 10, 36, XRGB8888)),
  byApp("a buffer with an odd stride", BAD_SIZE, buffer(0, 10, 10, 41, XRGB8888)),
  byApp("a buffer with a negative stride", BAD_SIZE, buffer(0, 10, 10, -40, XRGB8888)),
  byApp("a buffer without width", BAD_SIZE, buffer(0, 0, 10, 40, XRGB8888)),
  byApp("a buffer of negative height", BAD_SIZE, buffer(0, 10, -10, 40, XRGB8888)),
  byApp("a buffer of the largest sides there are", BAD_SIZE, buffer(0, MAX_INT, MAX_INT, MAX_INT, XRGB8888)),
  byApp("a buffer in several planes", BAD_FORMAT, buffer(0, 10, 10, 40, NV12)),
  byApp("a buffer in no format", BAD_FORMAT, buffer(0, 10, 10, 40, 0xdead_beef)),
  byApp("a pool of size 0", error("wl_shm", "invalid_stride"), (scene) => void pool(scene, 0, POOL_BYTES)),
  byApp("a pool of negative size", error("wl_shm", "invalid_stride"), (scene) => void pool(scene, -1, POOL_BYTES)),
  byApp("a pool that shrinks", error("wl_shm_pool", "invalid_fd", "wl_shm"), (scene) =>
    scene.client.request(pool(scene), "resize", [POOL_BYTES / 2]),
  ),
  byApp("a pool that grows below zero", error("wl_shm_pool", "invalid_fd", "wl_shm"), (scene) =>
    scene.client.request(pool(scene), "resize", [-1]),
  ),
  byApp("a pool of 2 GiB over a file of 4 KiB", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    const made = scene.client.create(pool(scene, MAX_INT, POOL_BYTES), "create_buffer", [
      1 << 30,
      64,
      64,
      256,
      XRGB8888,
    ]);
    scene.client.request(surface, "attach", [made, 0, 0]);
    scene.client.request(surface, "damage", [0, 0, 64, 64]);
    scene.client.request(surface, "commit", []);
  }),
  byApp("a pool cut short by its owner", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    using file = memfdCreate("pool", 64 * 64 * 4);
    const made = scene.client.create(scene.bind("wl_shm"), "create_pool", [64 * 64 * 4], [file]);
    const shown = scene.client.create(made, "create_buffer", [0, 64, 64, 256, XRGB8888]);
    await scene.client.roundtrip();
    ftruncateSync(file.raw, 0);
    scene.client.request(surface, "attach", [shown, 0, 0]);
    scene.client.request(surface, "damage", [0, 0, 64, 64]);
    scene.client.request(surface, "commit", []);
  }),
  byApp("a pool that is a pipe", BAD_FD, (scene) => {
    const [readEnd, writeEnd] = pipe();
    scene.keep(writeEnd);
    poolOf(scene, readEnd);
  }),
  byApp("a pool that is a folder", BAD_FD, (scene) => poolOf(scene, opened("/", constants.O_RDONLY))),
  byApp("a pool that may only be written", BAD_FD, (scene) => poolOf(scene, opened("/dev/null", constants.O_WRONLY))),
  byApp("a pool that is an empty device", IGNORED, async (scene) => {
    poolOf(scene, opened("/dev/null", constants.O_RDONLY));
    await scene.client.roundtrip();
  }),
  byApp("a pool without its descriptor", displayError("wl_display", "invalid_method"), (scene) =>
    scene.send(scene.bind("wl_shm").id, "wl_shm", "create_pool", [scene.newId("wl_shm_pool"), 0, POOL_BYTES]),
  ),
  byApp("six hundred pools", displayError("wl_display", "no_memory"), (scene) => {
    const shm = scene.bind("wl_shm");
    using file = memfdCreate("pool", POOL_BYTES);
    for (let count = 0; count < 600; count++) scene.client.create(shm, "create_pool", [POOL_BYTES], [file]);
  }),
  byApp("a buffer larger than the arena", displayError("wl_display", "no_memory"), async (scene) => {
    const { surface } = await scene.window();
    const huge = scene.client.create(pool(scene, MAX_INT, POOL_BYTES), "create_buffer", [
      0,
      8192,
      16384,
      32768,
      XRGB8888,
    ]);
    scene.client.request(surface, "attach", [huge, 0, 0]);
    scene.client.request(surface, "commit", []);
  }),
  byApp("a buffer destroyed while attached", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    const shown = solidBuffer(scene.client, 64, 64);
    scene.client.request(surface, "attach", [shown, 0, 0]);
    scene.client.request(shown, "destroy", []);
    scene.client.request(surface, "commit", []);
  }),
  byApp("a buffer destroyed and attached", displayError("wl_display", "invalid_object"), async (scene) => {
    const { surface } = await scene.window();
    const gone = solidBuffer(scene.client, 64, 64);
    scene.client.request(gone, "destroy", []);
    scene.client.request(surface, "attach", [gone, 0, 0]);
    scene.client.request(surface, "commit", []);
  }),
  byApp("a pool destroyed before its buffer is shown", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    const made = pool(scene, 64 * 256);
    const shown = scene.client.create(made, "create_buffer", [0, 64, 64, 256, XRGB8888]);
    scene.client.request(made, "destroy", []);
    scene.client.request(surface, "attach", [shown, 0, 0]);
    scene.client.request(surface, "commit", []);
  }),
  byApp("a region attached as a buffer", displayError("wl_display", "invalid_object"), async (scene) => {
    const { surface } = await scene.window();
    const region = scene.client.create(scene.bind("wl_compositor"), "create_region", []);
    scene.send(surface.id, "wl_surface", "attach", [region.id, 0, 0]);
  }),
  byBoth("damage outside of the buffer", IGNORED, onWindow(["damage_buffer", [5000, 5000, 100, 100]])),
  byBoth("damage whose end overflows", IGNORED, onWindow(["damage", [MAX_INT, MAX_INT, MAX_INT, MAX_INT]])),
  byBoth("damage of negative size", IGNORED, onWindow(["damage", [10, 10, -5, -5]], ["damage_buffer", [9, 9, -1, 1]])),
  byBoth(
    "damage from the smallest number to the largest",
    IGNORED,
    onWindow(["damage_buffer", [-MAX_INT - 1, -MAX_INT - 1, MAX_INT, MAX_INT]]),
  ),
  byBoth("ten thousand rectangles of damage", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    for (let at = 0; at < 10_000; at++) scene.client.request(surface, "damage", [at % 64, (at * 7) % 64, 1, 1]);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("a scale of 0", error("wl_surface", "invalid_scale"), onWindow(["set_buffer_scale", [0]])),
  byBoth("a negative scale", error("wl_surface", "invalid_scale"), onWindow(["set_buffer_scale", [-3]])),
  byBoth("a scale that makes nothing of the buffer", IGNORED, onWindow(["set_buffer_scale", [MAX_INT]])),
  byBoth("a transform that is none", error("wl_surface", "invalid_transform"), onWindow(["set_buffer_transform", [8]])),
  byBoth("a negative transform", error("wl_surface", "invalid_transform"), onWindow(["set_buffer_transform", [-1]])),
  byBoth("an offset that moves the window beyond all numbers", IGNORED, async (scene) => {
    const { surface } = scene.toplevel();
    for (let count = 0; count < 3; count++) {
      scene.send(surface.id, "wl_surface", "attach", [0, MAX_INT, MAX_INT]);
      scene.client.request(surface, "commit", []);
    }
  }),
];
