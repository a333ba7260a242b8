/** Makes the attacker: its connection, and the short ways to what attacks are made of. */
import { encode } from "../../../src/wayland/message-writer.ts";
import { messageByName } from "../../../src/wayland/types.ts";
import type { Stage } from "../../support/display-stage.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import { openWindow, type TestWindow, type WindowOptions } from "../../support/window.ts";
import { type Attacker, type Scene, tableOf } from "./attack.ts";

/** Later versions forbid wl_surface.attach with an offset, which some attacks are made of. */
const SURFACE_VERSION = 4;

/** Connects an attacker; everything it has kept is closed with the scene. */
export async function openScene(stage: Stage, by: Attacker): Promise<Scene & Disposable> {
  const rig = stage.rigs[by === "app" ? "guest" : by];
  const { client, number } =
    by === "app" ? { client: await WaylandClient.connect(stage.loop.socketPath), number: 0 } : await rig.connect();
  const kept = new DisposableStack();
  kept.use(client);
  const bind = (name: string, version?: number) => client.bind(tableOf(name), version);
  const surface = () => client.create(bind("wl_compositor", SURFACE_VERSION), "create_surface", []);
  return {
    stage,
    by,
    client,
    number,
    rig,
    keep: (thing) => kept.use(thing),
    bind,
    surface,
    newId: (name) => client.newObject(tableOf(name), 1).id,
    toplevel: (): TestWindow => {
      const made = surface();
      const xdgSurface = client.create(bind("xdg_wm_base"), "get_xdg_surface", [made]);
      return { surface: made, xdgSurface, toplevel: client.create(xdgSurface, "get_toplevel", []) };
    },
    window: (options: Partial<WindowOptions> = {}) =>
      openWindow(client, { width: 64, height: 64, appId: "attacker", ...options }),
    send: (id, interfaceName, name, args) => {
      const { opcode, message } = messageByName(tableOf(interfaceName), "requests", name);
      client.sendRaw(encode(id, opcode, message, args));
    },
    raw: (words, bytes = new Uint8Array(0)) => {
      client.sendRaw(Buffer.concat([new Uint8Array(new Uint32Array(words).buffer), bytes]));
    },
    link: (name, args) => {
      if (client.link === undefined) throw new TypeError("only a guest half has the link");
      client.request(client.link, name, args);
    },
    [Symbol.dispose]: () => kept.dispose(),
  };
}
