/**
 * Pointer and fingers on a frame: they do what the user of a window expects, and the app hears nothing of them. The
 * compositor's part is played by the test.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { insetsOf } from "../../src/host/display/frame/measures.ts";
import { numberToFixed } from "../../src/wayland/fixed.ts";
import * as tablet from "../../src/wayland/generated/tablet-v2.ts";
import { wl_compositor, wl_data_device_manager, wl_data_offer, wl_seat } from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import type { Value } from "../../src/wayland/types.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { type ScriptedClient, ScriptedCompositor, type ScriptedRequest } from "../support/scripted-compositor.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";
import { solidBuffer } from "../support/window.ts";

setDefaultTimeout(30_000);
const [LEFT, RIGHT] = [0x110, 0x111];
const CONTENT = { width: 300, height: 200 };
const { left, top } = insetsOf("title-bar");
const BUTTON_WIDTH = 26;

let compositor: ScriptedCompositor;
let loop: DisplayLoop;
let client: WaylandClient;
/** The app's. */
let seat: ClientObject;
let pointer: ClientObject;
let touch: ClientObject;
let xdgSurface: ClientObject;
let toplevel: ClientObject;
let surface: ClientObject;
/** The same on the compositor's side, and what is only there. */
let host: ScriptedClient;
let ids: Record<"surface" | "toplevel" | "ourSeat" | "ourPointer" | "ourTouch" | "appPointer" | "appTouch", number>;
/** The strips of the frame, then text and buttons. */
let parts: { readonly surface: number; readonly x: number; readonly y: number }[];

beforeEach(async () => {
  compositor = new ScriptedCompositor([
    wl_compositor,
    wl_seat,
    wl_data_device_manager,
    xdg_wm_base,
    tablet.zwp_tablet_manager_v2,
  ]);
  loop = new DisplayLoop(compositor, "stream");
  client = await WaylandClient.connect(loop.socketPath);
  await openWindow();
});
afterEach(() => {
  expect(loop.notices).toEqual([]);
  client.close();
  loop[Symbol.dispose]();
  compositor[Symbol.dispose]();
});

const first = (request: ScriptedRequest) => request.args[0] as number;

/** A window with content and a title bar, on a compositor with a pointer and a touch screen. */
async function openWindow(): Promise<void> {
  seat = client.bind(wl_seat);
  pointer = client.create(seat, "get_pointer", []);
  touch = client.create(seat, "get_touch", []);
  surface = client.create(client.bind(wl_compositor), "create_surface", []);
  xdgSurface = client.create(client.bind(xdg_wm_base), "get_xdg_surface", [surface]);
  toplevel = client.create(xdgSurface, "get_toplevel", []);
  client.request(surface, "commit", []);
  const [appPointer, appTouch] = [
    await compositor.next("wl_seat", "get_pointer"),
    await compositor.next("wl_seat", "get_touch"),
  ];
  host = appPointer.client;
  const hostSurface = first(await compositor.next("wl_compositor", "create_surface"));
  const hostXdgSurface = first(await compositor.next("xdg_wm_base", "get_xdg_surface"));
  const hostToplevel = first(await compositor.next("xdg_surface", "get_toplevel"));
  await compositor.next("wl_surface", "commit");
  const frames = await compositor.next("wl_seat", "get_pointer");
  const [ourSeat, ourPointer] = [frames.id, first(frames)];
  const ourTouch = first(await compositor.next("wl_seat", "get_touch"));
  ids = {
    surface: hostSurface,
    toplevel: hostToplevel,
    ourSeat,
    ourPointer,
    ourTouch,
    appPointer: first(appPointer),
    appTouch: first(appTouch),
  };
  host.send(hostToplevel, "configure", [0, 0, new Uint8Array()]);
  host.send(hostXdgSurface, "configure", [1]);
  client.request(xdgSurface, "ack_configure", (await client.next(xdgSurface, "configure")).args);
  client.request(surface, "attach", [solidBuffer(client, CONTENT.width, CONTENT.height), 0, 0]);
  client.request(surface, "commit", []);
  await client.roundtrip();
  parts = await framePartsOf(hostSurface);
}

/** The subsurfaces of a surface that are the frame's, and where they are. */
async function framePartsOf(parent: number): Promise<typeof parts> {
  const of = (name: string) => compositor.requests.filter((request) => request.name === name);
  return of("get_subsurface")
    .filter(({ args }) => args[2] === parent)
    .map(({ args }) => {
      const [x = 0, y = 0] = (of("set_position").findLast(({ id }) => id === args[0])?.args ?? []) as number[];
      return { surface: args[1] as number, x, y };
    });
}

/** The part of the frame at a place of the window, counted from the corner of its content, and the place on it. */
function partAt(x: number, y: number): { readonly surface: number; readonly at: readonly [number, number] } {
  // Text and buttons lie over the strips: the last one that begins before the place, of those that reach it.
  const [topStrip, rightStrip, bottomStrip, leftStrip] = parts;
  const part =
    x < 0 && y >= 0 ? leftStrip : x >= CONTENT.width ? rightStrip : y >= CONTENT.height ? bottomStrip : topStrip;
  const { surface: id, x: partX, y: partY } = part ?? { surface: 0, x: 0, y: 0 };
  return { surface: id, at: [numberToFixed(x - partX), numberToFixed(y - partY)] };
}

let serial = 100;

/** The compositor tells both pointers the same. */
function tellPointers(name: string, ...args: Value[]): void {
  for (const id of [ids.ourPointer, ids.appPointer]) host.send(id, name, args);
  if (name !== "frame") host.send(ids.appPointer, "frame", []);
}

function enter(x: number, y: number): void {
  const { surface: id, at } = partAt(x, y);
  serial += 1;
  tellPointers("enter", serial, id, ...at);
}

function press(button: number, time = 0): number {
  serial += 1;
  tellPointers("button", serial, time, button, 1);
  return serial;
}

/** The app has been told nothing of the pointer. */
async function appHearsNothing(): Promise<void> {
  await client.roundtrip();
  for (const name of ["enter", "leave", "motion", "button", "axis", "frame"])
    expect(pointer.take(name)).toBeUndefined();
  for (const name of ["down", "up", "motion", "frame"]) expect(touch.take(name)).toBeUndefined();
}

test("a press on the bar moves the window, and the app hears nothing", async () => {
  enter(100, -10);
  tellPointers("motion", 1, numberToFixed(50), numberToFixed(10));
  const given = press(LEFT);
  const { args, id } = await compositor.next("xdg_toplevel", "move");
  expect([id, ...args]).toEqual([ids.toplevel, ids.ourSeat, given]);
  tellPointers("leave", 99, partAt(100, -10).surface);
  await appHearsNothing();
});

test.each([
  ["the upper edge", 150, -top, 1],
  ["the right edge", CONTENT.width, 100, 8],
  ["the lower left corner", -left, CONTENT.height, 6],
] as const)("a press on %s resizes", async (_name, x, y, edge) => {
  enter(x, y);
  const given = press(LEFT);
  const { args } = await compositor.next("xdg_toplevel", "resize");
  expect(args).toEqual([ids.ourSeat, given, edge]);
  await appHearsNothing();
});

test("two presses in a short while maximize, and take that back once it is so", async () => {
  enter(100, -10);
  press(LEFT, 1000);
  press(LEFT, 1300);
  await compositor.next("xdg_toplevel", "set_maximized");
  host.send(ids.toplevel, "configure", [1280, 800, new Uint8Array(new Uint32Array([1]).buffer)]);
  press(LEFT, 5000);
  press(LEFT, 5100);
  await compositor.next("xdg_toplevel", "unset_maximized");
  press(LEFT, 9000);
  press(LEFT, 9900);
  await appHearsNothing();
  expect(compositor.requests.filter(({ name }) => name.endsWith("maximized"))).toEqual([]);
});

test("the other button opens the compositor's menu where the pointer is", async () => {
  enter(100, -10);
  const given = press(RIGHT);
  expect((await compositor.next("xdg_toplevel", "show_window_menu")).args).toEqual([ids.ourSeat, given, 100, -10]);
  await appHearsNothing();
});

test("the buttons act when they are let go of: the app is asked to close, the compositor for the rest", async () => {
  const over = (fromRight: number) => enter(CONTENT.width - fromRight * BUTTON_WIDTH + BUTTON_WIDTH / 2, -10);
  over(1);
  press(LEFT);
  await client.roundtrip();
  expect(toplevel.take("close")).toBeUndefined();
  tellPointers("button", 7, 0, LEFT, 0);
  await client.next(toplevel, "close");
  over(2);
  press(LEFT);
  tellPointers("button", 8, 0, LEFT, 0);
  await compositor.next("xdg_toplevel", "set_maximized");
  over(3);
  press(LEFT);
  tellPointers("button", 9, 0, LEFT, 0);
  await compositor.next("xdg_toplevel", "set_minimized");
  // Pressed on one, let go of on another.
  over(1);
  press(LEFT);
  tellPointers("motion", 1, numberToFixed(10), numberToFixed(20));
  tellPointers("button", 10, 0, LEFT, 0);
  await appHearsNothing();
  expect(toplevel.take("close")).toBeUndefined();
});

test("over the content the app has the pointer, with places as it counts them, and its own cursor", async () => {
  tellPointers("enter", 50, ids.surface, numberToFixed(20), numberToFixed(30));
  const { args } = await client.next(pointer, "enter");
  expect(args.slice(2)).toEqual([numberToFixed(20), numberToFixed(30)]);
  client.request(pointer, "set_cursor", [50, null, 0, 0]);
  expect((await compositor.next("wl_pointer", "set_cursor")).id).toBe(ids.appPointer);
  tellPointers("leave", 51, ids.surface);
  enter(100, -10);
  await client.next(pointer, "leave");
  expect((await compositor.next("wl_pointer", "set_cursor")).id).toBe(ids.ourPointer);
  client.request(pointer, "set_cursor", [50, null, 0, 0]);
  await client.roundtrip();
  expect(compositor.requests.filter(({ name }) => name === "set_cursor")).toEqual([]);
});

test("a finger on the bar moves, on a button does what that says, and the app hears nothing", async () => {
  const tell = (name: string, ...args: Value[]) => {
    for (const id of [ids.ourTouch, ids.appTouch]) host.send(id, name, args);
    host.send(ids.appTouch, "frame", []);
  };
  const bar = partAt(100, -10);
  tell("down", 61, 0, bar.surface, 0, ...bar.at);
  expect((await compositor.next("xdg_toplevel", "move")).args).toEqual([ids.ourSeat, 61]);
  tell("up", 62, 0, 0);
  const close = partAt(CONTENT.width - 5, -10);
  tell("down", 63, 0, close.surface, 1, ...close.at);
  tell("motion", 0, 1, 0, 0);
  tell("up", 64, 0, 1);
  await client.next(toplevel, "close");
  await appHearsNothing();
  tell("down", 65, 0, ids.surface, 2, numberToFixed(3), numberToFixed(4));
  expect((await client.next(touch, "down")).args.slice(4)).toEqual([numberToFixed(3), numberToFixed(4)]);
});

test("menus of the app close when the user presses on the frame, the last one first", async () => {
  tellPointers("enter", 70, ids.surface, 0, 0);
  tellPointers("button", 71, 0, LEFT, 1);
  await client.next(pointer, "button");
  const shell = client.bind(xdg_wm_base);
  const closed: string[] = [];
  const menu = (name: string, parent: ClientObject) => {
    const positioner = client.create(shell, "create_positioner", []);
    client.request(positioner, "set_size", [10, 10]);
    client.request(positioner, "set_anchor_rect", [0, 0, 1, 1]);
    const menuSurface = client.create(client.bind(wl_compositor), "create_surface", []);
    const menuXdgSurface = client.create(shell, "get_xdg_surface", [menuSurface]);
    const popup = client.create(menuXdgSurface, "get_popup", [parent, positioner]);
    popup.on("popup_done", () => closed.push(name));
    client.request(popup, "grab", [seat, 71]);
    return menuXdgSurface;
  };
  menu("inner", menu("outer", xdgSurface));
  await client.roundtrip();
  tellPointers("leave", 72, ids.surface);
  enter(100, -10);
  press(LEFT);
  await compositor.next("xdg_toplevel", "move");
  await client.roundtrip();
  expect(closed).toEqual(["inner", "outer"]);
});

test("a drag over the frame is over nothing of the app's", async () => {
  const device = client.create(client.bind(wl_data_device_manager), "get_data_device", [seat]);
  const hostDevice = first(await compositor.next("wl_data_device_manager", "get_data_device"));
  const enter = (surface: number, at: readonly [number, number]) => {
    const offer = host.make(wl_data_offer);
    host.send(hostDevice, "data_offer", [offer]);
    host.send(offer, "offer", ["text/plain"]);
    host.send(hostDevice, "enter", [80, surface, ...at, offer]);
  };
  const bar = partAt(100, -10);
  enter(bar.surface, bar.at);
  host.send(hostDevice, "motion", [0, 0, 0]);
  host.send(hostDevice, "drop", []);
  host.send(hostDevice, "leave", []);
  await client.roundtrip();
  for (const name of ["data_offer", "enter", "motion", "drop", "leave"]) expect(device.take(name)).toBeUndefined();
  enter(ids.surface, [5, 6]);
  expect((await client.next(device, "enter")).args.slice(2, 4)).toEqual([5, 6]);
});

test("a pen over the frame is over nothing of the app's", async () => {
  const tablets = client.create(client.bind(tablet.zwp_tablet_manager_v2), "get_tablet_seat", [seat]);
  const hostSeat = first(await compositor.next("zwp_tablet_manager_v2", "get_tablet_seat"));
  const [hostTablet, hostTool] = [host.make(tablet.zwp_tablet_v2), host.make(tablet.zwp_tablet_tool_v2)];
  host.send(hostSeat, "tablet_added", [hostTablet]);
  host.send(hostSeat, "tool_added", [hostTool]);
  const [tool] = (await client.next(tablets, "tool_added")).created as [ClientObject];
  const pen = (...events: [string, ...Value[]][]) => {
    for (const [name, ...args] of events) host.send(hostTool, name, args);
  };
  pen(["proximity_in", 90, hostTablet, partAt(100, -10).surface], ["motion", 0, 0], ["down", 91], ["frame", 0]);
  pen(["up"], ["proximity_out"], ["frame", 1]);
  await client.roundtrip();
  for (const name of ["proximity_in", "motion", "down", "up", "proximity_out", "frame"])
    expect(tool.take(name)).toBeUndefined();
  pen(["proximity_in", 92, hostTablet, ids.surface], ["motion", 5, 6], ["frame", 2]);
  await client.next(tool, "proximity_in");
  expect((await client.next(tool, "motion")).args).toEqual([5, 6]);
});
