/** What is not pixels: errors that end one connection, descriptors, and apps that do not read. Real sockets throughout. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { eventually } from "../../../tests/support/deadline.ts";
import type { WaylandClient } from "../../../tests/support/wayland-client.ts";
import type { ClientObject } from "../../../tests/support/wayland-object.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { fileSize, memfdCreate, openFile, preadInto } from "../../sys/memory.ts";
import { pipe } from "../../sys/process.ts";
import { connectUnix, socketPair } from "../../sys/socket.ts";
import { countDescriptors } from "../../sys/test-support.ts";
import {
  wl_compositor,
  wl_data_device,
  wl_data_device_manager,
  wl_data_offer,
  wl_data_source,
  wl_keyboard,
  wl_seat,
  wl_shm,
  wl_surface,
} from "../../wayland/generated/wayland.ts";
import { SERVER_ID_MIN } from "../../wayland/ids.ts";
import { encode } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import { MAX_APP_CONNECTIONS, MAX_GUEST_TRANSFERS, MAX_POOLS } from "./limits.ts";
import { type HostClient, LinkHost } from "./test-support.ts";

const POOL_BYTES = 8192;

/** A pool of POOL_BYTES; the descriptor is not kept here. */
function createPool(app: WaylandClient, shm: ClientObject, size = POOL_BYTES, fd = memfdCreate("test", POOL_BYTES)) {
  using owned = fd;
  return app.create(shm, "create_pool", [size], [owned]);
}

async function text(fd: OwnedFd): Promise<string> {
  const stream = fdStream(fd);
  const chunks: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.onData((chunk) => chunks.push(Buffer.from(chunk)));
  stream.onEnd(resolve);
  stream.onClose((error) => (error === undefined ? resolve() : reject(error)));
  await promise;
  stream.destroy();
  return Buffer.concat(chunks).toString();
}

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
});

test("what an app says right before it goes reaches the host", async () => {
  using host = new LinkHost();
  const { app, host: seen } = await host.connect();
  const compositor = app.bind(wl_compositor);
  const { opcode, message } = messageByName(wl_compositor, "requests", "create_surface");
  const requests = Array.from({ length: 500 }, () =>
    encode(compositor.id, opcode, message, [app.newObject(wl_surface, 6).id]),
  );
  app.sendRaw(Buffer.concat(requests));
  app.close();
  await host.until("waiting for the end of the stream", () => seen.ended);
  expect(seen.named("wl_compositor.create_surface").length).toBe(500);
});

test("an app hears why the host ends it", async () => {
  using host = new LinkHost();
  const { app, host: seen } = await host.connect();
  seen.event(1, app.display.table, "error", [1, 3, "the compositor is gone"]);
  seen.stream.end();
  expect((await app.ended()).serverError).toMatchObject({ code: 3, message: "the compositor is gone" });
});

test("an app that does not read its events is ended, late, and no other", async () => {
  using host = new LinkHost();
  const other = await host.connect();
  using deaf = connectUnix(host.socketPath);
  const seen = await host.until("waiting for the deaf app", () => host.clients.get(2));
  const event = encode(1, 0, messageByName(other.app.display.table, "events", "error").message, [
    1,
    0,
    "x".repeat(4000),
  ]);
  let sent = 0;
  while (!seen.ended) {
    for (let count = 0; count < 64; count++, sent += event.length) seen.stream.write(event);
    await other.app.roundtrip();
    if (sent > 64 * 1024 * 1024) throw new Error("it goes on without end");
  }
  expect(sent).toBeGreaterThan(4 * 1024 * 1024);
  expect(deaf.isOpen).toBe(true);
});

test("more connections than the bound are refused; those that are there go on", async () => {
  using host = new LinkHost();
  const apps: WaylandClient[] = [];
  for (let count = 0; count < MAX_APP_CONNECTIONS; count++) apps.push((await host.connect()).app);
  await expect(host.connect()).rejects.toThrow();
  expect(host.notices.length).toBe(1);
  apps[0]?.close();
  await eventually("making room", 5000, () => host.display.connections < MAX_APP_CONNECTIONS || undefined);
  await apps[1]?.roundtrip();
  const again = await host.connect().catch(() => host.connect());
  await again.app.roundtrip();
  for (const app of [...apps, again.app]) app.close();
}, 20_000);

test("when descriptors run out, an app waits for its connection, and the others go on", async () => {
  using host = new LinkHost();
  const other = await host.connect();
  // Started now, since starting a program takes descriptors.
  const script = `read -r _ && prlimit --pid ${process.pid} --nofile=1024:`;
  const restore = Bun.spawn(["sh", "-c", script], { stdio: ["pipe", "ignore", "inherit"] });
  using waiting = connectUnix(host.socketPath);
  const lowestFree = memfdCreate("lowest", 1);
  const limit = lowestFree.raw;
  lowestFree.close();
  // Before the display gets its turn.
  expect(Bun.spawnSync(["prlimit", "--pid", `${process.pid}`, `--nofile=${limit}:`]).exitCode).toBe(0);
  await eventually("running out", 5000, () => host.notices.length > 0 || undefined);
  await other.app.roundtrip();
  expect(host.display.connections).toBe(1);
  restore.stdin.write("\n");
  restore.stdin.end();
  expect(await restore.exited).toBe(0);
  await eventually("accepting again", 5000, () => host.display.connections === 2 || undefined);
  expect(waiting.isOpen).toBe(true);
});

test("pools that are kept open by their buffers count, too", async () => {
  using host = new LinkHost();
  const { app } = await host.connect();
  const shm = app.bind(wl_shm);
  const keep = (count: number) => {
    for (let index = 0; index < count; index++) {
      const made = createPool(app, shm);
      app.create(made, "create_buffer", [0, 8, 8, 32, 1]);
      app.request(made, "destroy", []);
    }
  };
  keep(MAX_POOLS);
  await app.roundtrip();
  keep(1);
  expect((await app.ended()).serverError).toMatchObject({ objectId: 1, code: 2 });
});

async function keyboard(host: LinkHost): Promise<{ app: WaylandClient; seen: HostClient; keyboard: ClientObject }> {
  const { app, host: seen } = await host.connect();
  const made = app.create(app.bind(wl_seat), "get_keyboard", []);
  await app.roundtrip();
  return { app, seen, keyboard: made };
}

test.each([0, 1, 65_024, 200_001])("a file of %d bytes arrives whole and read-only", async (size) => {
  using host = new LinkHost();
  const { app, seen, keyboard: made } = await keyboard(host);
  const bytes = Uint8Array.from({ length: size }, (_, index) => index % 253);
  seen.link("file", [size]);
  for (let at = 0; at < size; at += 65_024) seen.link("file_data", [bytes.subarray(at, at + 65_024)]);
  seen.event(made.id, wl_keyboard, "keymap", [1, 0, size]);
  const { fds, args } = await app.next(made, "keymap");
  const [fd] = fds;
  if (fd === undefined) throw new Error("no descriptor came");
  using file = fd;
  expect(args[2]).toBe(size);
  const copy = new Uint8Array(size);
  expect(preadInto(file, copy, 0)).toBe(size);
  expect(Buffer.compare(copy, bytes)).toBe(0);
  expect(fileSize(file)).toBeGreaterThanOrEqual(size);
  expect(/^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file.raw}`, "utf8"))?.[1]?.endsWith("0")).toBe(
    true,
  );
});

test.each([
  ["too large", (seen: HostClient) => seen.link("file", [1024 * 1024 + 1])],
  [
    "longer than announced",
    (seen: HostClient) => {
      seen.link("file", [4]);
      seen.link("file_data", [new Uint8Array(5)]);
    },
  ],
  ["of nothing", (seen: HostClient) => seen.link("file_data", [new Uint8Array(5)])],
] as const)("a file %s ends the connection", async (_name, send) => {
  using host = new LinkHost();
  const { app, seen } = await keyboard(host);
  send(seen);
  expect((await app.ended()).serverError).toMatchObject({ code: 1 });
});

test("an event without the descriptor that belongs to it ends the connection", async () => {
  using host = new LinkHost();
  const { app, seen, keyboard: made } = await keyboard(host);
  seen.event(made.id, wl_keyboard, "keymap", [1, 0, 5]);
  expect((await app.ended()).serverError).toMatchObject({ code: 1 });
});

async function clipboard(host: LinkHost) {
  const { app, host: seen } = await host.connect();
  const manager = app.bind(wl_data_device_manager);
  const device = app.create(manager, "get_data_device", [app.bind(wl_seat)]);
  const source = app.create(manager, "create_data_source", []);
  await app.roundtrip();
  return { app, seen, device, source };
}

test("pasted data come from the host to the app's pipe, and end", async () => {
  using host = new LinkHost();
  const { app, seen, device } = await clipboard(host);
  for (const turn of [1, 2]) {
    // The same number for two offers in turn, as compositors do it.
    seen.event(device.id, wl_data_device, "data_offer", [SERVER_ID_MIN]);
    seen.event(SERVER_ID_MIN, wl_data_offer, "offer", ["text/plain"]);
    const offer = (await app.next(device, "data_offer")).created[0];
    if (offer === undefined) throw new Error("no offer");
    await app.next(offer, "offer");
    const [readEnd, writeEnd] = pipe();
    app.request(offer, "receive", ["text/plain"], [writeEnd]);
    writeEnd.close();
    const transfer = await host.until("waiting for the transfer", () => host.transfers[turn - 1]);
    expect(transfer).toMatchObject({ client: 1, announcedBy: "guest", token: turn });
    await app.roundtrip();
    expect(seen.named("link.transfer").at(-1)?.args).toEqual([turn]);
    expect(seen.requests.at(-2)?.name).toBe("wl_data_offer.receive");
    const data = `paste ${turn} `.repeat(50_000);
    transfer.stream.write(Buffer.from(data));
    transfer.stream.end();
    expect(await text(readEnd)).toBe(data);
    app.request(offer, "destroy", []);
    await app.roundtrip();
  }
});

test("copied data go from the app's pipe to the host, and end", async () => {
  using host = new LinkHost();
  const { app, seen, source } = await clipboard(host);
  seen.link("transfer", [5]);
  seen.event(source.id, wl_data_source, "send", ["text/plain", 0]);
  const { fds } = await app.next(source, "send");
  const transfer = await host.until("waiting for the transfer", () => host.transfers[0]);
  expect(transfer).toMatchObject({ client: 1, announcedBy: "host", token: 5 });
  const received: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  transfer.stream.onData((chunk) => received.push(Buffer.from(chunk)));
  transfer.stream.onEnd(ended.resolve);
  const [fd] = fds;
  if (fd === undefined) throw new Error("no descriptor came");
  const data = "copy ".repeat(50_000);
  const writer = Bun.spawn(
    [
      "sh",
      "-c",
      `i=0; while [ $i -lt 50 ]; do printf '%s' "$1" || exit; i=$((i + 1)); done`,
      "sh",
      "copy ".repeat(1000),
    ],
    {
      stdio: ["ignore", fd.raw, "inherit"],
    },
  );
  fd.close();
  await Promise.all([writer.exited, ended.promise]);
  expect(Buffer.concat(received).toString()).toBe(data);
});

test("transfers are bounded, and one that ends makes room for another", async () => {
  using host = new LinkHost();
  const { app, seen, device } = await clipboard(host);
  seen.event(device.id, wl_data_device, "data_offer", [SERVER_ID_MIN]);
  const offer = (await app.next(device, "data_offer")).created[0];
  if (offer === undefined) throw new Error("no offer");
  const readEnds: OwnedFd[] = [];
  const receive = () => {
    const [readEnd, writeEnd] = pipe();
    app.request(offer, "receive", ["text/plain"], [writeEnd]);
    writeEnd.close();
    readEnds.push(readEnd);
    return readEnd;
  };
  for (let count = 0; count < MAX_GUEST_TRANSFERS; count++) receive();
  // The one too many gets nothing, at once.
  expect(await text(receive())).toBe("");
  await app.roundtrip();
  expect(host.transfers.length).toBe(MAX_GUEST_TRANSFERS);
  host.transfers[0]?.stream.end();
  expect(await text(readEnds[0] as OwnedFd)).toBe("");
  const before = countDescriptors();
  receive();
  await host.until("waiting for another transfer", () => host.transfers.length > MAX_GUEST_TRANSFERS);
  expect(countDescriptors()).toBeGreaterThan(before);
  // They outlive the connection that began them.
  app.close();
  await host.until("waiting for the end of the stream", () => seen.ended);
  host.transfers.at(-1)?.stream.write(Buffer.from("late"));
  host.transfers.at(-1)?.stream.end();
  expect(await text(readEnds.at(-1) as OwnedFd)).toBe("late");
  for (const fd of readEnds) fd.close();
});

test("no descriptor is left behind by 200 connections, however they end", async () => {
  using host = new LinkHost();
  const round = async (turn: number) => {
    const { app, seen, device, source } = await clipboard(host);
    const shm = app.bind(wl_shm);
    const surface = app.create(app.bind(wl_compositor), "create_surface", []);
    const parent = createPool(app, shm);
    const made = app.create(parent, "create_buffer", [0, 8, 8, 32, 1]);
    app.request(surface, "attach", [made, 0, 0]);
    app.request(surface, "commit", []);
    if (turn % 2 === 0) app.request(parent, "destroy", []);
    seen.event(device.id, wl_data_device, "data_offer", [SERVER_ID_MIN]);
    const offer = (await app.next(device, "data_offer")).created[0];
    if (offer === undefined) throw new Error("no offer");
    const transfers = host.transfers.length;
    const [readEnd, writeEnd] = pipe();
    app.request(offer, "receive", ["text/plain"], [writeEnd]);
    writeEnd.close();
    readEnd.close();
    seen.link("transfer", [1]);
    seen.event(source.id, wl_data_source, "send", ["text/plain", 0]);
    for (const fd of (await app.next(source, "send")).fds) fd.close();
    // Announced, and never used.
    seen.link("transfer", [2]);
    seen.link("file", [3]);
    seen.link("file_data", [new Uint8Array(3)]);
    await host.until("waiting for the transfers", () => host.transfers.length >= transfers + 3);
    using extra = memfdCreate("extra", 1);
    switch (turn % 4) {
      case 0:
        app.close();
        break;
      case 1:
        // A descriptor that no request takes, and half a message.
        app.sendRaw(word(1), [extra]);
        app.close();
        break;
      case 2:
        app.sendRaw(word(99, 8 << 16), [extra]);
        await app.ended();
        break;
      default:
        seen.stream.destroy();
        await app.ended();
        break;
    }
    await host.until("waiting for the end of the stream", () => seen.ended);
    for (const { stream } of host.transfers.splice(0)) stream.destroy();
  };
  const settled = (limit: number) =>
    eventually("closing descriptors", 5000, () => (countDescriptors() <= limit ? true : undefined));
  for (let turn = 0; turn < 8; turn++) await round(turn);
  await eventually("ending the connections", 5000, () => host.display.connections === 0 || undefined);
  const before = countDescriptors();
  for (let turn = 0; turn < 200; turn++) await round(turn);
  await settled(before);
}, 30_000);
