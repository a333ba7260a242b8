/** Who draws title bars, in both protocols in which apps speak of it. The compositor's part is played by the test. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { org_kde_kwin_server_decoration_manager } from "../../src/wayland/generated/server-decoration.ts";
import { wl_compositor } from "../../src/wayland/generated/wayland.ts";
import { zxdg_decoration_manager_v1 } from "../../src/wayland/generated/xdg-decoration-unstable-v1.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { ScriptedCompositor } from "../support/scripted-compositor.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import type { ClientObject } from "../support/wayland-object.ts";

setDefaultTimeout(30_000);
/** The same numbers in both protocols. */
const [CLIENT, SERVER] = [1, 2];
const toClose: Disposable[] = [];
afterEach(() => {
  for (const thing of toClose.splice(0).reverse()) thing[Symbol.dispose]();
});

/** A window without content on a compositor that draws title bars, or one that does not. */
async function openWindow(draws: boolean) {
  const compositor = new ScriptedCompositor([xdg_wm_base, ...(draws ? [zxdg_decoration_manager_v1] : [])]);
  const loop = new DisplayLoop(compositor, "stream");
  const client = await WaylandClient.connect(loop.socketPath);
  toClose.push(compositor, loop, client);
  const surface = client.create(client.bind(wl_compositor), "create_surface", []);
  const xdgSurface = client.create(client.bind(xdg_wm_base), "get_xdg_surface", [surface]);
  return { compositor, loop, client, surface, toplevel: client.create(xdgSurface, "get_toplevel", []) };
}
type Scene = Awaited<ReturnType<typeof openWindow>>;

interface Protocol {
  readonly name: string;
  readonly make: (scene: Scene) => ClientObject;
  readonly event: string;
  readonly request: string;
  readonly destroy: string;
  /** What an app hears that asks for its own title bar, for one of the frame's, and for its own, on a window that has one. */
  readonly answers: readonly number[];
}

const PROTOCOLS: readonly Protocol[] = [
  {
    name: "xdg-decoration",
    make: ({ client, toplevel }) =>
      client.create(client.bind(zxdg_decoration_manager_v1), "get_toplevel_decoration", [toplevel]),
    event: "configure",
    request: "set_mode",
    destroy: "destroy",
    // The app need not draw one.
    answers: [SERVER, SERVER, SERVER],
  },
  {
    name: "its older twin",
    make: ({ client, surface }) =>
      client.create(client.bind(org_kde_kwin_server_decoration_manager), "create", [surface]),
    event: "mode",
    request: "request_mode",
    destroy: "release",
    // GTK 3 asks for ever when it is told otherwise than it draws.
    answers: [CLIENT, SERVER, CLIENT],
  },
];

test.each([...PROTOCOLS])("$name: a compositor that draws title bars does as the app wishes", async (protocol) => {
  const scene = await openWindow(true);
  const { client, compositor } = scene;
  const decoration = protocol.make(scene);
  const told = async () => (await client.next(decoration, protocol.event)).args[0];
  const asked = async () => (await compositor.next("zxdg_toplevel_decoration_v1", "set_mode")).args[0];
  expect([await told(), await asked()]).toEqual([SERVER, SERVER]);
  for (const mode of [CLIENT, SERVER, CLIENT]) {
    client.request(decoration, protocol.request, [mode]);
    expect([await told(), await asked()]).toEqual([mode, mode]);
  }
  client.request(decoration, protocol.request, [SERVER]);
  expect(await asked()).toBe(SERVER);
  client.request(decoration, protocol.destroy, []);
  expect(await asked()).toBe(CLIENT);
  await client.roundtrip();
  expect(scene.loop.notices).toEqual([]);
});

test.each([...PROTOCOLS])(
  "$name: where the frame has a title bar, the app hears what ends its asking",
  async (protocol) => {
    const scene = await openWindow(false);
    const { client } = scene;
    const decoration = protocol.make(scene);
    const told: unknown[] = [(await client.next(decoration, protocol.event)).args[0]];
    for (const mode of [CLIENT, SERVER, CLIENT]) {
      client.request(decoration, protocol.request, [mode]);
      told.push((await client.next(decoration, protocol.event)).args[0]);
    }
    expect(told).toEqual([SERVER, ...protocol.answers]);
    await client.roundtrip();
    expect(scene.loop.notices).toEqual([]);
  },
);
