/** Windows survive their compositor: it is killed, another takes its place, and what apps showed is on the screen again. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { VitrineError } from "../../src/base/error.ts";
import { openRoute } from "../../src/host/display/compositor-route.ts";
import { MAX_RETURNS } from "../../src/host/display/limits.ts";
import { connectUnix } from "../../src/sys/socket.ts";
import { wp_viewporter } from "../../src/wayland/generated/viewporter.ts";
import { wl_compositor, wl_data_device_manager, wl_subcompositor } from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { Compositor } from "../support/compositor.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, PIXEL_PATHS, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { RETURN, restart } from "../support/return.ts";
import { stillPixels } from "../support/still-picture.ts";
import { TestApp } from "../support/test-app.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";
import { openWindow, solidBuffer } from "../support/window.ts";

setDefaultTimeout(90_000);
const SWAY_CONFIG = "seat seat0 hide_cursor 1";

describe.each([...PIXEL_PATHS])("pixels by %s", (pixels) => {
  test("a terminal goes on, with the same picture, and takes keys", async () => {
    await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
    using loop = new DisplayLoop(compositor, pixels);
    let input = await VirtualInput.create(compositor.socketPath);
    const empty = await stillPixels(compositor);
    const words = ["--override=cursor.blink=no", "--title=kept", "sh", "-c", "seq 1 30; cat"];
    const app = compositor.spawn("foot", words, loop.environment);
    const before = await stillPixels(compositor, (now) => !now.equals(empty));
    for (let round = 0; round < 2; round += 1) {
      await restart(compositor);
      input = await VirtualInput.create(compositor.socketPath);
      await stillPixels(compositor, (now) => now.equals(before));
      const window = await compositor.sway.waitForWindow(({ name }) => name === "kept");
      expect(window.app_id).toBe("vitrine.test.foot");
    }
    await input.key("a");
    await stillPixels(compositor, (now) => !now.equals(before));
    expect(app.exitCode).toBeNull();
    expect(loop.notices).toEqual([...RETURN, ...RETURN]);
    input.close();
  });
});

test(
  "the way to the next compositor is through a security context again",
  async () => {
    using root = await openDesktops();
    await using compositor = await Compositor.start({ root, swayConfig: SWAY_CONFIG });
    const contextPath = join(compositor.runtimeDir, "context");
    const reopen = () =>
      openRoute({ socketPath: compositor.socketPath, sandbox: "test", contextPath, onNotice: () => {} });
    using loop = new DisplayLoop(compositor, "arena", { route: await reopen(), reopen });
    using client = await WaylandClient.connect(loop.socketPath);
    await openWindow(client, { width: 100, height: 100, appId: "app" });
    const hidden = async () => {
      using direct = new WaylandClient(connectUnix(contextPath));
      await direct.roundtrip();
      return direct.global("zwlr_screencopy_manager_v1") === undefined;
    };
    expect(await hidden()).toBe(true);
    await restart(compositor);
    await compositor.sway.waitForWindow((one) => one.app_id === "vitrine.test.app");
    expect(await hidden()).toBe(true);
  },
  DESKTOPS_DEADLINE_MS,
);

/** A surface of one colour over `parent`, at `at`. */
function overlay(client: WaylandClient, parent: ClientObject, at: readonly [number, number], colour: number) {
  const surface = client.create(client.bind(wl_compositor), "create_surface", []);
  const subsurface = client.create(client.bind(wl_subcompositor), "get_subsurface", [surface, parent]);
  client.request(subsurface, "set_position", [...at]);
  client.request(surface, "attach", [solidBuffer(client, 60, 60, colour), 0, 0]);
  client.request(surface, "commit", []);
  return { surface, subsurface };
}

test("surfaces on surfaces keep their order, stretched ones their size, and dialogs their parent", async () => {
  await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
  using loop = new DisplayLoop(compositor, "arena");
  using client = await WaylandClient.connect(loop.socketPath);
  const window = await openWindow(client, { width: 400, height: 300, appId: "app", colour: 0x204060 });
  const [red, green, blue] = [
    overlay(client, window.surface, [20, 20], 0xff0000),
    overlay(client, window.surface, [50, 50], 0x00ff00),
    overlay(client, window.surface, [80, 80], 0x0000ff),
  ];
  overlay(client, blue.surface, [40, 10], 0xffff00);
  client.request(red.subsurface, "place_above", [blue.surface]);
  client.request(green.subsurface, "place_below", [window.surface]);
  const viewport = client.create(client.bind(wp_viewporter), "get_viewport", [red.surface]);
  client.request(viewport, "set_destination", [120, 80]);
  client.request(red.surface, "commit", []);
  client.request(window.surface, "commit", []);
  const dialog = await openWindow(client, { width: 100, height: 80, appId: "dialog", colour: 0xffffff });
  client.request(dialog.toplevel, "set_parent", [window.toplevel]);
  await client.roundtrip();
  // It floats from its beginning on: sway looks for the parent when a window appears.
  await restart(compositor);
  const floats = async () => {
    const { name, type } = await compositor.sway.waitForWindow((one) => one.app_id === "vitrine.test.dialog");
    return { name, type };
  };
  expect(await floats()).toEqual({ name: "dialog", type: "floating_con" });
  await compositor.sway.waitForWindow((one) => one.app_id === "vitrine.test.app");
  const picture = await stillPixels(compositor);
  for (const colour of [0x204060, 0xff0000, 0x0000ff, 0xffff00, 0xffffff])
    expect({ colour, box: picture.box((candidate) => candidate === colour) }).not.toEqual({ colour, box: undefined });
  await restart(compositor);
  await stillPixels(compositor, (now) => now.equals(picture));
  expect(loop.notices).toEqual([...RETURN, ...RETURN]);
});

test("what cannot come back ends in the words of its protocol, and the app goes on", async () => {
  await using compositor = await Compositor.start({});
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED) });
  let input = await VirtualInput.create(compositor.socketPath);
  using app = await TestApp.open(loop.socketPath, "app");
  const { client, seat, surface, window } = app;
  const devices = client.bind(wl_data_device_manager);
  const device = client.create(devices, "get_data_device", [seat]);
  await client.next(app.keyboard, "enter");
  const press = async () => {
    // Its surface is in the middle of the screen that it does not fill.
    await input.moveTo(640, 400, 1280, 800);
    await client.next(app.pointer, "enter");
    await input.click();
    return await app.pressed();
  };
  const serial = await press();
  const source = client.create(devices, "create_data_source", []);
  client.request(source, "offer", ["text/plain"]);
  client.request(device, "set_selection", [source, serial]);
  const shell = client.bind(xdg_wm_base);
  const positioner = client.create(shell, "create_positioner", []);
  client.request(positioner, "set_size", [50, 50]);
  client.request(positioner, "set_anchor_rect", [0, 0, 10, 10]);
  const menuSurface = client.create(client.bind(wl_compositor), "create_surface", []);
  const menuXdgSurface = client.create(shell, "get_xdg_surface", [menuSurface]);
  const menu = client.create(menuXdgSurface, "get_popup", [window.xdgSurface, positioner]);
  client.request(menuSurface, "commit", []);
  client.request(menuXdgSurface, "ack_configure", (await client.next(menuXdgSurface, "configure")).args);
  client.request(menuSurface, "attach", [solidBuffer(client, 50, 50, 0xff0000), 0, 0]);
  client.request(menuSurface, "commit", []);
  const frame = client.create(surface, "frame", []);
  await client.roundtrip();

  await compositor.crash();
  await client.next(app.keyboard, "leave");
  await client.next(app.pointer, "leave");
  await client.next(menu, "popup_done");
  await client.next(source, "cancelled");
  // In flight while there is no compositor: what the app says of things that are no more.
  client.request(device, "set_selection", [source, serial]);
  client.request(menuSurface, "commit", []);
  client.request(window.toplevel, "move", [seat, serial]);
  client.request(surface, "attach", [solidBuffer(client, 200, 100, 0x00ff00), 0, 0]);
  client.request(surface, "damage", [0, 0, 200, 100]);
  client.request(surface, "commit", []);
  for (const object of [menu, menuXdgSurface, menuSurface, source, positioner]) client.request(object, "destroy", []);
  await compositor.startAgain();
  await client.next(frame, "done");
  await stillPixels(compositor, (now) => now.box((colour) => colour === 0x00ff00) !== undefined);
  input = await VirtualInput.create(compositor.socketPath);
  await client.next(app.seat, "capabilities");
  await client.roundtrip();
  expect(loop.notices).toEqual(RETURN);
  input.close();
});

test("a connection that loses its compositor again and again is given up", async () => {
  await using compositor = await Compositor.start({});
  using loop = new DisplayLoop(compositor, "arena");
  using client = await WaylandClient.connect(loop.socketPath);
  await openWindow(client, { width: 100, height: 100, appId: "app" });
  for (let round = 0; round < MAX_RETURNS; round += 1) {
    await restart(compositor);
    await compositor.sway.waitForWindow((one) => one.app_id === "vitrine.test.app");
  }
  await compositor.crash();
  expect((await client.ended()).serverError?.message).toContain("closed the connection");
});

test("without another compositor the apps end, and the display says so", async () => {
  await using compositor = await Compositor.start({});
  const { promise, resolve } = Promise.withResolvers<VitrineError | undefined>();
  using loop = new DisplayLoop(compositor, "arena", { returnDeadlineMs: 300, onCompositorLost: resolve });
  using client = await WaylandClient.connect(loop.socketPath);
  await openWindow(client, { width: 100, height: 100, appId: "app" });
  await compositor.crash();
  expect((await client.ended()).serverError?.message).toContain("the compositor is gone");
  await promise;
  expect(loop.host.windows).toBe(0);
});
