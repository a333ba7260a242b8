/** Descriptors between apps and the host: files, clipboard data, and that none is left behind. Real sockets throughout. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { eventually } from "../../../tests/support/deadline.ts";
import type { WaylandClient } from "../../../tests/support/wayland-client.ts";
import type { ClientObject } from "../../../tests/support/wayland-object.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { fileSize, memfdCreate, preadInto } from "../../sys/memory.ts";
import { pipe } from "../../sys/process.ts";
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
} from "../../wayland/generated/wayland.ts";
import { SERVER_ID_MIN } from "../../wayland/ids.ts";
import type { HostClient } from "./host-client.test-support.ts";
import { MAX_GUEST_TRANSFERS } from "./limits.ts";
import { createPool, LinkHost } from "./test-support.ts";

const word = (...words: number[]) => new Uint8Array(new Uint32Array(words).buffer);

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
