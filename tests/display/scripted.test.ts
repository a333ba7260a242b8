/**
 * What no compositor here can be made to do: pens, touch, gestures; and the host half's words to the compositor, one by
 * one. The compositor's part is played by the test.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { openRoute } from "../../src/host/display/compositor-route.ts";
import { wp_commit_timing_manager_v1 } from "../../src/wayland/generated/commit-timing-v1.ts";
import { wp_cursor_shape_manager_v1 } from "../../src/wayland/generated/cursor-shape-v1.ts";
import { wp_presentation } from "../../src/wayland/generated/presentation-time.ts";
import { wp_security_context_manager_v1 } from "../../src/wayland/generated/security-context-v1.ts";
import * as tablet from "../../src/wayland/generated/tablet-v2.ts";
import { wl_compositor, wl_data_device_manager, wl_seat } from "../../src/wayland/generated/wayland.ts";
import { xdg_activation_v1 } from "../../src/wayland/generated/xdg-activation-v1.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { xdg_system_bell_v1 } from "../../src/wayland/generated/xdg-system-bell-v1.ts";
import { xdg_toplevel_drag_manager_v1 } from "../../src/wayland/generated/xdg-toplevel-drag-v1.ts";
import { xdg_toplevel_tag_manager_v1 } from "../../src/wayland/generated/xdg-toplevel-tag-v1.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { ScriptedCompositor } from "../support/scripted-compositor.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";

setDefaultTimeout(30_000);
/** Nanoseconds that the host's clock is ahead. */
const AHEAD = 1_000_000_000_000n;

let compositor: ScriptedCompositor;
let loop: DisplayLoop;
let client: WaylandClient;

beforeEach(async () => {
  compositor = new ScriptedCompositor([
    wl_compositor,
    wl_seat,
    wl_data_device_manager,
    xdg_wm_base,
    tablet.zwp_tablet_manager_v2,
    wp_cursor_shape_manager_v1,
    wp_presentation,
    wp_commit_timing_manager_v1,
    xdg_activation_v1,
    xdg_system_bell_v1,
    xdg_toplevel_tag_manager_v1,
    xdg_toplevel_drag_manager_v1,
  ]);
  loop = new DisplayLoop(compositor, "stream", { clockOffset: () => AHEAD });
  client = await WaylandClient.connect(loop.socketPath);
});
afterEach(() => {
  client.close();
  loop[Symbol.dispose]();
  compositor[Symbol.dispose]();
});

function surface(): ClientObject {
  return client.create(client.bind(wl_compositor), "create_surface", []);
}

function toplevel(on: ClientObject): ClientObject {
  const xdgSurface = client.create(client.bind(xdg_wm_base), "get_xdg_surface", [on]);
  return client.create(xdgSurface, "get_toplevel", []);
}

describe("pens and pads", () => {
  test("come with generic names, and with numbers of our own", async () => {
    const seat = client.create(client.bind(tablet.zwp_tablet_manager_v2), "get_tablet_seat", [client.bind(wl_seat)]);
    const request = await compositor.next("zwp_tablet_manager_v2", "get_tablet_seat");
    const host = request.client;
    const [hostSeat] = request.args as [number];
    const hostTablet = host.make(tablet.zwp_tablet_v2);
    host.send(hostSeat, "tablet_added", [hostTablet]);
    host.send(hostTablet, "name", ["Wacom Intuos Pro L of Ms Miller"]);
    host.send(hostTablet, "id", [0x56a, 0x358]);
    host.send(hostTablet, "path", ["/dev/input/event13"]);
    host.send(hostTablet, "done", []);
    const { created } = await client.next(seat, "tablet_added");
    const [added] = created as [ClientObject];
    expect((await client.next(added, "name")).args).toEqual(["Vitrine Tablet"]);
    await client.next(added, "done");
    expect([added.take("id"), added.take("path")]).toEqual([undefined, undefined]);

    const numbers: unknown[] = [];
    for (const serial of [0xdead, 0xbeef]) {
      const hostTool = host.make(tablet.zwp_tablet_tool_v2);
      host.send(hostSeat, "tool_added", [hostTool]);
      host.send(hostTool, "type", [0x140]);
      host.send(hostTool, "hardware_serial", [serial, serial]);
      host.send(hostTool, "hardware_id_wacom", [serial, serial]);
      host.send(hostTool, "done", []);
      const [tool] = (await client.next(seat, "tool_added")).created as [ClientObject];
      numbers.push((await client.next(tool, "hardware_serial")).args);
      await client.next(tool, "done");
      expect(tool.take("hardware_id_wacom")).toBeUndefined();
    }
    expect(numbers).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(loop.notices).toEqual([]);
  });

  test("a pen's touch is an action of the user's; its cursor has a shape by name", async () => {
    const seat = client.bind(wl_seat);
    const mine = surface();
    const tablets = client.create(client.bind(tablet.zwp_tablet_manager_v2), "get_tablet_seat", [seat]);
    const request = await compositor.next("zwp_tablet_manager_v2", "get_tablet_seat");
    const host = request.client;
    const [hostSurface] = (await compositor.next("wl_compositor", "create_surface")).args as [number];
    const [hostTablet, hostTool] = [host.make(tablet.zwp_tablet_v2), host.make(tablet.zwp_tablet_tool_v2)];
    host.send(request.args[0] as number, "tablet_added", [hostTablet]);
    host.send(request.args[0] as number, "tool_added", [hostTool]);
    host.send(hostTool, "proximity_in", [41, hostTablet, hostSurface]);
    host.send(hostTool, "down", [42]);
    host.send(hostTool, "frame", [1000]);
    const [pad] = (await client.next(tablets, "tablet_added")).created as [ClientObject];
    const [tool] = (await client.next(tablets, "tool_added")).created as [ClientObject];
    expect((await client.next(tool, "proximity_in")).args).toEqual([41, pad.id, mine.id]);
    await client.next(tool, "frame");

    const shape = client.create(client.bind(wp_cursor_shape_manager_v1), "get_tablet_tool_v2", [tool]);
    client.request(shape, "set_shape", [41, 3]);
    expect((await compositor.next("wp_cursor_shape_manager_v1", "get_tablet_tool_v2")).args[1]).toBe(hostTool);
    expect((await compositor.next("wp_cursor_shape_device_v1", "set_shape")).args).toEqual([41, 3]);

    // The touch is good for an activation token, hovering is not.
    const activation = client.bind(xdg_activation_v1);
    const token = client.create(activation, "get_activation_token", []);
    client.request(token, "set_serial", [41, seat]);
    client.request(token, "commit", []);
    await client.next(token, "done");
    const second = client.create(activation, "get_activation_token", []);
    client.request(second, "set_serial", [42, seat]);
    client.request(second, "commit", []);
    await compositor.next("xdg_activation_token_v1", "commit");
    expect(compositor.requests.filter(({ name }) => name === "commit")).toEqual([]);
    expect(loop.notices).toEqual([expect.stringContaining('was refused "activation"')]);
  });

  test("a pad's rings and strips come in their groups, and go again", async () => {
    const tablets = client.create(client.bind(tablet.zwp_tablet_manager_v2), "get_tablet_seat", [client.bind(wl_seat)]);
    const request = await compositor.next("zwp_tablet_manager_v2", "get_tablet_seat");
    const host = request.client;
    for (let round = 0; round < 3; round += 1) {
      const hostPad = host.make(tablet.zwp_tablet_pad_v2);
      const hostGroup = host.make(tablet.zwp_tablet_pad_group_v2);
      const hostRing = host.make(tablet.zwp_tablet_pad_ring_v2);
      const hostDial = host.make(tablet.zwp_tablet_pad_dial_v2);
      host.send(request.args[0] as number, "pad_added", [hostPad]);
      host.send(hostPad, "path", ["/dev/input/event14"]);
      host.send(hostPad, "group", [hostGroup]);
      host.send(hostGroup, "buttons", [new Uint8Array([1, 0, 0, 0])]);
      host.send(hostGroup, "ring", [hostRing]);
      host.send(hostGroup, "dial", [hostDial]);
      host.send(hostGroup, "done", []);
      host.send(hostPad, "done", []);
      host.send(hostRing, "angle", [256 * 90]);
      host.send(hostDial, "delta", [-120]);
      const [pad] = (await client.next(tablets, "pad_added")).created as [ClientObject];
      const [group] = (await client.next(pad, "group")).created as [ClientObject];
      const [ring] = (await client.next(group, "ring")).created as [ClientObject];
      const [dial] = (await client.next(group, "dial")).created as [ClientObject];
      expect((await client.next(ring, "angle")).args).toEqual([256 * 90]);
      expect((await client.next(dial, "delta")).args).toEqual([-120]);
      expect(pad.take("path")).toBeUndefined();
      client.request(ring, "set_feedback", ["zoom\u0007\u202e", 5]);
      const { args } = await compositor.next("zwp_tablet_pad_ring_v2", "set_feedback");
      expect(args).toEqual(["zoom\ufffd\ufffd", 5]);
      for (const object of [dial, ring, group, pad]) client.request(object, "destroy", []);
      await compositor.next("zwp_tablet_pad_v2", "destroy");
    }
    expect(loop.notices).toEqual([]);
  });
});

describe("a serial that the app was not given", () => {
  test("moves, grabs, drags and sets nothing; one that it was given does", async () => {
    const seat = client.bind(wl_seat);
    const pointer = client.create(seat, "get_pointer", []);
    const mine = surface();
    const shell = client.bind(xdg_wm_base);
    const parent = client.create(shell, "get_xdg_surface", [mine]);
    const window = client.create(parent, "get_toplevel", []);
    const popup = () => {
      const positioner = client.create(shell, "create_positioner", []);
      client.request(positioner, "set_size", [10, 10]);
      client.request(positioner, "set_anchor_rect", [0, 0, 1, 1]);
      const xdgSurface = client.create(shell, "get_xdg_surface", [surface()]);
      return client.create(xdgSurface, "get_popup", [parent, positioner]);
    };
    const manager = client.bind(wl_data_device_manager);
    const device = client.create(manager, "get_data_device", [seat]);
    const source = client.create(manager, "create_data_source", []);
    const [first, second] = [popup(), popup()];
    const ask = (serial: number, menu: ClientObject) => {
      client.request(window, "move", [seat, serial]);
      client.request(window, "resize", [seat, serial, 1]);
      client.request(window, "show_window_menu", [seat, serial, 0, 0]);
      client.request(menu, "grab", [seat, serial]);
      client.request(device, "start_drag", [source, mine, null, serial]);
      client.request(device, "set_selection", [null, serial]);
    };
    ask(7, first);
    await client.next(first, "popup_done");
    await client.roundtrip();
    const gated = new Set(["move", "resize", "show_window_menu", "grab", "start_drag", "set_selection"]);
    const asked = () => compositor.requests.filter(({ name }) => gated.has(name)).map(({ name }) => name);
    expect(asked()).toEqual([]);

    const { client: host, args } = await compositor.next("wl_seat", "get_pointer");
    const [hostSurface] = (await compositor.next("wl_compositor", "create_surface")).args as [number];
    host.send(args[0] as number, "enter", [6, hostSurface, 0, 0]);
    host.send(args[0] as number, "button", [7, 0, 0x110, 1]);
    await client.next(pointer, "button");
    ask(7, second);
    await client.roundtrip();
    expect(asked()).toEqual([...gated]);
    expect(second.take("popup_done")).toBeUndefined();
    expect(loop.notices).toEqual([]);
  });
});

test("tags and descriptions name the sandbox", async () => {
  const manager = client.bind(xdg_toplevel_tag_manager_v1);
  const window = toplevel(surface());
  client.request(manager, "set_toplevel_tag", [window, "main window/\u202e"]);
  client.request(manager, "set_toplevel_description", [window, "The\u0000 main window".replace("\u0000", "\u0007")]);
  expect((await compositor.next(manager.table.name, "set_toplevel_tag")).args[1]).toBe("vitrine.test.main_window__");
  const { args } = await compositor.next(manager.table.name, "set_toplevel_description");
  expect(args[1]).toBe("test: The\ufffd main window");
});

test("tags and descriptions are told to another compositor too, whatever became of the manager", async () => {
  const bind = () => client.bind(xdg_toplevel_tag_manager_v1);
  const [tags, descriptions] = [bind(), bind()] as const;
  const [first, second] = [toplevel(surface()), toplevel(surface())] as const;
  client.request(tags, "set_toplevel_tag", [first, "main"]);
  client.request(tags, "set_toplevel_tag", [first, "document"]);
  client.request(descriptions, "set_toplevel_description", [second, "A tool"]);
  client.request(descriptions, "destroy", []);
  await client.roundtrip();
  compositor.requests.length = 0;
  compositor.crash();
  await client.roundtrip();
  const windows = compositor.requests.filter(({ name }) => name === "get_toplevel").map(({ args }) => args[0]);
  const told = compositor.requests.filter(({ name }) => name.startsWith("set_toplevel_"));
  expect(told.map(({ name, args }) => [name, ...args])).toEqual([
    ["set_toplevel_tag", windows[0] ?? 0, "vitrine.test.document"],
    ["set_toplevel_description", windows[1] ?? 0, "test: A tool"],
  ]);
  expect(loop.notices).toHaveLength(2);
});

test("the bell rings four times at once, not forty", async () => {
  const bell = client.bind(xdg_system_bell_v1);
  for (let ring = 0; ring < 40; ring += 1) client.request(bell, "ring", [null]);
  client.request(bell, "ring", [surface()]);
  await client.roundtrip();
  const rings = compositor.requests.filter(({ name }) => name === "ring").length;
  expect(rings).toBeGreaterThanOrEqual(4);
  // The time that the requests took may have brought one more.
  expect(rings).toBeLessThanOrEqual(6);
});

test("a window on a drag is placed within what screens have", async () => {
  const manager = client.bind(wl_data_device_manager);
  const source = client.create(manager, "create_data_source", []);
  const drag = client.create(client.bind(xdg_toplevel_drag_manager_v1), "get_xdg_toplevel_drag", [source]);
  const window = toplevel(surface());
  client.request(drag, "attach", [window, -20, 30]);
  expect((await compositor.next("xdg_toplevel_drag_v1", "attach")).args.slice(1)).toEqual([-20, 30]);
  client.request(drag, "attach", [window, 0x7fffffff, 0]);
  expect((await client.ended()).serverError).toMatchObject({ interface: "xdg_toplevel_drag_v1" });
});

describe("moments", () => {
  test("cross to the other clock, both ways", async () => {
    const mine = surface();
    const timer = client.create(client.bind(wp_commit_timing_manager_v1), "get_timer", [mine]);
    client.request(timer, "set_timestamp", [0, 5, 250]);
    expect((await compositor.next("wp_commit_timer_v1", "set_timestamp")).args).toEqual([0, 1005, 250]);
    const feedback = client.create(client.bind(wp_presentation), "feedback", [mine]);
    const { client: host, args } = await compositor.next("wp_presentation", "feedback");
    host.send(args[1] as number, "presented", [0, 1005, 250, 0, 0, 7, 1]);
    expect((await client.next(feedback, "presented")).args.slice(0, 3)).toEqual([0, 5, 250]);
  });

  test("of more than a second's nanoseconds are the app's mistake", async () => {
    const timer = client.create(client.bind(wp_commit_timing_manager_v1), "get_timer", [surface()]);
    client.request(timer, "set_timestamp", [0, 5, 1_000_000_000]);
    expect((await client.ended()).serverError).toMatchObject({ interface: "wp_commit_timer_v1", code: 0 });
  });
});

test("a security context has the engine's name, the app's, and the sandbox's", async () => {
  using sandboxed = new ScriptedCompositor([wp_security_context_manager_v1, wl_compositor]);
  const contextPath = join(sandboxed.runtimeDir, "context");
  const notices: string[] = [];
  const opening = openRoute({
    socketPath: sandboxed.socketPath,
    sandbox: "letters",
    contextPath,
    onNotice: (_severity, message) => notices.push(message),
  });
  const create = await sandboxed.next("wp_security_context_manager_v1", "create_listener");
  expect(create.fds).toHaveLength(2);
  for (const fd of create.fds) fd.close();
  const words = ["set_sandbox_engine", "set_app_id", "set_instance_id", "commit"];
  const said = await Promise.all(words.map((word) => sandboxed.next("wp_security_context_v1", word)));
  expect(said.map(({ args }) => args)).toEqual([["io.github.vitrine"], ["vitrine.letters.app"], ["letters"], []]);
  const route = await opening;
  // This one has closed the socket it was given, so the straight way is taken, and said.
  expect(notices).toHaveLength(1);
  using direct = new WaylandClient(route.connect());
  await direct.roundtrip();
  expect(direct.global(wl_compositor.name)).toBeDefined();
  route.close();
});
