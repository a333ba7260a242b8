/** A client that redraws its whole window as fast as frame callbacks come: bun bench/frame-client.ts WIDTH HEIGHT SECONDS */
import { Mapping, memfdCreate } from "../src/sys/memory.ts";
import { wl_compositor, wl_shm } from "../src/wayland/generated/wayland.ts";
import { WaylandClient } from "../tests/support/wayland-client.ts";
import { openWindow } from "../tests/support/window.ts";

const [width, height, seconds] = process.argv.slice(2).map(Number) as [number, number, number];
const socket = `${process.env.XDG_RUNTIME_DIR}/${process.env.WAYLAND_DISPLAY}`;
const BUFFERS = 3;

const client = await WaylandClient.connect(socket);
const { surface } = await openWindow(client, { width, height, appId: "frames" });
const stride = width * 4;
const bytes = stride * height;
using file = memfdCreate("frames", bytes * BUFFERS);
using mapping = Mapping.map(file, { length: bytes * BUFFERS, writable: true });
const pool = client.create(client.bind(wl_shm), "create_pool", [bytes * BUFFERS], [file]);
const buffers = [...Array(BUFFERS).keys()].map((index) => {
  const buffer = client.create(pool, "create_buffer", [index * bytes, width, height, stride, 1]);
  const state = { buffer, index, busy: false };
  buffer.on("release", () => {
    state.busy = false;
  });
  return state;
});
client.bind(wl_compositor);

let frames = 0;
const end = performance.now() + seconds * 1000;
while (performance.now() < end) {
  const free = buffers.find((candidate) => !candidate.busy);
  if (free === undefined) {
    await client.roundtrip();
    continue;
  }
  mapping.bytes.fill(frames & 0xff, free.index * bytes, (free.index + 1) * bytes);
  free.busy = true;
  const callback = client.create(surface, "frame", []);
  client.request(surface, "attach", [free.buffer, 0, 0]);
  client.request(surface, "damage", [0, 0, width, height]);
  client.request(surface, "commit", []);
  await client.next(callback, "done", 30_000);
  frames += 1;
}
console.log(frames);
client.close();
