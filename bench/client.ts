/**
 * The app that is measured, native and in virtual machines. Each frame is drawn anew, by one copy from a picture of which
 * half is noise and half is plain, so that what compresses has its chance and what compares finds a change everywhere.
 *
 *   client frames WIDTH HEIGHT SECONDS   redraws the whole window as fast as frame callbacks come. Prints "begin", then
 *                                        "end FRAMES MILLISECONDS ALL", ALL being the frames since the window opened
 *   client keys                          shows the other of two pictures at each key press. Prints "ready" when it has
 *                                        the keyboard's focus
 */
import { Mapping, memfdCreate } from "../src/sys/memory.ts";
import { wl_seat, wl_shm } from "../src/wayland/generated/wayland.ts";
import { WaylandClient } from "../tests/support/wayland-client.ts";
import type { ClientObject } from "../tests/support/wayland-object.ts";
import { openWindow } from "../tests/support/window.ts";

/** Unmeasured frames come first, for this long. */
const WARM_UP_MS = 1000;
/** The connection stays open after the last frame, so that counters of its way can be read. */
const LINGER_MS = 4000;
/** For a frame of a slow way on a slow machine. */
const FRAME_DEADLINE_MS = 60_000;
/** Until somebody has pressed all keys and closed the window. */
const KEYS_DEADLINE_MS = 600_000;
const XRGB8888 = 1;
const KEYS_WINDOW = { width: 256, height: 256 };
const PRESSED = 1;

interface Frame {
  readonly buffer: ClientObject;
  readonly pixels: Uint8Array;
  busy: boolean;
}

/** Buffers for frames, and the pixels of each. */
function makeFrames(client: WaylandClient, count: number, width: number, height: number): Frame[] {
  const stride = width * 4;
  const bytes = stride * height;
  using file = memfdCreate("frames", bytes * count);
  const { bytes: memory } = Mapping.map(file, { length: bytes * count, writable: true });
  const pool = client.create(client.bind(wl_shm), "create_pool", [bytes * count], [file]);
  return [...Array(count).keys()].map((index) => {
    const buffer = client.create(pool, "create_buffer", [index * bytes, width, height, stride, XRGB8888]);
    const frame = { buffer, pixels: memory.subarray(index * bytes, (index + 1) * bytes), busy: false };
    buffer.on("release", () => {
      frame.busy = false;
    });
    return frame;
  });
}

/** Pictures that differ from each other in every pixel: noise on the left, plain on the right. */
function drawPictures(count: number, width: number, height: number): Uint8Array[] {
  let state = 0x9e3779b9;
  return [...Array(count).keys()].map((index) => {
    const picture = new Uint32Array(width * height).fill(0x404040 * (index + 1));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width / 2; x++) {
        // xorshift32, Marsaglia 2003.
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        picture[y * width + x] = state & 0xffffff;
      }
    }
    return new Uint8Array(picture.buffer);
  });
}

async function frames(client: WaylandClient, width: number, height: number, seconds: number): Promise<void> {
  const { surface } = await openWindow(client, { width, height, appId: "bench" });
  const pictures = drawPictures(3, width, height);
  const buffers = makeFrames(client, 3, width, height);
  let all = 0;
  const show = async () => {
    let frame = buffers.find(({ busy }) => !busy);
    while (frame === undefined) {
      await client.roundtrip(FRAME_DEADLINE_MS);
      frame = buffers.find(({ busy }) => !busy);
    }
    frame.pixels.set(pictures[all % pictures.length] as Uint8Array);
    frame.busy = true;
    const callback = client.create(surface, "frame", []);
    client.request(surface, "attach", [frame.buffer, 0, 0]);
    client.request(surface, "damage", [0, 0, width, height]);
    client.request(surface, "commit", []);
    await client.next(callback, "done", FRAME_DEADLINE_MS);
    all += 1;
  };
  const warm = performance.now() + WARM_UP_MS;
  while (performance.now() < warm) await show();
  console.log("begin");
  const [begin, before] = [performance.now(), all];
  while (performance.now() < begin + seconds * 1000) await show();
  console.log(`end ${all - before} ${Math.round(performance.now() - begin)} ${all}`);
  await Bun.sleep(LINGER_MS);
}

async function keys(client: WaylandClient): Promise<void> {
  const keyboard = client.create(client.bind(wl_seat), "get_keyboard", []);
  const focused = client.next(keyboard, "enter", KEYS_DEADLINE_MS);
  const { width, height } = KEYS_WINDOW;
  const { surface } = await openWindow(client, { width, height, appId: "bench" });
  const pictures = drawPictures(2, width, height);
  const buffers = makeFrames(client, 2, width, height);
  for (const [index, { pixels }] of buffers.entries()) pixels.set(pictures[index] as Uint8Array);
  let shown = 0;
  const show = () => {
    const frame = buffers[shown++ % buffers.length];
    if (frame === undefined) return;
    client.request(surface, "attach", [frame.buffer, 0, 0]);
    client.request(surface, "damage", [0, 0, width, height]);
    client.request(surface, "commit", []);
  };
  show();
  keyboard.on("key", ({ args }) => {
    if (args[3] === PRESSED) show();
  });
  await focused;
  console.log("ready");
  await client.ended(KEYS_DEADLINE_MS);
}

const [mode, ...numbers] = process.argv.slice(2);
const { WAYLAND_DISPLAY = "", XDG_RUNTIME_DIR = "" } = process.env;
const socket = WAYLAND_DISPLAY.startsWith("/") ? WAYLAND_DISPLAY : `${XDG_RUNTIME_DIR}/${WAYLAND_DISPLAY}`;
const client = await WaylandClient.connect(socket, FRAME_DEADLINE_MS);
const [width = 0, height = 0, seconds = 0] = numbers.map(Number);
if (mode === "frames") await frames(client, width, height, seconds);
else await keys(client);
client.close();
