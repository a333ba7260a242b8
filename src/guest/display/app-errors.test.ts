/** Apps that break the rules: each loses its own connection, with the error that libwayland would give. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { WaylandClient } from "../../../tests/support/wayland-client.ts";
import type { ClientObject } from "../../../tests/support/wayland-object.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { memfdCreate, openFile } from "../../sys/memory.ts";
import { pipe } from "../../sys/process.ts";
import { socketPair } from "../../sys/socket.ts";
import { countDescriptors } from "../../sys/test-support.ts";
import { wl_compositor, wl_shm, wl_surface } from "../../wayland/generated/wayland.ts";
import { SERVER_ID_MIN } from "../../wayland/ids.ts";
import { encode } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import { createPool, LinkHost, POOL_BYTES } from "./test-support.ts";

const SHM_ERRORS: [
  name: string,
  object: "wl_shm" | "wl_shm_pool",
  code: number,
  misuse: (app: WaylandClient) => void,
][] = [
  ["a pool without a byte", "wl_shm", 1, (app) => createPool(app, app.bind(wl_shm), 0)],
  ["a pool of negative size", "wl_shm", 1, (app) => createPool(app, app.bind(wl_shm), -5)],
  ["a pool that is a pipe", "wl_shm", 2, (app) => createPool(app, app.bind(wl_shm), 64, closingOther(pipe()))],
  ["a pool that is a socket", "wl_shm", 2, (app) => createPool(app, app.bind(wl_shm), 64, closingOther(socketPair()))],
  ["a pool that is a folder", "wl_shm", 2, (app) => createPool(app, app.bind(wl_shm), 64, openFile("/tmp", 0o200000))],
  ["a pool that shrinks", "wl_shm_pool", 2, (app) => app.request(pool(app), "resize", [POOL_BYTES - 1])],
  ["a format nobody knows", "wl_shm_pool", 0, (app) => buffer(app, 0, 8, 8, 32, 77)],
  ["a buffer without width", "wl_shm_pool", 1, (app) => buffer(app, 0, 0, 8, 32)],
  ["a buffer of negative height", "wl_shm_pool", 1, (app) => buffer(app, 0, 8, -8, 32)],
  ["rows shorter than the width", "wl_shm_pool", 1, (app) => buffer(app, 0, 8, 8, 28)],
  ["rows of broken pixels", "wl_shm_pool", 1, (app) => buffer(app, 0, 8, 8, 33)],
  ["a buffer before its pool", "wl_shm_pool", 1, (app) => buffer(app, -4, 8, 8, 32)],
  ["a buffer behind its pool", "wl_shm_pool", 1, (app) => buffer(app, POOL_BYTES - 255, 8, 8, 32)],
  ["a buffer larger than numbers", "wl_shm_pool", 1, (app) => buffer(app, 0, 0x7fff, 0x7fff_ffff, 0x1fffc)],
];

function closingOther([keep, other]: [OwnedFd, OwnedFd]): OwnedFd {
  other.close();
  return keep;
}

function pool(app: WaylandClient): ClientObject {
  return createPool(app, app.bind(wl_shm));
}

function buffer(app: WaylandClient, offset: number, width: number, height: number, stride: number, format = 1): void {
  app.create(pool(app), "create_buffer", [offset, width, height, stride, format]);
}

for (const [name, object, code, misuse] of SHM_ERRORS) {
  test(`${name} is refused as libwayland does it`, async () => {
    using host = new LinkHost();
    const { app } = await host.connect();
    misuse(app);
    expect((await app.ended()).serverError).toMatchObject({ interface: object, code });
  });
}

test("the largest buffer that fits is taken, and a pool that has grown holds more", async () => {
  using host = new LinkHost();
  const { app } = await host.connect();
  const grown = pool(app);
  app.create(grown, "create_buffer", [POOL_BYTES - 256, 8, 8, 32, 1]);
  app.request(grown, "resize", [2 * POOL_BYTES]);
  app.create(grown, "create_buffer", [2 * POOL_BYTES - 256, 8, 8, 32, 0]);
  await app.roundtrip();
});

const word = (...words: number[]) => new Uint8Array(new Uint32Array(words).buffer);
const NONSENSE: [name: string, send: (app: WaylandClient) => void, code: number][] = [
  ["a request to no object", (app) => app.sendRaw(word(77, 8 << 16)), 0],
  ["a request to the link itself", (app) => app.sendRaw(word(0, (12 << 16) | 1, 1)), 0],
  ["a request that the object does not have", (app) => app.sendRaw(word(1, (8 << 16) | 9)), 1],
  ["a message shorter than its header", (app) => app.sendRaw(word(1, 4 << 16)), 1],
  ["a request with a word too many", (app) => app.sendRaw(word(1, 16 << 16, 50, 50)), 1],
  ["a new object under the number of another", (app) => app.sendRaw(word(1, 12 << 16, app.registry.id)), 1],
  ["a new object under a number of the server", (app) => app.sendRaw(word(1, 12 << 16, SERVER_ID_MIN)), 1],
  [
    "a pool without its descriptor",
    (app) => {
      const shm = app.bind(wl_shm);
      app.sendRaw(word(shm.id, 16 << 16, app.newObject(wl_surface, 1).id, 4096));
    },
    1,
  ],
  [
    "two pools of one number",
    (app) => {
      const shm = app.bind(wl_shm);
      const first = createPool(app, shm);
      using fd = memfdCreate("test", 64);
      app.sendRaw(word(shm.id, 16 << 16, first.id, 64), [fd]);
    },
    1,
  ],
  [
    "two buffers of one number",
    (app) => {
      const parent = pool(app);
      const made = app.create(parent, "create_buffer", [0, 8, 8, 32, 1]);
      const { opcode, message } = messageByName(parent.table, "requests", "create_buffer");
      app.sendRaw(encode(parent.id, opcode, message, [made.id, 0, 8, 8, 32, 1]));
    },
    1,
  ],
];

for (const [name, send, code] of NONSENSE) {
  test(`${name} ends the connection with an error, and no other`, async () => {
    using host = new LinkHost();
    const other = await host.connect();
    const before = countDescriptors();
    const { app, host: seen } = await host.connect();
    send(app);
    expect((await app.ended()).serverError).toMatchObject({ objectId: 1, code });
    await host.until("waiting for the end of the stream", () => seen.ended);
    await other.app.roundtrip();
    expect(countDescriptors()).toBe(before);
  });
}

test("random bytes end at most the connection that they come on", async () => {
  using host = new LinkHost();
  const other = await host.connect();
  const message = fc.tuple(
    fc.integer({ min: 0, max: 6 }),
    fc.nat({ max: 12 }),
    fc.array(fc.nat({ max: 12 }), { maxLength: 8 }),
  );
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 8, maxLength: 200 }),
    fc
      .array(message, { minLength: 1, maxLength: 20 })
      .map((messages) =>
        Buffer.concat(
          messages.map(([object, opcode, words]) => word(object, ((8 + words.length * 4) << 16) | opcode, ...words)),
        ),
      ),
  );
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(bytes, async (nonsense) => {
      const { app, host: seen } = await host.connect();
      app.bind(wl_compositor);
      app.bind(wl_shm);
      app.display.on("error", () => {
        refused += 1;
        app.close();
      });
      app.sendRaw(nonsense);
      // What looks like the beginning of a message leaves it waiting for the rest; then we end it.
      await other.app.roundtrip();
      app.close();
      await host.until("waiting for the end of the stream", () => seen.ended);
      await other.app.roundtrip();
    }),
    { seed: 20261124, numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(50);
}, 30_000);
