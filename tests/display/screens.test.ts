/**
 * Screens through the display: several, with scales of their own, changing, coming and going; as a native app sees them.
 * Once forwarded, and once on a compositor that hides zxdg_output from the sandbox's connections.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type CompositorRoute, directRoute, openRoute } from "../../src/host/display/compositor-route.ts";
import { unknownLayout } from "../../src/host/display/output-layout.ts";
import { wp_security_context_manager_v1 } from "../../src/wayland/generated/security-context-v1.ts";
import { wl_output } from "../../src/wayland/generated/wayland.ts";
import { zxdg_output_manager_v1 } from "../../src/wayland/generated/xdg-output-unstable-v1.ts";
import { wl_fixes } from "../../src/wayland/wl-fixes.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import type { NativeRoot } from "../support/native-root.ts";
import { Screens } from "../support/screens.ts";
import { TestApp } from "../support/test-app.ts";
import { WaylandClient } from "../support/wayland-client.ts";

setDefaultTimeout(60_000);
let root: NativeRoot;
let compositor: Compositor;
let input: VirtualInput;
let contexts = 0;

beforeAll(async () => {
  root = await openDesktops();
  compositor = await Compositor.start({ root, width: 1920, height: 1080 });
  input = await VirtualInput.create(compositor.socketPath);
}, DESKTOPS_DEADLINE_MS);
afterAll(async () => {
  input.close();
  await compositor.stop();
  root[Symbol.dispose]();
});

function contextRoute(): Promise<CompositorRoute> {
  contexts += 1;
  return openRoute({
    socketPath: compositor.socketPath,
    sandbox: "test",
    contextPath: join(compositor.runtimeDir, `context-${contexts}`),
    onNotice: (_severity, message) => {
      throw new Error(message);
    },
  });
}

/** What both are told at last is the same; returns it. */
async function agree(native: Screens, guest: Screens, count: number) {
  return await eventually("waiting for the same screens on both sides", 10_000, async () => {
    const [a, b] = [await native.update(), await guest.update()];
    return Object.keys(a).length === count && Bun.deepEquals(a, b) ? b : undefined;
  });
}

const SCALES = [
  ["1.25", 1536],
  ["1.5", 1280],
  ["2", 960],
  ["1", 1920],
] as const;

describe.each([
  ["straight", () => Promise.resolve(directRoute(compositor.socketPath))],
  ["through a security context", contextRoute],
] as const)("%s", (way, openWay) => {
  test("scales, places and turns change while an app runs; screens come and go", async () => {
    using loop = new DisplayLoop(compositor, "arena", { route: await openWay() });
    using native = await Screens.open(compositor.socketPath);
    using guest = await Screens.open(loop.socketPath);
    await agree(native, guest, 1);
    for (const [scale, width] of SCALES) {
      const done = guest.done;
      await compositor.swaymsg(`output HEADLESS-1 scale ${scale}`);
      const screens = await agree(native, guest, 1);
      expect(screens["HEADLESS-1"]?.["zxdg_output.logical_size"]?.[0]).toBe(width);
      expect(guest.done).toBeGreaterThan(done);
    }
    await compositor.swaymsg("create_output");
    const [extra = ""] = Object.keys(await agree(native, guest, 2)).filter((name) => name !== "HEADLESS-1");
    await compositor.swaymsg(`output ${extra} resolution 1600x1200 position 1920 100 scale 1.5 transform 90`);
    const turned = await eventually("waiting for the turn", 10_000, async () => {
      const now = await agree(native, guest, 2);
      return now[extra]?.["wl_output.geometry"]?.[2] === 0 ? undefined : now;
    });
    expect(turned[extra]?.["zxdg_output.logical_size"]).toEqual([800, 1066]);
    expect(turned[extra]?.["zxdg_output.logical_position"]).toEqual([1920, 100]);
    await compositor.swaymsg(`output ${extra} unplug`);
    await agree(native, guest, 1);
    expect(loop.notices).toEqual([]);
  });

  test("a window is told which screens it is on, also when one of them goes", async () => {
    using loop = new DisplayLoop(compositor, "arena", { route: await openWay() });
    await compositor.swaymsg("create_output");
    using app = await TestApp.open(loop.socketPath, `wanderer-${way}`);
    const outputs = [...app.client.globals.values()]
      .filter((global) => global.interface === wl_output.name)
      .map((global) => app.client.bindNamed(global.name, wl_output));
    const names = await Promise.all(outputs.map(async (output) => (await app.client.next(output, "name")).args[0]));
    const extra = String(names.find((name) => name !== "HEADLESS-1"));
    const now = new Set<unknown>();
    const nameOf = (id: unknown) => names[outputs.findIndex((output) => output.id === id)];
    app.surface.on("enter", ({ args }) => now.add(nameOf(args[0])));
    app.surface.on("leave", ({ args }) => now.delete(nameOf(args[0])));
    const isOn = (name: string) =>
      eventually(`waiting for the window to be on ${name}`, 10_000, async () => {
        await app.client.roundtrip();
        return now.has(name) || undefined;
      });
    await compositor.swaymsg(`[app_id=wanderer] move to output ${extra}`);
    await isOn(extra);
    await compositor.swaymsg(`output ${extra} unplug`);
    await isOn("HEADLESS-1");
    expect(loop.notices).toEqual([]);
  });
});

test("the compositor hides from the context what sandboxes shall not have", async () => {
  using route = disposable(await contextRoute());
  using hidden = new WaylandClient(route.connect());
  await hidden.roundtrip();
  expect(hidden.global(zxdg_output_manager_v1.name)).toBeUndefined();
  expect(hidden.global(wp_security_context_manager_v1.name)).toBeUndefined();
});

test("a layout that nobody knows is worked out from whole scales and turns", async () => {
  const route = { ...(await contextRoute()), layout: unknownLayout };
  using loop = new DisplayLoop(compositor, "arena", { route });
  using native = await Screens.open(compositor.socketPath);
  using guest = await Screens.open(loop.socketPath);
  for (const change of ["scale 2", "scale 2 transform 270", "scale 1 transform 180", "transform normal"]) {
    await compositor.swaymsg(`output HEADLESS-1 ${change}`);
    await agree(native, guest, 1);
  }
});

test("a compositor that forgets the context is reached all the same", async () => {
  const notices: string[] = [];
  const contextPath = join(compositor.runtimeDir, "forgotten");
  const { socketPath } = compositor;
  const onNotice = (_severity: string, message: string) => notices.push(message);
  using route = disposable(await openRoute({ socketPath, sandbox: "test", contextPath, onNotice }));
  await Bun.file(contextPath).delete();
  using client = new WaylandClient(route.connect());
  await client.roundtrip();
  expect(client.global(zxdg_output_manager_v1.name)).toBeDefined();
  expect(notices).toHaveLength(1);
});

test("a registry is destroyed, and nothing is heard of it again", async () => {
  using loop = new DisplayLoop(compositor, "arena");
  using client = await WaylandClient.connect(loop.socketPath);
  const fixes = client.bind(wl_fixes);
  const second = client.create(client.display, "get_registry", []);
  await client.roundtrip();
  client.request(fixes, "destroy_registry", [second]);
  await client.roundtrip();
  expect(second.alive).toBe(false);
  const count = () => [...client.globals.values()].filter((global) => global.interface === wl_output.name).length;
  await compositor.swaymsg("create_output");
  // An event for the registry that is gone would end the test client.
  await eventually("waiting for the new screen", 10_000, async () => {
    await client.roundtrip();
    return count() === 2 || undefined;
  });
  // Twice is once too often.
  client.request(fixes, "destroy_registry", [second]);
  expect((await client.ended()).serverError).toMatchObject({ code: 0 });
});

function disposable(route: CompositorRoute): CompositorRoute & Disposable {
  return { ...route, [Symbol.dispose]: () => route.close() };
}
