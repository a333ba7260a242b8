import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { VitrineError } from "../../src/base/error.ts";
import { memfdCreate } from "../../src/sys/memory.ts";
import {
  wl_compositor,
  wl_keyboard,
  wl_output,
  wl_registry,
  wl_seat,
  wl_shm,
} from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { encode } from "../../src/wayland/message-writer.ts";
import { messageByName } from "../../src/wayland/types.ts";
import { Compositor } from "./compositor.ts";
import { VirtualInput } from "./input.ts";
import { runTool } from "./processes.ts";
import { WaylandClient } from "./wayland-client.ts";
import { openWindow } from "./window.ts";

/** For a busy machine; every wait inside has a deadline of its own. */
setDefaultTimeout(60_000);

let compositor: Compositor;
beforeAll(async () => {
  compositor = await Compositor.start();
});
afterAll(() => compositor.stop());

describe("WaylandClient", () => {
  test("sees the globals that wayland-info sees", async () => {
    using client = await WaylandClient.connect(compositor.socketPath);
    const text = await runTool("wayland-info", [], compositor.environment);
    const expected = [...text.matchAll(/^interface: '(\w+)',\s+version:\s+(\d+), name:\s+(\d+)$/gm)].map(
      ([, name = "", version = "", number = ""]) => ({
        name: Number(number),
        interface: name,
        version: Number(version),
      }),
    );
    expect(expected.length).toBeGreaterThan(30);
    expect([...client.globals.values()]).toEqual(expected);
  });

  test("opens a window, which has the name and size it gave itself", async () => {
    using client = await WaylandClient.connect(compositor.socketPath);
    await openWindow(client, { width: 100, height: 50, appId: "test.window", title: "Fenêtre ☃" });
    const window = await compositor.sway.waitForWindow("test.window");
    expect(window.name).toBe("Fenêtre ☃");
    expect([window.geometry.width, window.geometry.height]).toEqual([100, 50]);
  });

  test("uses ids again once the server has deleted them", async () => {
    using client = await WaylandClient.connect(compositor.socketPath);
    const factory = client.bind(wl_compositor);
    const ids = new Set<number>();
    for (let turn = 0; turn < 20; turn++) {
      const surface = client.create(factory, "create_surface", []);
      ids.add(surface.id);
      client.request(surface, "destroy", []);
      await client.roundtrip();
    }
    expect(ids.size).toBeLessThanOrEqual(2);
  });

  test("receives descriptors: the keymap", async () => {
    using _input = await VirtualInput.create(compositor.socketPath);
    using client = await WaylandClient.connect(compositor.socketPath);
    const keyboard = client.create(client.bind(wl_seat), "get_keyboard", []);
    const keymap = await client.next(keyboard, "keymap");
    expect(keymap.args.slice(0, 2)).toEqual([wl_keyboard.enums.keymap_format?.entries.xkb_v1 ?? -1, 0]);
    using fd = keymap.fds[0];
    const text = await Bun.file(`/proc/self/fd/${fd?.raw}`).text();
    expect(text).toStartWith("xkb_keymap {");
    expect(text.length).toBe(keymap.args[2] as number);
  });

  test("tells what the server refused, and fails who waits", async () => {
    using client = await WaylandClient.connect(compositor.socketPath);
    const shm = client.bind(wl_shm);
    using file = memfdCreate("pool", 4096);
    const pool = client.create(shm, "create_pool", [4096], [file]);
    const buffer = client.create(pool, "create_buffer", [0, 1000, 1000, 4000, 1]);
    const waiting = client.next(buffer, "release");
    waiting.catch(() => {});
    const end = await client.ended();
    expect(end.serverError).toMatchObject({
      interface: "wl_shm_pool",
      code: wl_shm.enums.error?.entries.invalid_stride,
    });
    expect(end.error.code).toBe("protocol");
    await expect(waiting).rejects.toBe(end.error);
    expect(() => client.request(shm, "create_pool", [1], [file])).toThrow(VitrineError);
  });

  test("sends nonsense when told to", async () => {
    using client = await WaylandClient.connect(compositor.socketPath);
    const bind = messageByName(wl_registry, "requests", "bind");
    const newId = { interface: "wl_output", version: 1, id: client.newObject(wl_output, 1).id };
    client.sendRaw(encode(client.registry.id, bind.opcode, bind.message, [0xdead, newId]));
    expect((await client.ended()).serverError).toMatchObject({
      objectId: client.registry.id,
      interface: "wl_registry",
    });
    using other = await WaylandClient.connect(compositor.socketPath);
    other.sendRaw(new Uint8Array([1, 0, 0, 0, 0, 0, 7, 0]));
    expect((await other.ended()).error).toBeInstanceOf(VitrineError);
  });

  test("gives up waiting at the deadline", async () => {
    using client = await WaylandClient.connect(compositor.socketPath);
    const shell = client.bind(xdg_wm_base);
    await expect(client.next(shell, "ping", 50)).rejects.toMatchObject({ code: "timeout" });
    await client.roundtrip();
  });
});
