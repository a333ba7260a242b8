/** The protocol itself, through both halves of the display: however messages are cut, ids used again, descriptors piled up. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { memfdCreate } from "../../../src/sys/memory.ts";
import {
  wl_buffer,
  wl_compositor,
  wl_seat,
  wl_shm,
  wl_shm_pool,
  wl_surface,
} from "../../../src/wayland/generated/wayland.ts";
import { encode } from "../../../src/wayland/message-writer.ts";
import { messageByName, type Value } from "../../../src/wayland/types.ts";
import { Compositor } from "../../support/compositor.ts";
import { eventually } from "../../support/deadline.ts";
import { DisplayLoop, PIXEL_PATHS } from "../../support/display-loop.ts";
import { VirtualInput } from "../../support/input.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import { openWindow, solidBuffer } from "../../support/window.ts";
import { Canvas, show } from "./canvas.ts";

const DEADLINE_MS = 60_000;
const MAX_TITLE_CHARS = 256;

let compositor: Compositor;
let input: VirtualInput;
beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
}, DEADLINE_MS);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

describe.each(PIXEL_PATHS)("pixels by %s", (pixels) => {
  let loop: DisplayLoop;
  beforeAll(() => {
    loop = new DisplayLoop(compositor, pixels);
  });
  afterAll(() => loop[Symbol.dispose]());

  test("an app comes, shows a window, and goes", async () => {
    {
      using client = await WaylandClient.connect(loop.socketPath);
      await openWindow(client, { width: 80, height: 60, appId: "basic", title: "Basic" });
      const window = await compositor.sway.waitForWindow("vitrine.test.basic");
      expect(window.name).toBe("Basic");
      expect(loop.host.windows).toBe(1);
    }
    await compositor.sway.waitFor("the window to close", (windows) => (windows.length === 0 ? true : undefined));
    await eventually("waiting for the connection to end", DEADLINE_MS, () => loop.host.clients === 0 || undefined);
    expect(loop.host.windows).toBe(0);
  });

  /** create_pool, create_buffer, attach and commit of a surface, as one piece of bytes. */
  function drawing(client: WaylandClient, surface: number): Uint8Array {
    const shm = client.bind(wl_shm);
    const pool = client.newObject(wl_shm_pool, 1);
    const buffer = client.newObject(wl_buffer, 1);
    const request = (id: number, table: typeof wl_shm, name: string, args: readonly Value[]) => {
      const { opcode, message } = messageByName(table, "requests", name);
      return encode(id, opcode, message, args);
    };
    return Buffer.concat([
      request(shm.id, wl_shm, "create_pool", [pool.id, 0, 16 * 16 * 4]),
      request(pool.id, pool.table, "create_buffer", [buffer.id, 0, 16, 16, 64, 1]),
      request(surface, wl_surface, "attach", [buffer.id, 0, 0]),
      request(surface, wl_surface, "commit", []),
    ]);
  }

  test.each([1, 3, 8, 20, 4096])("messages in pieces of %d bytes, the descriptor with the first", async (piece) => {
    using client = await WaylandClient.connect(loop.socketPath);
    using file = memfdCreate("pool", 16 * 16 * 4);
    const surface = client.create(client.bind(wl_compositor), "create_surface", []);
    await client.roundtrip();
    const bytes = drawing(client, surface.id);
    for (let at = 0; at < bytes.length; at += piece) {
      client.sendRaw(bytes.subarray(at, at + piece), at === 0 ? [file] : []);
      // One by one: what has been sent is read before more comes.
      if (piece < 20) await new Promise((resolve) => setImmediate(resolve));
    }
    await client.roundtrip();
    expect(loop.notices).toEqual([]);
  });

  test("ids of all kinds of objects are used again, in any order", async () => {
    using client = await WaylandClient.connect(loop.socketPath);
    const { surface } = await openWindow(client, { width: 40, height: 40, appId: "ids" });
    const factory = client.bind(wl_compositor);
    const ids = new Set<number>();
    for (let round = 0; round < 50; round++) {
      // What the guest half keeps to itself (buffers), what the compositor makes (callbacks), what goes both ways.
      const buffer = solidBuffer(client, 8, 8);
      const other = client.create(factory, "create_surface", []);
      const region = client.create(factory, "create_region", []);
      for (const { id } of [buffer, other, region]) ids.add(id);
      client.request(surface, "attach", [buffer, 0, 0]);
      client.request(surface, "set_input_region", [region]);
      for (const gone of round % 2 === 0 ? [region, buffer, other] : [other, region, buffer]) {
        client.request(gone, "destroy", []);
      }
      await show(client, surface);
      await client.roundtrip();
    }
    expect(ids.size).toBeLessThan(50);
  });

  test("more descriptors than fit into one message, both ways", async () => {
    using client = await WaylandClient.connect(loop.socketPath);
    const { surface } = await openWindow(client, { width: 40, height: 40, appId: "descriptors" });
    const shm = client.bind(wl_shm);
    const files = Array.from({ length: 100 }, (_, index) => memfdCreate(`pool-${index}`, 4096));
    const pools = files.map((file) => client.create(shm, "create_pool", [4096], [file]));
    for (const file of files) file.close();
    for (const pool of pools) {
      const buffer = client.create(pool, "create_buffer", [0, 10, 10, 40, 1]);
      client.request(surface, "attach", [buffer, 0, 0]);
      client.request(surface, "commit", []);
    }
    const seat = client.bind(wl_seat);
    // wlroots sends the keymap to all of them for each that is new: 36 descriptors, of 65 KB each.
    const keyboards = Array.from({ length: 8 }, () => client.create(seat, "get_keyboard", []));
    const sizes: unknown[] = [];
    for (const keyboard of keyboards) {
      keyboard.on("keymap", ({ args, fds }) => {
        sizes.push(args[2], fds.length);
        for (const fd of fds) fd.close();
      });
    }
    await client.roundtrip();
    expect(sizes.length).toBeGreaterThanOrEqual(2 * keyboards.length);
    expect(new Set(sizes).size).toBe(2);
  });

  test("a message as long as the wire allows, to a compositor that takes a sixteenth of it", async () => {
    using client = await WaylandClient.connect(loop.socketPath);
    const { toplevel } = await openWindow(client, { width: 40, height: 40, appId: "oversized" });
    client.request(toplevel, "set_title", ["w".repeat(65_500)]);
    await client.roundtrip();
    const { name } = await compositor.sway.waitForWindow((window) => window.name?.endsWith("…") ?? false);
    expect(name).toBe(`${"w".repeat(MAX_TITLE_CHARS - 1)}…`);
  });

  test("an app that closes its connection in the middle of everything", async () => {
    for (let round = 0; round < 10; round++) {
      using client = await WaylandClient.connect(loop.socketPath);
      const { surface } = await openWindow(client, { width: 200, height: 200, appId: "sudden" });
      using canvas = new Canvas(client, 200 * 200 * 4);
      client.request(surface, "attach", [canvas.picture(0, 200, 200).buffer, 0, 0]);
      client.create(surface, "frame", []);
      client.request(surface, "commit", []);
    }
    await eventually("waiting for the connections to end", DEADLINE_MS, () => loop.host.clients === 0 || undefined);
    expect(loop.notices).toEqual([]);
  });
});
