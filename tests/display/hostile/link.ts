/** A guest half that lies: buffers outside of the arena or of others, messages of the link that are none. */
import { LINK_OBJECT_ID } from "../../../src/channel/contract/display.ts";
import type { Value } from "../../../src/wayland/types.ts";
import { type Attack, byApp, byGuest, COMPOSITOR, displayError, IGNORED, notice, type Scene } from "./attack.ts";

const MAX_INT = 0x7fff_ffff;
const ARENA_BYTES = 256 * 1024 * 1024;
const XRGB8888 = 1;
const RGB565 = 0x3631_4752;
const NV12 = 0x3231_564e;
const LIE = displayError("wl_display", "invalid_method");
const NO_OBJECT = displayError("wl_display", "invalid_object");

/** number, offset, width, height, stride, format */
type Buffer = [number, number, number, number, number, number];
const create =
  (...buffer: Buffer) =>
  (scene: Scene) =>
    scene.link("buffer_create", buffer);

const GOOD: Buffer = [1, 0, 16, 16, 64, XRGB8888];

const say = (name: string, args: readonly Value[]) => (scene: Scene) => scene.link(name, args);

/** A window that shows buffer 1. */
async function shown(scene: Scene): Promise<number> {
  const { surface } = await scene.window();
  scene.link("buffer_create", GOOD);
  scene.link("attach", [surface.id, 1, 0, 0]);
  scene.client.request(surface, "commit", []);
  await scene.client.roundtrip();
  return surface.id;
}

export const LINK: readonly Attack[] = [
  byGuest("a buffer that begins beyond the arena", LIE, create(1, 0xffff_ff00, 10, 10, 40, XRGB8888)),
  byGuest("a buffer that ends a row beyond the arena", LIE, create(1, ARENA_BYTES - 4096, 32, 33, 128, XRGB8888)),
  byGuest("a buffer that ends exactly with the arena", IGNORED, create(1, ARENA_BYTES - 4096, 32, 32, 128, XRGB8888)),
  byGuest("a buffer as long as all numbers", LIE, create(1, 0, 1, MAX_INT, MAX_INT, XRGB8888)),
  byGuest("a buffer whose offset and size wrap around", LIE, create(1, 0xffff_f000, 32, 32, 128, XRGB8888)),
  byGuest("a buffer with a side of 16 385 pixels", LIE, create(1, 0, 16_385, 1, 65_540, XRGB8888)),
  byGuest("a buffer without height", LIE, create(1, 0, 16, 0, 64, XRGB8888)),
  byGuest("a buffer of negative width", LIE, create(1, 0, -16, 16, 64, XRGB8888)),
  byGuest("a buffer whose stride is shorter than its rows", LIE, create(1, 0, 16, 16, 60, XRGB8888)),
  byGuest("a buffer whose stride is no whole pixel", LIE, create(1, 0, 16, 16, 65, RGB565)),
  byGuest("a buffer of negative stride", LIE, create(1, 0, 16, 16, -64, XRGB8888)),
  byGuest("a buffer at an odd address", IGNORED, create(1, 1, 16, 16, 64, XRGB8888)),
  byGuest("a range of the arena in several planes", LIE, create(1, 0, 16, 16, 64, NV12)),
  byGuest("a range of the arena in no format", LIE, create(1, 0, 16, 16, 64, 0xffff_ffff)),
  byGuest("a buffer of number 0", LIE, create(0, 0, 16, 16, 64, XRGB8888)),
  byGuest("a number used for two buffers", LIE, (scene) => {
    for (let count = 0; count < 2; count++) scene.link("buffer_create", GOOD);
  }),
  byGuest("two thousand and one buffers", displayError("wl_display", "no_memory"), (scene) => {
    for (let number = 1; number <= 2001; number++) scene.link("buffer_create", [number, ...GOOD.slice(1)] as Buffer);
  }),
  byGuest("buffers over one another", IGNORED, async (scene) => {
    await shown(scene);
    for (let number = 1_000_000; number < 1_000_050; number++) create(number, number * 4, 16, 16, 64, XRGB8888)(scene);
  }),
  byGuest("buffers made and destroyed without end", IGNORED, (scene) => {
    for (let number = 1; number < 5000; number++) {
      scene.link("buffer_create", [number, ...GOOD.slice(1)] as Buffer);
      scene.link("buffer_destroy", [number]);
    }
  }),
  byGuest("the end of a buffer that never was", LIE, say("buffer_destroy", [7])),
  byGuest("the end of a buffer that has ended", LIE, (scene) => {
    scene.link("buffer_create", GOOD);
    for (let count = 0; count < 2; count++) scene.link("buffer_destroy", [1]);
  }),
  byGuest(
    "the end of a buffer on the screen, and its number used again",
    LIE,
    async (scene) => {
      await shown(scene);
      scene.link("buffer_destroy", [1]);
      scene.link("buffer_create", GOOD);
    },
    COMPOSITOR,
  ),
  byGuest("a buffer destroyed before the commit that shows it", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    scene.link("buffer_create", GOOD);
    scene.link("attach", [surface.id, 1, 0, 0]);
    scene.link("buffer_destroy", [1]);
    scene.client.request(surface, "commit", []);
  }),
  byGuest("a buffer that was never created", LIE, (scene) => scene.link("attach", [scene.surface().id, 7, 0, 0])),
  byGuest("a buffer of another connection", LIE, async (scene) => {
    const { client: other } = await scene.rig.connect();
    scene.keep(other);
    if (other.link !== undefined) other.request(other.link, "buffer_create", [33, ...GOOD.slice(1)]);
    await other.roundtrip();
    scene.link("attach", [scene.surface().id, 33, 0, 0]);
  }),
  byGuest("a buffer for a surface that never was", NO_OBJECT, (scene) => {
    scene.link("buffer_create", GOOD);
    scene.link("attach", [999, 1, 0, 0]);
  }),
  byGuest("a buffer for a dead surface", NO_OBJECT, (scene) => {
    const surface = scene.surface();
    scene.link("buffer_create", GOOD);
    scene.client.request(surface, "destroy", []);
    scene.link("attach", [surface.id, 1, 0, 0]);
  }),
  byGuest("a buffer for something that is no surface", NO_OBJECT, (scene) => {
    scene.link("buffer_create", GOOD);
    scene.link("attach", [scene.bind("wl_shm").id, 1, 0, 0]);
  }),
  byGuest("one buffer for a hundred surfaces", IGNORED, (scene) => {
    scene.link("buffer_create", GOOD);
    for (let count = 0; count < 100; count++) {
      const surface = scene.surface();
      scene.link("attach", [surface.id, 1, 0, 0]);
      scene.client.request(surface, "commit", []);
    }
  }),
  byGuest("pixels where the arena is shared", LIE, say("pixels", [0, 40, 40, new Uint8Array(40)])),
  byGuest("an unknown message of the link", LIE, (scene) => scene.raw([LINK_OBJECT_ID, (12 << 16) | 77, 0])),
  byGuest("a message of the link that is too short", LIE, (scene) => scene.raw([LINK_OBJECT_ID, (8 << 16) | 0])),
  byGuest("pixels longer than their message", LIE, (scene) =>
    scene.raw([LINK_OBJECT_ID, (24 << 16) | 2, 0, 40, 40, 0xffff_ffff]),
  ),
  byApp("a message of the link from an app", NO_OBJECT, (scene) => scene.raw([LINK_OBJECT_ID, (12 << 16) | 1, 5])),
  byGuest(
    "a connection under a number that is in use",
    notice(/refused: too many, or the number is in use/),
    (scene) => {
      scene.keep(scene.rig.open(scene.number).fd);
    },
  ),
  byGuest("two hundred connections at once", notice(/refused: too many/), (scene) => {
    for (let count = 0; count < 200; count++) scene.keep(scene.rig.open().fd);
  }),
];
