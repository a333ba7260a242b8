/** Binding what is not offered, and ids: out of range, in use, dead, resurrected, somebody else's. */
import { expect } from "bun:test";
import { relayRegistry } from "../../../src/host/display/allow-list.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import { type Attack, byBoth, byGuest, clipped, displayError, error, IGNORED, type Scene } from "./attack.ts";

const REGISTRY = 2;
const NO_SUCH_NAME = 9999;
const CLIENT_ID_MAX = 0xfeff_ffff;
const SERVER_ID_MIN = 0xff00_0000;

function bind(
  scene: Scene,
  name: number,
  interfaceName: string,
  version: number,
  id = scene.newId("wl_callback"),
): void {
  scene.send(REGISTRY, "wl_registry", "bind", [name, { interface: interfaceName, version, id }]);
}

const nameOf = (scene: Scene, interfaceName: string) => scene.client.global(interfaceName)?.name ?? NO_SUCH_NAME;
const sync = (scene: Scene, id: number) => scene.send(1, "wl_display", "sync", [id]);

const REFUSED_BIND = displayError("wl_registry", "invalid_object");
const BAD_ID = displayError("wl_display", "invalid_method");
const NO_OBJECT = displayError("wl_display", "invalid_object");

/** What no guest ever sees, whatever the compositor has; two names look like it and are harmless. */
const FORBIDDEN =
  /screencopy|capture|data_control|layer_shell|virtual|input_method|foreign_toplevel|export_dmabuf|gamma|output_manager_v1$|output_power|session|security|idle_notif|kwin_idle|input_inhibit_manager/;
const HARMLESS = new Set(["zxdg_output_manager_v1", "zwp_keyboard_shortcuts_inhibit_manager_v1"]);

async function onlyAllowedGlobals({ stage, client }: Scene): Promise<void> {
  using direct = await WaylandClient.connect(stage.compositor.socketPath);
  const seen = [...client.globals.values()].filter((global) => !HARMLESS.has(global.interface));
  expect(seen.filter((global) => FORBIDDEN.test(global.interface))).toEqual([]);
  expect(seen.map((global) => global.interface)).toContain("xdg_wm_base");
  // No gaps tell of those that are hidden.
  expect([...client.globals.keys()]).toEqual(Array.from(client.globals.keys(), (_, index) => index + 1));
  // No version is above the compositor's, save where the host half answers itself.
  const relayed = seen.filter((global) => relayRegistry.globals.get(global.interface)?.answered === undefined);
  expect(relayed.filter((global) => global.version > (direct.global(global.interface)?.version ?? 0))).toEqual([]);
}

export const REGISTRY_AND_IDS: readonly Attack[] = [
  byBoth("a look at all that is offered", clipped(onlyAllowedGlobals), () => {}),
  byBoth("a bind of a name that does not exist", REFUSED_BIND, (scene) => bind(scene, NO_SUCH_NAME, "wl_seat", 1)),
  byBoth("a bind of name 0", REFUSED_BIND, (scene) => bind(scene, 0, "wl_compositor", 1)),
  byBoth("a bind of another interface than the name has", REFUSED_BIND, (scene) =>
    bind(scene, nameOf(scene, "wl_compositor"), "wl_shm", 1),
  ),
  byBoth("a bind of a forbidden interface under an allowed name", REFUSED_BIND, (scene) =>
    bind(scene, nameOf(scene, "wl_compositor"), "zwlr_layer_shell_v1", 1),
  ),
  byBoth("a bind of screen capture by every name there may be", REFUSED_BIND, (scene) => {
    for (let name = 1; name <= 100; name++) bind(scene, name, "zwlr_screencopy_manager_v1", 1);
  }),
  byBoth("a bind of an interface with an empty name", REFUSED_BIND, (scene) => bind(scene, 1, "", 1)),
  byBoth("a bind of an interface named as a path, with escapes", REFUSED_BIND, (scene) =>
    bind(scene, 1, "../../etc\u001b[31m\u202e", 1),
  ),
  byBoth("a bind of version 0", REFUSED_BIND, (scene) => bind(scene, nameOf(scene, "wl_shm"), "wl_shm", 0)),
  byBoth("a bind above the offered version", REFUSED_BIND, (scene) =>
    bind(scene, nameOf(scene, "wl_shm"), "wl_shm", 99),
  ),
  byBoth("a bind of version 4294967295", REFUSED_BIND, (scene) =>
    bind(scene, nameOf(scene, "wl_seat"), "wl_seat", 0xffff_ffff),
  ),
  byBoth("a bind onto an id in use", BAD_ID, (scene) => bind(scene, nameOf(scene, "wl_shm"), "wl_shm", 1, REGISTRY)),
  byBoth("one global bound a thousand times", IGNORED, (scene) => {
    for (let count = 0; count < 1000; count++) scene.bind("wl_compositor");
  }),
  byBoth("a new object under the id of the display", BAD_ID, (scene) => sync(scene, 1)),
  byBoth("a new object under an id in use", BAD_ID, (scene) => scene.send(1, "wl_display", "get_registry", [REGISTRY])),
  byBoth("a new object under id 0", BAD_ID, (scene) => scene.raw([1, (12 << 16) | 0, 0])),
  byBoth("a new object under the first id of the server's range", BAD_ID, (scene) => sync(scene, SERVER_ID_MIN)),
  byBoth("a new object under the last id there is", BAD_ID, (scene) => sync(scene, 0xffff_ffff)),
  byBoth("a new object under the last id of the client's range, far from the others", IGNORED, (scene) =>
    scene.send(scene.bind("wl_compositor").id, "wl_compositor", "create_region", [CLIENT_ID_MAX]),
  ),
  byBoth("an id used again before it is free", BAD_ID, (scene) => {
    const surface = scene.surface();
    scene.client.request(surface, "destroy", []);
    sync(scene, surface.id);
  }),
  byBoth("an id used again once it is free, as another interface", IGNORED, async (scene) => {
    const surface = scene.surface();
    scene.client.request(surface, "destroy", []);
    await scene.client.roundtrip();
    const pool = Array.from({ length: 8 }, () => scene.client.create(scene.bind("wl_compositor"), "create_region", []));
    for (const region of pool) scene.client.request(region, "destroy", []);
  }),
  byBoth("a request to an object that never was", NO_OBJECT, (scene) => scene.send(7777, "wl_surface", "commit", [])),
  byBoth("a request to a destroyed object", NO_OBJECT, async (scene) => {
    const surface = scene.surface();
    scene.client.request(surface, "destroy", []);
    await scene.client.roundtrip();
    scene.client.request(surface, "commit", []);
  }),
  byGuest("a request to an object destroyed a moment ago", NO_OBJECT, (scene) => {
    const surface = scene.surface();
    scene.client.request(surface, "destroy", []);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("a request to an object of the server's range that never was", NO_OBJECT, (scene) =>
    scene.send(SERVER_ID_MIN, "wl_data_offer", "destroy", []),
  ),
  byBoth("a request to an object of another connection", NO_OBJECT, async (scene) => {
    const other = scene.keep(
      scene.by === "app"
        ? await WaylandClient.connect(scene.stage.loop.socketPath)
        : (await scene.rig.connect()).client,
    );
    for (let count = 0; count < 50; count++) other.request(other.display, "sync", []);
    const foreign = other.newObject(scene.client.registry.table, 1);
    scene.send(foreign.id, "wl_surface", "commit", []);
  }),
  byBoth("an argument of another interface", NO_OBJECT, (scene) => {
    const surface = scene.surface();
    scene.send(surface.id, "wl_surface", "set_opaque_region", [surface.id]);
  }),
  byBoth("a destroyed argument", NO_OBJECT, (scene) => {
    const surface = scene.surface();
    const region = scene.client.create(scene.bind("wl_compositor"), "create_region", []);
    scene.client.request(region, "destroy", []);
    scene.client.request(surface, "set_opaque_region", [region]);
  }),
  byBoth("an argument that only the host half knows", NO_OBJECT, (scene) =>
    scene.send(scene.bind("xdg_wm_base").id, "xdg_wm_base", "get_xdg_surface", [scene.newId("xdg_surface"), REGISTRY]),
  ),
  byBoth("no argument where one must be", BAD_ID, (scene) =>
    scene.raw([scene.bind("xdg_wm_base").id, (16 << 16) | 2, 900, 0]),
  ),
  byBoth("an unknown request of wl_display", displayError("wl_display", "invalid_method"), (scene) =>
    scene.raw([1, (8 << 16) | 2]),
  ),
  byBoth("the opcode of an event, sent as a request", displayError("wl_callback", "invalid_method"), (scene) => {
    const callback = scene.client.create(scene.surface(), "frame", []);
    scene.raw([callback.id, (12 << 16) | 0, 1]);
  }),
  byBoth("opcode 65535", displayError("wl_surface", "invalid_method"), (scene) =>
    scene.raw([scene.surface().id, (8 << 16) | 0xffff]),
  ),
  byBoth("a request of a later version than was bound", displayError("wl_surface", "invalid_method"), (scene) => {
    const surface = scene.client.create(scene.bind("wl_compositor", 1), "create_surface", []);
    scene.client.request(surface, "damage_buffer", [0, 0, 1, 1]);
  }),
  byBoth("the release of an output of version 1", displayError("wl_output", "invalid_method"), (scene) =>
    scene.client.request(scene.bind("wl_output", 1), "release", []),
  ),
  byGuest("a pool of shared memory asked of the host half", displayError("wl_shm", "invalid_method"), (scene) =>
    scene.send(scene.bind("wl_shm").id, "wl_shm", "create_pool", [scene.newId("wl_shm_pool"), 0, 4096]),
  ),
  byBoth(
    "destruction of all globals at once",
    error("xdg_wm_base", "defunct_surfaces"),
    async (scene) => {
      const { client } = scene;
      const shell = scene.bind("xdg_wm_base");
      client.create(shell, "get_xdg_surface", [scene.surface()]);
      client.request(scene.bind("wl_seat"), "release", []);
      client.request(scene.bind("wl_output"), "release", []);
      client.request(shell, "destroy", []);
    },
    { needs: ["wl_seat"] },
  ),
];
