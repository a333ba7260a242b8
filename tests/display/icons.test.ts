/** A window's icon through the display, as the compositor gets it. Its part is played by the test, on both pixel paths. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readSync } from "node:fs";
import { MAX_ICON_SIDE } from "../../src/channel/contract/display.ts";
import { ringWidth } from "../../src/host/desktop/icon-ring.ts";
import { MAX_CLIENT_ICON_BYTES } from "../../src/host/display/limits.ts";
import { colourOfName, colourValue } from "../../src/host/sandbox/colour.ts";
import { Mapping, memfdCreate } from "../../src/sys/memory.ts";
import { wp_single_pixel_buffer_manager_v1 } from "../../src/wayland/generated/single-pixel-buffer-v1.ts";
import { wl_compositor, wl_shm } from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { xdg_toplevel_icon_manager_v1 } from "../../src/wayland/generated/xdg-toplevel-icon-v1.ts";
import { DisplayLoop, PIXEL_PATHS, type PixelPath } from "../support/display-loop.ts";
import { ScriptedCompositor } from "../support/scripted-compositor.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";

setDefaultTimeout(30_000);
const GLOBALS = [wl_compositor, wl_shm, xdg_wm_base, wp_single_pixel_buffer_manager_v1, xdg_toplevel_icon_manager_v1];
const ARGB8888 = 0;
const PIXEL = 0x80402010;

class Scene implements Disposable {
  readonly compositor = new ScriptedCompositor(GLOBALS);
  readonly loop: DisplayLoop;
  client!: WaylandClient;
  manager!: ClientObject;

  private constructor(pixels: PixelPath) {
    this.loop = new DisplayLoop(this.compositor, pixels);
  }

  static async open(pixels: PixelPath): Promise<Scene> {
    const scene = new Scene(pixels);
    scene.client = await WaylandClient.connect(scene.loop.socketPath);
    scene.manager = scene.client.bind(xdg_toplevel_icon_manager_v1);
    return scene;
  }

  icon(): ClientObject {
    return this.client.create(this.manager, "create_icon", []);
  }

  /** A buffer of PIXEL, its rows `gap` bytes apart. */
  buffer(width: number, height: number, format = ARGB8888, gap = 0): ClientObject {
    const stride = width * 4 + gap;
    using file = memfdCreate("icon", stride * height);
    using mapping = Mapping.map(file, { length: stride * height, writable: true });
    new Uint32Array(mapping.bytes.buffer, mapping.bytes.byteOffset, (stride * height) / 4).fill(PIXEL);
    const pool = this.client.create(this.client.bind(wl_shm), "create_pool", [stride * height], [file]);
    return this.client.create(pool, "create_buffer", [0, width, height, stride, format]);
  }

  [Symbol.dispose](): void {
    this.client.close();
    this.loop[Symbol.dispose]();
    this.compositor[Symbol.dispose]();
  }
}

describe.each([...PIXEL_PATHS])("pixels by %s", (pixels) => {
  test("the compositor gets a copy in memory of its own, with the sandbox's ring", async () => {
    using scene = await Scene.open(pixels);
    const { client, compositor } = scene;
    const icon = scene.icon();
    client.request(icon, "set_name", ["firefox"]);
    const side = 48;
    const buffer = scene.buffer(side, side, ARGB8888, 64);
    client.request(icon, "add_buffer", [buffer, 2]);
    client.request(icon, "destroy", []);
    expect((await compositor.next("xdg_toplevel_icon_v1", "set_name")).args).toEqual(["vitrine.test.firefox"]);
    const add = await compositor.next("xdg_toplevel_icon_v1", "add_buffer");
    expect(add.args[1]).toBe(2);
    const creates = compositor.requests.filter(({ name }) => name === "create_buffer");
    const create = creates.find(({ args }) => args[0] === add.args[0]);
    expect(create?.args.slice(1)).toEqual([0, side, side, side * 4, ARGB8888]);
    const pool = compositor.requests.find(({ name, args }) => name === "create_pool" && args[0] === create?.id);
    expect(pool?.args[2]).toBe(side * side * 4);
    const shown = new Uint32Array(side * side);
    readSync(pool?.fds[0]?.raw ?? -1, new Uint8Array(shown.buffer), 0, side * side * 4, 0);
    const ring = (0xff000000 | colourValue(colourOfName("test"))) >>> 0;
    const width = ringWidth(side);
    const expected = Array.from({ length: side * side }, (_, at) => {
      const [x, y] = [at % side, Math.floor(at / side)];
      return Math.min(x, y, side - 1 - x, side - 1 - y) < width ? ring : PIXEL;
    });
    expect([...shown]).toEqual(expected);

    // Icon first, then what it is made of; the guest's own buffer is unharmed.
    await client.roundtrip();
    const ends = compositor.requests.filter(({ name }) => name === "destroy").map(({ id }) => id);
    expect(ends.indexOf(add.id)).toBeLessThan(ends.indexOf(add.args[0] as number));
    client.request(buffer, "destroy", []);
    await client.roundtrip();
    expect(scene.loop.notices).toEqual([]);
  });

  test("icons take no room in the arena once they are added", async () => {
    using scene = await Scene.open(pixels);
    for (let round = 0; round < 300; round += 1) {
      const icon = scene.icon();
      const buffer = scene.buffer(MAX_ICON_SIDE, MAX_ICON_SIDE);
      scene.client.request(icon, "add_buffer", [buffer, 1]);
      scene.client.request(icon, "destroy", []);
      scene.client.request(buffer, "destroy", []);
      await scene.client.roundtrip();
      for (const { fds } of scene.compositor.requests.splice(0)) for (const fd of fds) fd.close();
    }
    expect(scene.loop.notices).toEqual([]);
  }, 60_000);
});

test("windows have their icons on another compositor too, though the app has destroyed them", async () => {
  using scene = await Scene.open("arena");
  const { client, compositor } = scene;
  const window = () => {
    const surface = client.create(client.bind(wl_compositor), "create_surface", []);
    const xdgSurface = client.create(client.bind(xdg_wm_base), "get_xdg_surface", [surface]);
    return client.create(xdgSurface, "get_toplevel", []);
  };
  const [first, second, third] = [window(), window(), window()];
  const [named, drawn] = [scene.icon(), scene.icon()];
  client.request(named, "set_name", ["firefox"]);
  client.request(drawn, "add_buffer", [scene.buffer(48, 48), 2]);
  client.request(scene.manager, "set_icon", [first, named]);
  client.request(scene.manager, "set_icon", [second, drawn]);
  client.request(scene.manager, "set_icon", [third, drawn]);
  client.request(scene.manager, "set_icon", [third, null]);
  for (const object of [drawn, scene.manager]) client.request(object, "destroy", []);
  await client.roundtrip();
  const shown = () => iconsShown(compositor);
  const before = shown();
  expect(before.icons).toEqual([
    { name: "vitrine.test.firefox", pictures: [] },
    { name: undefined, pictures: [expect.objectContaining({ side: 48, scale: 2 })] },
    undefined,
  ]);
  expect(before.unused).toBe(1);

  for (const { fds } of compositor.requests.splice(0)) for (const fd of fds) fd.close();
  compositor.crash();
  await client.roundtrip();
  const after = shown();
  expect(after.icons).toEqual(before.icons);
  // The icon that the app still has is there again, and can be given to a window.
  expect(after.unused).toBe(1);
  client.request(scene.client.bind(xdg_toplevel_icon_manager_v1), "set_icon", [third, named]);
  await client.roundtrip();
  expect(shown().icons).toEqual([...before.icons.slice(0, 2), before.icons[0]]);
  expect(scene.loop.notices).toHaveLength(2);
});

/** By window, in the order of their making, the icon that each has; and how many icons are there at the end. */
function iconsShown({ requests }: ScriptedCompositor) {
  const icons = new Map<number, { name: unknown; pictures: unknown[] }>();
  const windows = new Map<number, unknown>();
  const buffers = new Map<number, { pool: number; side: unknown }>();
  const pools = new Map<number, Uint8Array>();
  for (const { id, interface: table, name, args, fds } of requests) {
    const [first = 0, second = 0] = args as number[];
    if (name === "get_toplevel") windows.set(first, undefined);
    else if (name === "create_icon") icons.set(first, { name: undefined, pictures: [] });
    else if (name === "set_name") Object.assign(icons.get(id) ?? {}, { name: first });
    else if (name === "create_pool") {
      const pixels = new Uint8Array(Math.min(args[2] as number, 48 * 48 * 4));
      readSync(fds[0]?.raw ?? -1, pixels, 0, pixels.length, 0);
      pools.set(first, pixels);
    } else if (name === "create_buffer") buffers.set(first, { pool: id, side: args[2] });
    else if (name === "add_buffer") {
      const { pool, side } = buffers.get(first) ?? { pool: 0, side: 0 };
      icons.get(id)?.pictures.push({ side, scale: second, pixels: pools.get(pool) });
    } else if (name === "set_icon") windows.set(first, second === 0 ? undefined : icons.get(second));
    else if (name === "destroy" && table === "xdg_toplevel_icon_v1") icons.delete(id);
  }
  return { icons: [...windows.values()], unused: icons.size };
}

test.each([
  ["not square", (scene: Scene) => scene.buffer(48, 32)],
  ["too large", (scene: Scene) => scene.buffer(MAX_ICON_SIDE + 1, MAX_ICON_SIDE + 1)],
  ["in a format without a ring", (scene: Scene) => scene.buffer(48, 48, 0x36314752)],
  [
    "without memory",
    (scene: Scene) => {
      const manager = scene.client.bind(wp_single_pixel_buffer_manager_v1);
      return scene.client.create(manager, "create_u32_rgba_buffer", [0, 0, 0, 0xffffffff]);
    },
  ],
] as const)("an icon %s ends the connection by the protocol's error", async (_name, make) => {
  using scene = await Scene.open("arena");
  const icon = scene.icon();
  scene.client.request(icon, "add_buffer", [make(scene), 1]);
  const { serverError } = await scene.client.ended();
  expect(serverError).toMatchObject({ interface: "xdg_toplevel_icon_v1", code: 1 });
});

test("more icons than a connection may have end it", async () => {
  using scene = await Scene.open("arena");
  const icon = scene.icon();
  const buffer = scene.buffer(MAX_ICON_SIDE, MAX_ICON_SIDE);
  const most = MAX_CLIENT_ICON_BYTES / (MAX_ICON_SIDE * MAX_ICON_SIDE * 4);
  for (let count = 0; count < most; count += 1) scene.client.request(icon, "add_buffer", [buffer, 1]);
  await scene.client.roundtrip();
  scene.client.request(icon, "add_buffer", [buffer, 1]);
  expect((await scene.client.ended()).serverError).toMatchObject({ code: 2 });
});
