/** Apps start on the stand-in, which shows nothing, and move to a compositor that does. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import type { VitrineError } from "../../src/base/error.ts";
import { directRoute } from "../../src/host/display/compositor-route.ts";
import { learnOffer } from "../../src/host/display/stand-in/offer.ts";
import { StandIn } from "../../src/host/display/stand-in/stand-in.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { shutdownWrite } from "../../src/sys/socket.ts";
import { wl_compositor, wl_subcompositor } from "../../src/wayland/generated/wayland.ts";
import { xdg_activation_v1 } from "../../src/wayland/generated/xdg-activation-v1.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, PIXEL_PATHS, policyOf } from "../support/display-loop.ts";
import { differenceInFrame, makeRoomForFrame } from "../support/framed.ts";
import { VirtualInput } from "../support/input.ts";
import { endProcess } from "../support/processes.ts";
import { RETURN } from "../support/return.ts";
import { stillPixels } from "../support/still-picture.ts";
import { TestApp } from "../support/test-app.ts";
import { Waiting } from "../support/waiting.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow, solidBuffer, type TestWindow } from "../support/window.ts";

setDefaultTimeout(60_000);
const SWAY_CONFIG = "seat seat0 hide_cursor 1";

describe.each([...PIXEL_PATHS])("pixels by %s", (pixels) => {
  test("a terminal moves with its picture, and takes keys", async () => {
    await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
    using input = await VirtualInput.create(compositor.socketPath);
    const empty = await stillPixels(compositor);
    const words = ["--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec cat"];
    const native = async (typed: string) => {
      await makeRoomForFrame(compositor, true);
      const app = compositor.spawn("foot", words);
      const before = await stillPixels(compositor, (now) => !now.equals(empty));
      await input.typeText(typed);
      const after = await stillPixels(compositor, (now) => !now.equals(before));
      await endProcess(app);
      await stillPixels(compositor, (now) => now.equals(empty));
      return { before, after };
    };
    const shown = await native("abc");
    await makeRoomForFrame(compositor, false);
    using waiting = await Waiting.open(compositor, pixels);
    const app = compositor.spawn("foot", words, waiting.environment);
    await waiting.shown(1);
    expect((await stillPixels(compositor)).equals(empty)).toBe(true);
    waiting.move();
    const { sandbox, notices } = waiting.loop;
    const before = await stillPixels(
      compositor,
      (now) => differenceInFrame({ ours: now, native: shown.before, empty }, sandbox) === undefined,
    );
    await input.typeText("abc");
    const after = await stillPixels(compositor, (now) => !now.equals(before));
    expect(differenceInFrame({ ours: after, native: shown.after, empty }, sandbox)).toBeUndefined();
    await waiting.left();
    expect(app.exitCode).toBeNull();
    expect(notices).toEqual([]);
  });
});

const STILL_APPS: readonly (readonly [command: string, args: readonly string[]])[] = [
  ["weston-terminal", ["--shell=/bin/cat"]],
  ["weston-scaler", []],
  ["weston-clickdot", []],
  ["weston-eventdemo", []],
  ["foot", ["--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec sleep 60"]],
];

test.each(STILL_APPS)("%s is drawn at the scale that the screen has when it moves", async (command, args) => {
  const size = { width: 1440, height: 900 };
  await using compositor = await Compositor.start({ ...size, swayConfig: SWAY_CONFIG });
  using waiting = await Waiting.open(compositor);
  await compositor.swaymsg("output HEADLESS-1 scale 2");
  const empty = await stillPixels(compositor);
  await makeRoomForFrame(compositor, true);
  const nativeApp = compositor.spawn(command, args);
  const native = await stillPixels(compositor, (now) => !now.equals(empty));
  await endProcess(nativeApp);
  await stillPixels(compositor, (now) => now.equals(empty));
  await makeRoomForFrame(compositor, false);
  compositor.spawn(command, args, waiting.environment);
  await waiting.shown(1);
  waiting.move();
  const ours = await stillPixels(compositor, (now) => !now.equals(empty), { stillMs: 500 });
  expect(differenceInFrame({ ours, native, empty }, waiting.loop.sandbox, 2)).toBeUndefined();
  expect(waiting.loop.notices).toEqual([]);
});

test.if(existsSync("/usr/bin/zenity"))("a dialog of GTK takes text after the move, and says what it was", async () => {
  await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
  using input = await VirtualInput.create(compositor.socketPath);
  using waiting = await Waiting.open(compositor);
  const app = compositor.spawn("zenity", ["--entry", "--text=Name"], waiting.environment, "pipe");
  let said = "";
  app.stdout?.on("data", (chunk) => {
    said += chunk;
  });
  const ended = new Promise((resolve) => app.once("close", resolve));
  await waiting.shown(1);
  waiting.move();
  const before = await stillPixels(compositor, () => waiting.loop.host.windows === 1);
  await input.typeText("hello");
  await stillPixels(compositor, (now) => !now.equals(before));
  await input.key("Return");
  await ended;
  expect(said).toBe("hello\n");
  expect(waiting.loop.notices).toEqual([]);
});

test.each(["maximized", "fullscreen"])(
  "a window that is %s from its beginning learns the size of the screen",
  async (how) => {
    await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
    using waiting = await Waiting.open(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED) });
    using client = await WaylandClient.connect(waiting.loop.socketPath);
    const shell = client.bind(xdg_wm_base);
    const surface = client.create(client.bind(wl_compositor), "create_surface", []);
    const xdgSurface = client.create(shell, "get_xdg_surface", [surface]);
    const toplevel = client.create(xdgSurface, "get_toplevel", []);
    client.request(toplevel, `set_${how}`, how === "fullscreen" ? [null] : []);
    client.request(surface, "commit", []);
    const configured = async () => {
      const [width, height, states] = (await client.next(toplevel, "configure")).args as [number, number, Uint8Array];
      client.request(xdgSurface, "ack_configure", (await client.next(xdgSurface, "configure")).args);
      return { width, height, states: [...new Uint32Array(states.slice().buffer)] };
    };
    const first = await configured();
    // The frame stays around it.
    expect(first.width).toBeGreaterThan(1200);
    expect(first.states).toContain(how === "maximized" ? 1 : 2);
    client.request(surface, "attach", [solidBuffer(client, first.width, first.height, 0x00ff00), 0, 0]);
    client.request(surface, "commit", []);
    await waiting.shown(1);
    waiting.move();
    // sway knows no maximized windows; it makes one fill the screen once it shows something.
    for (let there = await configured(); how === "fullscreen" && !there.states.includes(2); )
      there = await configured();
    expect(waiting.loop.notices).toEqual([]);
  },
);

function popupOver(client: WaylandClient, { xdgSurface }: TestWindow) {
  const shell = client.bind(xdg_wm_base);
  const positioner = client.create(shell, "create_positioner", []);
  client.request(positioner, "set_size", [50, 40]);
  client.request(positioner, "set_anchor_rect", [10, 20, 30, 10]);
  client.request(positioner, "set_anchor", [8]);
  client.request(positioner, "set_gravity", [8]);
  const surface = client.create(client.bind(wl_compositor), "create_surface", []);
  const popupSurface = client.create(shell, "get_xdg_surface", [surface]);
  const popup = client.create(popupSurface, "get_popup", [xdgSurface, positioner]);
  client.request(surface, "commit", []);
  return { surface, popupSurface, popup };
}

test("a menu stands where it shall on the stand-in, and is closed by the move; requests under way are not lost", async () => {
  await using compositor = await Compositor.start({});
  using input = await VirtualInput.create(compositor.socketPath);
  using waiting = await Waiting.open(compositor);
  using app = await TestApp.open(waiting.loop.socketPath, "app");
  const { client, surface, window } = app;
  const menu = popupOver(client, window);
  expect((await client.next(menu.popup, "configure")).args).toEqual([40, 30, 50, 40]);
  client.request(menu.popupSurface, "ack_configure", (await client.next(menu.popupSurface, "configure")).args);
  client.request(menu.surface, "attach", [solidBuffer(client, 50, 40, 0xff0000), 0, 0]);
  client.request(menu.surface, "commit", []);
  await client.roundtrip();
  // Under way while everything moves: a new picture, the frame it asks for, a round trip, a title.
  client.request(surface, "attach", [solidBuffer(client, 200, 100, 0x00ff00), 0, 0]);
  client.request(surface, "damage", [0, 0, 200, 100]);
  // Waited for from now on: it may come together with what is waited for before, and is gone then.
  const shown = client.next(client.create(surface, "frame", []), "done");
  client.request(surface, "commit", []);
  client.request(window.toplevel, "set_title", ["moved"]);
  const roundtrip = client.roundtrip();
  waiting.move();
  await client.next(menu.popup, "popup_done");
  await roundtrip;
  await shown;
  const moved = await compositor.sway.waitForWindow(({ name }) => name === "moved");
  expect(moved.app_id).toBe("vitrine.test.app");
  await stillPixels(compositor, (now) => now.box((colour) => colour === 0x00ff00) !== undefined);
  await client.next(app.keyboard, "keymap");
  await client.next(app.keyboard, "enter");
  await input.key("a");
  await client.next(app.keyboard, "key");
  for (const object of [menu.popup, menu.popupSurface, menu.surface]) client.request(object, "destroy", []);
  await client.roundtrip();
  await waiting.left();
  expect(waiting.loop.notices).toEqual([]);
});

test("surfaces on surfaces that are no windows yet move too", async () => {
  await using compositor = await Compositor.start({});
  using waiting = await Waiting.open(compositor);
  using client = await WaylandClient.connect(waiting.loop.socketPath);
  const surface = () => client.create(client.bind(wl_compositor), "create_surface", []);
  client.create(client.bind(wl_subcompositor), "get_subsurface", [surface(), surface()]);
  await client.roundtrip();
  waiting.move();
  await openWindow(client, { width: 100, height: 100, appId: "app" });
  await compositor.sway.waitForWindow("vitrine.test.app");
  expect(waiting.loop.notices).toEqual([]);
});

test("several windows of several apps move together, once and again, and each is counted", async () => {
  await using compositor = await Compositor.start({});
  const counts: number[] = [];
  let firstFrames = 0;
  using waiting = await Waiting.open(compositor, "arena", {
    onWindowCount: (windows) => counts.push(windows),
    onFirstFrame: () => {
      firstFrames += 1;
    },
  });
  using one = await WaylandClient.connect(waiting.loop.socketPath);
  using other = await WaylandClient.connect(waiting.loop.socketPath);
  await openWindow(one, { width: 100, height: 100, appId: "first" });
  await openWindow(one, { width: 100, height: 100, appId: "second" });
  await openWindow(other, { width: 100, height: 100, appId: "third" });
  await waiting.shown(3);
  const names = async () => (await compositor.sway.windows()).map((window) => window.app_id).sort();
  expect(await names()).toEqual([]);
  waiting.move();
  await waiting.shown(3);
  await waiting.left();
  expect(counts).toEqual([1, 2, 3, 2, 1, 0, 1, 2, 3]);
  expect(firstFrames).toBe(6);
  const all = ["first", "second", "third"].map((name) => `vitrine.test.${name}`);
  await compositor.sway.waitFor("all windows", (windows) => windows.length === 3 || undefined);
  expect(await names()).toEqual(all);
  // From a compositor that they are on to the same: it has seen each of them go before it comes again.
  const ids = new Set((await compositor.sway.windows()).map(({ id }) => id));
  waiting.move();
  await compositor.sway.waitFor(
    "new windows",
    (windows) => (windows.length === 3 && windows.every(({ id }) => !ids.has(id))) || undefined,
  );
  expect(await names()).toEqual(all);
  expect(waiting.loop.notices).toEqual([]);
});

test("the first window that has moved gets the focus that a launcher was given", async () => {
  const screen = { width: 1280, height: 800 };
  const swayConfig = "focus_on_window_activation focus\nno_focus [app_id=vitrine.*]";
  await using compositor = await Compositor.start({ ...screen, swayConfig });
  using input = await VirtualInput.create(compositor.socketPath);
  using launcher = await TestApp.open(compositor.socketPath, "launcher");
  await input.moveTo(640, 400, screen.width, screen.height);
  await launcher.next(launcher.pointer, "enter");
  await input.click();
  const serial = await launcher.pressed();
  const { client } = launcher;
  const request = client.create(client.bind(xdg_activation_v1), "get_activation_token", []);
  client.request(request, "set_surface", [launcher.surface]);
  client.request(request, "set_serial", [serial, launcher.seat]);
  client.request(request, "commit", []);
  const hostToken = (await client.next(request, "done")).args[0] as string;

  const movedWindow = async (token?: string) => {
    const waiting = await Waiting.open(compositor);
    // Goes with its display.
    const app = await WaylandClient.connect(waiting.loop.socketPath);
    await openWindow(app, { width: 100, height: 100, appId: token === undefined ? "without" : "with" });
    waiting.move();
    if (token !== undefined) waiting.loop.host.activate(token);
    await waiting.shown(1);
    return waiting;
  };
  using _without = await movedWindow();
  await compositor.sway.waitForWindow("vitrine.test.without");
  expect((await compositor.sway.windows()).find(({ focused }) => focused)?.app_id).toBe("launcher");
  using _with = await movedWindow(hostToken);
  await compositor.sway.waitForWindow((window) => window.app_id === "vitrine.test.with" && window.focused);
});

test("a compositor that is not there at the move is waited for as one that has gone", async () => {
  await using compositor = await Compositor.start({});
  using waiting = await Waiting.open(compositor);
  using client = await WaylandClient.connect(waiting.loop.socketPath);
  await openWindow(client, { width: 100, height: 100, appId: "app" });
  await waiting.shown(1);
  await compositor.crash();
  waiting.move();
  await waiting.left();
  expect(waiting.loop.host.windows).toBe(0);
  await compositor.startAgain();
  await compositor.sway.waitForWindow("vitrine.test.app");
  expect(waiting.loop.notices).toEqual(RETURN);
});

test("without a compositor the apps end, and the display says so; it can be closed while it moves", async () => {
  await using compositor = await Compositor.start({});
  const { promise, resolve } = Promise.withResolvers<VitrineError | undefined>();
  using waiting = await Waiting.open(compositor, "arena", { returnDeadlineMs: 300, onCompositorLost: resolve });
  using closing = await Waiting.open(compositor);
  using client = await WaylandClient.connect(waiting.loop.socketPath);
  await openWindow(client, { width: 100, height: 100, appId: "app" });
  using other = await WaylandClient.connect(closing.loop.socketPath);
  await openWindow(other, { width: 100, height: 100, appId: "other" });
  closing.move();
  await closing.loop.host.close();
  await other.ended();
  await closing.left();
  await compositor.crash();
  waiting.move();
  expect((await client.ended()).serverError?.message).toContain("the compositor is gone");
  await promise;
  await waiting.left();
});

test("who loses the stand-in ends, and is not shown to the user instead", async () => {
  await using compositor = await Compositor.start({});
  const standIn = new StandIn(await learnOffer(directRoute(compositor.socketPath)));
  let reopened = 0;
  const sockets: OwnedFd[] = [];
  const connect = () => {
    const socket = standIn.route.connect();
    sockets.push(socket.dup());
    return socket;
  };
  using loop = new DisplayLoop(compositor, "arena", {
    route: { ...standIn.route, connect },
    reopen: async () => {
      reopened += 1;
      return directRoute(compositor.socketPath);
    },
  });
  using client = await WaylandClient.connect(loop.socketPath);
  await openWindow(client, { width: 100, height: 100, appId: "app" });
  // The stand-in sees the end of what it reads, and hangs up.
  for (const socket of sockets) shutdownWrite(socket);
  expect((await client.ended()).serverError?.message).toContain("the compositor is gone");
  for (const socket of sockets) socket.close();
  expect(reopened).toBe(0);
  expect(loop.notices).toEqual([expect.stringContaining("the compositor is gone")]);
});
