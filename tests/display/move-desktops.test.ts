/** Several desktops, old and new: their apps see the same on the stand-in as there, and go there. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { openRoute } from "../../src/host/display/compositor-route.ts";
import { connectUnix } from "../../src/sys/socket.ts";
import { wl_output, wl_seat, wl_shm } from "../../src/wayland/generated/wayland.ts";
import { xdg_toplevel_icon_manager_v1 } from "../../src/wayland/generated/xdg-toplevel-icon-v1.ts";
import { Compositor, type CompositorKind } from "../support/compositor.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import type { NativeRoot } from "../support/native-root.ts";
import { Waiting } from "../support/waiting.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow, solidBuffer } from "../support/window.ts";

setDefaultTimeout(60_000);
let root: NativeRoot;
beforeAll(async () => {
  root = await openDesktops();
}, DESKTOPS_DEADLINE_MS);
afterAll(() => root[Symbol.dispose]());

/** What an app sees of a compositor: interfaces, and what screens and seats say of themselves. */
async function seenBy(loop: DisplayLoop): Promise<unknown> {
  using client = await WaylandClient.connect(loop.socketPath);
  const said: unknown[] = [];
  for (const { name, interface: interfaceName } of client.globals.values()) {
    const table = [wl_output, wl_seat, wl_shm, xdg_toplevel_icon_manager_v1].find((one) => one.name === interfaceName);
    if (table === undefined) continue;
    const object = client.bindNamed(name, table);
    for (const event of table.events) object.on(event.name, ({ args }) => said.push([interfaceName, event.name, args]));
  }
  await client.roundtrip();
  return { globals: [...client.globals.values()].map(({ name: _name, ...global }) => global), said };
}

const DESKTOPS: readonly (readonly [kind: CompositorKind, age: "old" | "new"])[] = [
  ["sway", "old"],
  ["sway", "new"],
  ["mutter", "old"],
  ["mutter", "new"],
  ["weston", "old"],
  ["weston", "new"],
  ["kwin", "new"],
];

test.each(DESKTOPS)("%s (%s): apps see the same on the stand-in, and go on after the move", async (kind, age) => {
  await using compositor = await Compositor.start(age === "new" ? { kind, root } : { kind });
  const notices: string[] = [];
  const routeBy = (contextPath: string) =>
    openRoute({
      socketPath: compositor.socketPath,
      sandbox: "test",
      contextPath: join(compositor.runtimeDir, contextPath),
      onNotice: (_severity, message) => notices.push(message),
    });
  using straight = new DisplayLoop(compositor, "arena", { route: await routeBy("straight") });
  using waiting = await Waiting.open(compositor, "arena", {}, await routeBy("context"));
  expect(await seenBy(waiting.loop)).toEqual(await seenBy(straight));
  using client = await WaylandClient.connect(waiting.loop.socketPath);
  const outputs = [...client.globals.values()].filter((global) => global.interface === wl_output.name);
  for (const { name } of outputs) client.bindNamed(name, wl_output);
  const window = await openWindow(client, { width: 200, height: 100, appId: "app", colour: 0x00ff00 });
  await client.next(window.surface, "enter");
  await waiting.shown(1);
  const drawn = async () => {
    const frame = client.create(window.surface, "frame", []);
    client.request(window.surface, "attach", [solidBuffer(client, 200, 100, 0x00ff00), 0, 0]);
    client.request(window.surface, "damage", [0, 0, 200, 100]);
    client.request(window.surface, "commit", []);
    await client.next(frame, "done");
  };
  await drawn();
  waiting.move();
  await client.next(window.surface, "leave");
  await client.next(window.surface, "enter");
  await drawn();
  await waiting.shown(1);
  await waiting.left();
  if (kind === "sway")
    expect((await compositor.sway.waitForWindow("vitrine.test.app")).app_id).toBe("vitrine.test.app");
  if (kind === "sway" && age === "new") {
    // The way there is through the security context, which hides this.
    using direct = new WaylandClient(connectUnix(join(compositor.runtimeDir, "context")));
    await direct.roundtrip();
    expect(direct.global("zwlr_screencopy_manager_v1")).toBeUndefined();
  }
  expect([...notices, ...waiting.loop.notices]).toEqual([]);
});
