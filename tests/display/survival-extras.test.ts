/** What windows have beside their pixels survives their compositor as well: see survival.test.ts. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readSync } from "node:fs";
import { directRoute } from "../../src/host/display/compositor-route.ts";
import { probeCompositor } from "../../src/host/display/probe-compositor.ts";
import { fixedToNumber } from "../../src/wayland/fixed.ts";
import { zwp_pointer_constraints_v1 } from "../../src/wayland/generated/pointer-constraints-unstable-v1.ts";
import { wp_single_pixel_buffer_manager_v1 } from "../../src/wayland/generated/single-pixel-buffer-v1.ts";
import { wp_viewporter } from "../../src/wayland/generated/viewporter.ts";
import { wl_compositor } from "../../src/wayland/generated/wayland.ts";
import { zxdg_exporter_v1, zxdg_importer_v1 } from "../../src/wayland/generated/xdg-foreign-unstable-v1.ts";
import { zxdg_exporter_v2, zxdg_importer_v2 } from "../../src/wayland/generated/xdg-foreign-unstable-v2.ts";
import { Compositor } from "../support/compositor.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { RETURN, restart } from "../support/return.ts";
import { ScriptedCompositor } from "../support/scripted-compositor.ts";
import { stillPixels } from "../support/still-picture.ts";
import { TestApp } from "../support/test-app.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";
import { openWindow } from "../support/window.ts";

setDefaultTimeout(90_000);
const SWAY_CONFIG = "seat seat0 hide_cursor 1";
/** Red, green, blue and alpha in 32 bits each: 0x204080, opaque. */
const PIXEL = [0x20202020, 0x40404040, 0x80808080, 0xffffffff] as const;
const [ONESHOT, PERSISTENT] = [1, 2];

test.each([
  ["lock_pointer", "locked", "unlocked"],
  ["confine_pointer", "confined", "unconfined"],
] as const)("%s: the pointer is held again, in the same part of the window", async (ask, held, released) => {
  await using compositor = await Compositor.start({ swayConfig: "seat * pointer_constraint enable" });
  let input = await VirtualInput.create(compositor.socketPath);
  // A desktop's pointer is there before its windows are.
  const reopen = async () => {
    await probeCompositor(compositor.socketPath);
    input = await VirtualInput.create(compositor.socketPath);
    return directRoute(compositor.socketPath);
  };
  using loop = new DisplayLoop(compositor, "arena", { reopen, policy: policyOf(EVERYTHING_ALLOWED) });
  using app = await TestApp.open(loop.socketPath, "game", { width: 1280, height: 800 });
  const { client, surface, pointer } = app;
  const region = client.create(client.bind(wl_compositor), "create_region", []);
  client.request(region, "add", [600, 300, 100, 200]);
  const manager = client.bind(zwp_pointer_constraints_v1);
  const constraint = client.create(manager, ask, [surface, pointer, region, PERSISTENT]);
  for (const object of [region, manager]) client.request(object, "destroy", []);
  client.request(surface, "commit", []);
  const enter = async () => {
    await input.moveTo(10, 10, 1280, 800);
    await input.moveTo(640, 400, 1280, 800);
    await client.next(constraint, held);
  };
  await enter();
  await compositor.crash();
  await client.next(constraint, released);
  await compositor.startAgain();
  await compositor.sway.waitForWindow((one) => one.app_id === "vitrine.test.game");
  await enter();
  await client.roundtrip();
  app.taken(pointer, "motion");
  await input.moveBy(5000, 0);
  await client.roundtrip();
  const [motion] = app.taken(pointer, "motion").slice(-1);
  if (ask === "lock_pointer") expect(motion).toBeUndefined();
  else expect(fixedToNumber(motion?.[1] as number)).toBeLessThan(700);
  expect(loop.notices).toEqual(RETURN);
  input.close();
});

test("a pointer that was held once only is free", async () => {
  await using compositor = await Compositor.start({ swayConfig: "seat * pointer_constraint enable" });
  let input = await VirtualInput.create(compositor.socketPath);
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED) });
  using app = await TestApp.open(loop.socketPath, "game", { width: 1280, height: 800 });
  const { client, surface, pointer } = app;
  const manager = client.bind(zwp_pointer_constraints_v1);
  const lock = () => client.create(manager, "lock_pointer", [surface, pointer, null, ONESHOT]);
  const first = lock();
  await input.moveTo(640, 400, 1280, 800);
  await client.next(first, "locked");
  await restart(compositor);
  input = await VirtualInput.create(compositor.socketPath);
  await client.next(first, "unlocked");
  // The protocol lets it ask again, since the first has had its time.
  lock();
  await client.roundtrip();
  expect(first.take("locked")).toBeUndefined();
  expect(loop.notices).toEqual(RETURN);
  input.close();
});

test.each([
  [1, zxdg_exporter_v1, "export", zxdg_importer_v1, "import"],
  [2, zxdg_exporter_v2, "export_toplevel", zxdg_importer_v2, "import_toplevel"],
] as const)(
  "version %d: a window's name for other apps stands for it again",
  async (_version, exporter, exports, importer, imports) => {
    await using compositor = await Compositor.start({});
    using loop = new DisplayLoop(compositor, "arena");
    using app = await WaylandClient.connect(loop.socketPath);
    const parent = await openWindow(app, { width: 100, height: 100, appId: "parent" });
    const exported = app.create(app.bind(exporter), exports, [parent.surface]);
    const [handle = ""] = (await app.next(exported, "handle")).args as string[];
    using other = await WaylandClient.connect(loop.socketPath);
    const dialog = await openWindow(other, { width: 100, height: 50, appId: "dialog" });
    const importOver = () => {
      const imported = other.create(other.bind(importer), imports, [handle]);
      other.request(imported, "set_parent_of", [dialog.surface]);
      return imported;
    };
    const before = importOver();
    await other.roundtrip();
    await restart(compositor);
    await other.next(before, "destroyed");
    await compositor.sway.waitForWindow((one) => one.app_id === "vitrine.test.parent");
    await app.roundtrip();
    const after = importOver();
    await other.roundtrip();
    expect(after.take("destroyed")).toBeUndefined();
    // The app has one name for it, and is not told another.
    expect(exported.take("handle")).toBeUndefined();
    app.request(exported, "destroy", []);
    await other.next(after, "destroyed");
    expect(loop.notices).toEqual(RETURN);
  },
);

test(
  "what is of one colour comes back, though the app has destroyed the buffer",
  async () => {
    using root = await openDesktops();
    await using compositor = await Compositor.start({ root, swayConfig: SWAY_CONFIG });
    using loop = new DisplayLoop(compositor, "arena");
    using client = await WaylandClient.connect(loop.socketPath);
    const manager = client.bind(wp_single_pixel_buffer_manager_v1);
    const { surface } = await openWindow(client, { width: 300, height: 200, appId: "app", colour: 0 });
    const viewport = client.create(client.bind(wp_viewporter), "get_viewport", [surface]);
    client.request(viewport, "set_destination", [300, 200]);
    const buffer = client.create(manager, "create_u32_rgba_buffer", [...PIXEL]);
    client.request(surface, "attach", [buffer, 0, 0]);
    client.request(surface, "damage", [0, 0, 300, 200]);
    client.request(surface, "commit", []);
    for (const object of [buffer, manager]) client.request(object, "destroy", []);
    const picture = await stillPixels(compositor, (now) => now.box((colour) => colour === 0x204080) !== undefined);
    await restart(compositor);
    await stillPixels(compositor, (now) => now.equals(picture));
    expect(loop.notices).toEqual(RETURN);
  },
  DESKTOPS_DEADLINE_MS,
);

test("a buffer of one colour is one of shared memory where the compositor has no other", async () => {
  using compositor = new ScriptedCompositor([wl_compositor, wp_single_pixel_buffer_manager_v1]);
  using loop = new DisplayLoop(compositor, "arena");
  using client = await WaylandClient.connect(loop.socketPath);
  const surface = client.create(client.bind(wl_compositor), "create_surface", []);
  const manager = client.bind(wp_single_pixel_buffer_manager_v1);
  const buffer = client.create(manager, "create_u32_rgba_buffer", [...PIXEL]);
  const show = (what: ClientObject | null) => {
    client.request(surface, "attach", [what, 0, 0]);
    client.request(surface, "commit", []);
  };
  show(buffer);
  const made = await compositor.next("wp_single_pixel_buffer_manager_v1", "create_u32_rgba_buffer");
  expect(made.args.slice(1)).toEqual([...PIXEL]);
  compositor.crash(wp_single_pixel_buffer_manager_v1);
  await client.next(buffer, "release");
  const pool = await compositor.next("wl_shm", "create_pool");
  const { args: created } = await compositor.next("wl_shm_pool", "create_buffer");
  expect(created.slice(1)).toEqual([0, 1, 1, 4, 0]);
  const pixel = new Uint32Array(1);
  readSync(pool.fds[0]?.raw ?? -1, new Uint8Array(pixel.buffer), 0, 4, 0);
  expect(pixel[0]).toBe(0xff204080);
  await client.roundtrip();
  const attached = () => compositor.requests.filter(({ name }) => name === "attach").map(({ args }) => args[0]);
  expect(attached().at(-1)).toBe(created[0] as number);

  // The app may go on with it. It is destroyed once the compositor needs it no more.
  show(null);
  show(buffer);
  client.request(buffer, "destroy", []);
  await client.roundtrip();
  expect(attached().slice(-2)).toEqual([0, created[0] as number]);
  expect(compositor.requests.some(({ interface: table, name }) => table === "wl_buffer" && name === "destroy")).toBe(
    false,
  );
  pool.client.send(created[0] as number, "release", []);
  expect((await compositor.next("wl_buffer", "destroy")).id).toBe(created[0] as number);
  expect(loop.notices).toEqual(RETURN);
});
