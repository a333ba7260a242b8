/** Drag and drop with the pointer: from host to guest, guest to host, and between sandboxes; byte for byte, of any size. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { type OwnedFd, setNonBlocking } from "../../src/sys/fd.ts";
import { pipe } from "../../src/sys/process.ts";
import { wl_data_device_manager } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { TestApp } from "../support/test-app.ts";
import type { ClientObject } from "../support/wayland-object.ts";

setDefaultTimeout(120_000);
const [WIDTH, HEIGHT] = [1280, 800];
const MEGABYTE = 1024 * 1024;
const COPY = 1;

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
let other: DisplayLoop;

beforeAll(async () => {
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT });
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena");
  other = new DisplayLoop(compositor, "stream", { sandbox: "other" });
}, 60_000);
afterAll(async () => {
  loop[Symbol.dispose]();
  other[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

/** Block number `index` of what is dragged. */
function block(index: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(index & 0xff);
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
}

/** Writes `size` bytes, as fast as they are taken, and ends; returns their digest. Takes ownership of `fd`. */
function write(fd: OwnedFd, size: number): Promise<string> {
  setNonBlocking(fd, true);
  const stream = fdStream(fd);
  const hash = createHash("sha256");
  let written = 0;
  return new Promise((resolve) => {
    const more = () => {
      while (written < size) {
        const bytes = block(written / MEGABYTE, Math.min(MEGABYTE, size - written));
        hash.update(bytes);
        written += bytes.length;
        if (!stream.write(bytes)) return;
      }
      stream.end();
      resolve(hash.digest("hex"));
    };
    stream.onDrain(more);
    more();
  });
}

/** The digest of all that comes, and its length. Takes ownership of `fd`. */
function read(fd: OwnedFd): Promise<{ digest: string; size: number }> {
  const stream = fdStream(fd);
  const hash = createHash("sha256");
  let size = 0;
  stream.onData((chunk) => {
    hash.update(chunk);
    size += chunk.length;
  });
  return new Promise((resolve) => stream.onEnd(() => resolve({ digest: hash.digest("hex"), size })));
}

interface Pair {
  readonly from: TestApp;
  readonly to: TestApp;
}

/** Two windows side by side, and the pointer pressed on the left one, whose drag of `types` has begun. */
async function beginDrag({ from, to }: Pair, types: readonly string[]) {
  const manager = from.client.bind(wl_data_device_manager);
  const device = from.client.create(manager, "get_data_device", [from.seat]);
  const target = to.client.create(to.client.bind(wl_data_device_manager), "get_data_device", [to.seat]);
  await to.client.roundtrip();
  await input.moveTo(WIDTH / 4, HEIGHT / 2, WIDTH, HEIGHT);
  await from.client.next(from.pointer, "enter");
  await input.press();
  const source = from.client.create(manager, "create_data_source", []);
  for (const type of types) from.client.request(source, "offer", [type]);
  from.client.request(source, "set_actions", [COPY]);
  from.client.request(device, "start_drag", [source, from.surface, null, await from.pressed()]);
  await from.client.roundtrip();
  return { source, target };
}

/** Moves the pointer over the right window and lets go there: what that is offered, with its types. */
async function drop({ to }: Pair, target: ClientObject, mimeType: string) {
  await input.moveTo((WIDTH * 3) / 4, HEIGHT / 2, WIDTH, HEIGHT);
  const { created } = await to.client.next(target, "data_offer");
  const [offer] = created as [ClientObject];
  const { args } = await to.client.next(target, "enter");
  expect(args[1]).toBe(to.surface.id);
  to.client.request(offer, "accept", [args[0] as number, mimeType]);
  to.client.request(offer, "set_actions", [COPY, COPY]);
  await to.client.next(offer, "action");
  await to.client.roundtrip();
  const types = to.taken(offer, "offer").map(([type]) => type);
  await input.release();
  await to.client.next(target, "drop");
  return { offer, types };
}

const ROUTES = [
  ["guest to host", () => [loop.socketPath, compositor.socketPath]],
  ["host to guest", () => [compositor.socketPath, loop.socketPath]],
  ["guest to another sandbox", () => [loop.socketPath, other.socketPath]],
] as const;

describe.each(ROUTES)("%s", (_name, paths) => {
  test.each([
    ["one byte", 1],
    ["one megabyte", MEGABYTE],
    ["200 megabytes", 200 * MEGABYTE],
  ] as const)("%s", async (_size, size) => {
    const [fromPath, toPath] = paths() as [string, string];
    using from = await TestApp.open(fromPath, "from");
    using to = await TestApp.open(toPath, "to");
    const { source, target } = await beginDrag({ from, to }, ["text/uri-list", "application/octet-stream"]);
    const { offer, types } = await drop({ from, to }, target, "application/octet-stream");
    // Beside them stands the mark by which a sandbox knows its own.
    const given = types.filter((type) => !String(type).startsWith("application/x-vitrine-"));
    expect(given).toEqual(["text/uri-list", "application/octet-stream"]);
    await from.client.next(source, "dnd_drop_performed");

    const [readEnd, writeEnd] = pipe();
    to.client.request(offer, "receive", ["application/octet-stream"], [writeEnd]);
    writeEnd.close();
    const { args, fds } = await from.client.next(source, "send");
    expect(args[0]).toBe("application/octet-stream");
    const [received, sent] = await Promise.all([read(readEnd), write((fds as [OwnedFd])[0], size)]);
    expect(received).toEqual({ digest: sent, size });
    to.client.request(offer, "finish", []);
    to.client.request(offer, "destroy", []);
    await from.client.next(source, "dnd_finished");
    expect([loop.notices, other.notices]).toEqual([[], []]);
  });
});

test("a drop on nothing is a drag that was taken back", async () => {
  using from = await TestApp.open(loop.socketPath, "from");
  using to = await TestApp.open(compositor.socketPath, "to");
  const { source } = await beginDrag({ from, to }, ["text/plain"]);
  await input.moveTo(WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT);
  await input.release();
  await from.client.next(source, "cancelled");
});

test("a drag that no press began does not begin", async () => {
  using from = await TestApp.open(loop.socketPath, "from");
  using to = await TestApp.open(compositor.socketPath, "to");
  const manager = from.client.bind(wl_data_device_manager);
  const device = from.client.create(manager, "get_data_device", [from.seat]);
  const target = to.client.create(to.client.bind(wl_data_device_manager), "get_data_device", [to.seat]);
  const source = from.client.create(manager, "create_data_source", []);
  from.client.request(source, "offer", ["text/plain"]);
  from.client.request(device, "start_drag", [source, from.surface, null, 4_000_000_000]);
  await from.client.roundtrip();
  await input.moveTo((WIDTH * 3) / 4, HEIGHT / 2, WIDTH, HEIGHT);
  await to.client.next(to.pointer, "enter");
  expect(target.take("enter")).toBeUndefined();
});
