/**
 * Apps that break the rules, each with what must come of it: the one connection ends with the protocol's own error, and
 * another app, on the same display, goes on.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ftruncateSync } from "node:fs";
import { ARENA_BYTES, LINK_INTERFACE, LINK_OBJECT_ID } from "../../src/channel/contract/display.ts";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { relayRegistry } from "../../src/host/display/allow-list.ts";
import { HostDisplay } from "../../src/host/display/display.ts";
import { memfdCreate } from "../../src/sys/memory.ts";
import { receiveMessage, socketPair, writeSome } from "../../src/sys/socket.ts";
import {
  wl_compositor,
  wl_display,
  wl_registry,
  wl_seat,
  wl_shm,
  wl_surface,
} from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { encode } from "../../src/wayland/message-writer.ts";
import { type InterfaceTable, messageByName, type Value } from "../../src/wayland/types.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

let compositor: Compositor;
let loop: DisplayLoop;
let bystander: WaylandClient;

beforeAll(async () => {
  compositor = await Compositor.start({});
  loop = new DisplayLoop(compositor, "arena");
  bystander = await WaylandClient.connect(loop.socketPath);
  await openWindow(bystander, { width: 100, height: 100, appId: "bystander" });
}, 60_000);

afterAll(async () => {
  bystander.close();
  loop[Symbol.dispose]();
  await compositor.stop();
});

function request(id: number, table: InterfaceTable, name: string, args: readonly Value[]): Uint8Array {
  const { opcode, message } = messageByName(table, "requests", name);
  return encode(id, opcode, message, args);
}

const word = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);

/** What a raw client sends after its registry (object 2), and the object that the error must name. */
const RAW_ATTACKS: readonly (readonly [name: string, bytes: () => Uint8Array])[] = [
  ["noise", () => new Uint8Array(64).fill(0xa5)],
  ["a message of size 0", () => word(1, 0)],
  ["a message size that is no multiple of 4", () => word(1, (13 << 16) | 1, 0, 0)],
  ["an unknown object", () => request(77, wl_surface, "commit", [])],
  ["an unknown opcode", () => word(1, (8 << 16) | 99)],
  ["the id of the link", () => word(LINK_OBJECT_ID, (12 << 16) | 1, 5)],
  ["a new object under an id that is in use", () => request(1, wl_display, "get_registry", [2])],
  ["a new object in the server's range", () => request(1, wl_display, "sync", [0xff000001])],
  [
    "a global that is not offered",
    () => request(2, wl_registry, "bind", [1, { interface: "zwlr_layer_shell_v1", version: 1, id: 3 }]),
  ],
  [
    "a global name that does not exist",
    () => request(2, wl_registry, "bind", [9999, { interface: "wl_seat", version: 1, id: 3 }]),
  ],
  [
    "a version above the offered",
    () => request(2, wl_registry, "bind", [1, { interface: "wl_compositor", version: 99, id: 3 }]),
  ],
];

test.each(RAW_ATTACKS)("%s ends the connection", async (_name, bytes) => {
  const client = await WaylandClient.connect(loop.socketPath);
  client.sendRaw(bytes());
  const end = await client.ended();
  expect(end.serverError ?? end.error).toBeDefined();
  client.close();
  await bystander.roundtrip();
});

/** What a client with a surface of its own does. */
const ATTACKS: readonly (readonly [name: string, attack: (client: WaylandClient) => void | Promise<void>])[] = [
  [
    "a pool smaller than its buffer",
    (client) => {
      using file = memfdCreate("pool", 4096);
      const pool = client.create(client.bind(wl_shm), "create_pool", [4096], [file]);
      client.create(pool, "create_buffer", [0, 100, 100, 400, 0]);
    },
  ],
  [
    "a buffer whose size overflows",
    (client) => {
      using file = memfdCreate("pool", 4096);
      const pool = client.create(client.bind(wl_shm), "create_pool", [4096], [file]);
      client.create(pool, "create_buffer", [0, 0x10000, 0x10000, 0x40000, 0]);
    },
  ],
  [
    "a buffer with a negative offset",
    (client) => {
      using file = memfdCreate("pool", 4096);
      const pool = client.create(client.bind(wl_shm), "create_pool", [4096], [file]);
      client.create(pool, "create_buffer", [-4096, 10, 10, 40, 0]);
    },
  ],
  [
    "a pool that shrinks",
    (client) => {
      using file = memfdCreate("pool", 8192);
      const pool = client.create(client.bind(wl_shm), "create_pool", [8192], [file]);
      client.request(pool, "resize", [4096]);
    },
  ],
  [
    "a window geometry beyond all screens",
    (client) => {
      const surface = client.create(client.bind(wl_compositor), "create_surface", []);
      const xdgSurface = client.create(client.bind(xdg_wm_base), "get_xdg_surface", [surface]);
      client.create(xdgSurface, "get_toplevel", []);
      client.request(xdgSurface, "set_window_geometry", [0, 0, 0x7fffffff, 0x7fffffff]);
    },
  ],
  [
    "more surfaces than are allowed",
    (client) => {
      const factory = client.bind(wl_compositor);
      for (let count = 0; count < 2100; count += 1) client.create(factory, "create_surface", []);
    },
  ],
  [
    "more objects than are allowed",
    (client) => {
      const factory = client.bind(wl_compositor);
      for (let count = 0; count < 21_000; count += 1) client.create(factory, "create_region", []);
    },
  ],
];

test.each(ATTACKS)(
  "%s ends the connection",
  async (_name, attack) => {
    const client = await WaylandClient.connect(loop.socketPath);
    await attack(client);
    const end = await client.ended();
    expect(end.serverError ?? end.error).toBeDefined();
    client.close();
    await bystander.roundtrip();
  },
  30_000,
);

test("a pool cut short by its owner harms nobody", async () => {
  const client = await WaylandClient.connect(loop.socketPath);
  const { surface } = await openWindow(client, { width: 64, height: 64, appId: "cutter" });
  using file = memfdCreate("pool", 64 * 64 * 4);
  const pool = client.create(client.bind(wl_shm), "create_pool", [64 * 64 * 4], [file]);
  const buffer = client.create(pool, "create_buffer", [0, 64, 64, 256, 1]);
  await client.roundtrip();
  ftruncateSync(file.raw, 0);
  client.request(surface, "attach", [buffer, 0, 0]);
  client.request(surface, "damage", [0, 0, 64, 64]);
  client.request(surface, "commit", []);
  await client.roundtrip();
  client.close();
  await bystander.roundtrip();
});

test("titles and ids are made harmless before the compositor sees them", async () => {
  const client = await WaylandClient.connect(loop.socketPath);
  await openWindow(client, { width: 50, height: 50, appId: "../../evil\u202e app", title: "a\u0007b\u202ec" });
  const window = await compositor.sway.waitForWindow("vitrine.test..._.._evil__app");
  expect(window.name).toBe("a\ufffdb\ufffdc");
  client.close();
});

test("only what is on the allow-list can be seen, at no higher version than the compositor's", async () => {
  const direct = await WaylandClient.connect(compositor.socketPath);
  const through = await WaylandClient.connect(loop.socketPath);
  const names = (client: WaylandClient) => [...client.globals.values()].map((global) => global.interface);
  expect(names(direct)).toContain("zwlr_screencopy_manager_v1");
  const forbidden = /screencopy|data_control|layer_shell|virtual|input_method|foreign_toplevel|export_dmabuf|gamma/;
  const alsoForbidden =
    /output_manager_v1$|output_power|session|security|kde_kwin_idle|idle_notif|input_inhibit_manager/;
  const harmless = new Set(["zxdg_output_manager_v1", "zwp_keyboard_shortcuts_inhibit_manager_v1"]);
  const seen = names(through).filter((name) => !harmless.has(name));
  expect(seen.filter((name) => forbidden.test(name) || alsoForbidden.test(name))).toEqual([]);
  expect(names(through)).toContain("xdg_wm_base");
  // What the host half answers itself is there whatever the compositor has.
  for (const name of names(through).filter((name) => relayRegistry.globals.get(name)?.answered === undefined)) {
    expect(through.global(name)?.version ?? 0).toBeLessThanOrEqual(direct.global(name)?.version ?? 0);
  }
  direct.close();
  through.close();
});

/** Messages of a guest half that lies, straight to the host half. */
const LINK_ATTACKS: readonly (readonly [name: string, name_: string, args: readonly Value[]])[] = [
  ["a buffer that begins beyond the arena", "buffer_create", [1, 0xffffff00, 10, 10, 40, 0]],
  ["a buffer that ends beyond the arena", "buffer_create", [1, ARENA_BYTES - 4096, 100, 100, 400, 0]],
  ["a buffer with a side of 100 000 pixels", "buffer_create", [1, 0, 100_000, 1, 400_000, 0]],
  ["a buffer in a planar format", "buffer_create", [1, 0, 10, 10, 40, 0x3231564e]],
  ["a buffer that was never created", "attach", [3, 7, 0, 0]],
  ["the end of a buffer that never was", "buffer_destroy", [7]],
  ["pixels where the arena is shared", "pixels", [0, 40, 40, new Uint8Array(40)]],
];

test.each(LINK_ATTACKS)("a lying guest half: %s ends the connection", async (_name, name, args) => {
  const arena = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
  const host = new HostDisplay({
    socketPath: compositor.socketPath,
    sandbox: "test",
    arena,
    arenaBytes: ARENA_BYTES,
    pixels: "arena",
  });
  const [near, far] = socketPair();
  host.acceptClient(fdStream(far), 1);
  writeSome(near, request(LINK_OBJECT_ID, LINK_INTERFACE, name, args));
  const answer = await eventually("waiting for the refusal", 10_000, () => {
    const buffer = new Uint8Array(4096);
    const received = receiveMessage(near, buffer, 0);
    return received === "again" ? undefined : buffer.subarray(0, received.length);
  });
  // wl_display.error: object 1, opcode 0.
  expect([answer[0], answer[4], answer[5]]).toEqual([1, 0, 0]);
  expect(host.clients).toBe(0);
  host.close();
  near.close();
  arena.close();
  await bystander.roundtrip();
});

test("after all of it the display still works, and holds on to nothing", async () => {
  const client = await WaylandClient.connect(loop.socketPath);
  const { surface } = await openWindow(client, { width: 200, height: 100, appId: "last" });
  const callback = client.create(surface, "frame", []);
  client.request(surface, "commit", []);
  await client.next(callback, "done");
  client.bind(wl_seat);
  await client.roundtrip();
  client.close();
  await eventually("waiting for the connection to end", 5000, () => (loop.host.clients === 1 ? true : undefined));
  expect(loop.guest.connections).toBe(1);
});
