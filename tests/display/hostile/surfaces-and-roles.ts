/** Roles taken twice or given away, parents that are dead or go in circles, geometry that no screen has. */
import { expect } from "bun:test";
import { MAX_SUBSURFACE_DEPTH } from "../../../src/host/display/limits.ts";
import { zxdg_exporter_v2 } from "../../../src/wayland/generated/xdg-foreign-unstable-v2.ts";
import type { WaylandClient } from "../../support/wayland-client.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import { attachPixels, type TestWindow } from "../../support/window.ts";
import { type Attack, byBoth, clipped, displayError, error, IGNORED, type Scene } from "./attack.ts";

const MAX_INT = 0x7fff_ffff;

function subsurface(scene: Scene, surface: ClientObject, parent: ClientObject): ClientObject {
  return scene.client.create(scene.bind("wl_subcompositor"), "get_subsurface", [surface, parent]);
}

function xdgSurface(scene: Scene, surface: ClientObject): ClientObject {
  return scene.client.create(scene.bind("xdg_wm_base"), "get_xdg_surface", [surface]);
}

/** Everything that can be asked of a toplevel. */
function askAll(scene: Scene, toplevel: ClientObject): void {
  const { client } = scene;
  const seat = scene.bind("wl_seat");
  client.request(toplevel, "set_parent", [null]);
  client.request(toplevel, "set_title", ["after the end"]);
  client.request(toplevel, "set_app_id", ["after"]);
  client.request(toplevel, "show_window_menu", [seat, 1, 0, 0]);
  client.request(toplevel, "move", [seat, 1]);
  client.request(toplevel, "resize", [seat, 1, 0]);
  client.request(toplevel, "set_max_size", [10, 10]);
  client.request(toplevel, "set_min_size", [1, 1]);
  for (const name of ["set_maximized", "unset_maximized", "unset_fullscreen", "set_minimized"]) {
    client.request(toplevel, name, []);
  }
  client.request(toplevel, "set_fullscreen", [null]);
  client.request(toplevel, "destroy", []);
}

/** One window exported, and imported in the other connection: what set_parent_of makes it the parent of is its own. */
async function importWindow(scene: Scene, from: WaylandClient, toplevel: TestWindow): Promise<ClientObject> {
  const exported = from.create(from.bind(zxdg_exporter_v2), "export_toplevel", [toplevel.surface]);
  const { args } = await from.next(exported, "handle");
  return scene.client.create(scene.bind("zxdg_importer_v2"), "import_toplevel", [args[0] as string]);
}

export const SURFACES_AND_ROLES: readonly Attack[] = [
  byBoth(
    "a window that is its own parent by its handle",
    error("xdg_toplevel", "invalid_parent"),
    async (scene) => {
      const window = await scene.window();
      const imported = await importWindow(scene, scene.client, window);
      scene.client.request(imported, "set_parent_of", [window.surface]);
    },
    { needs: ["zxdg_exporter_v2"] },
  ),
  byBoth("a subsurface restacked after its parent has gone", IGNORED, (scene) => {
    const [parent, child] = [scene.surface(), scene.surface()];
    const role = subsurface(scene, child, parent);
    scene.client.request(parent, "destroy", []);
    for (const request of ["place_above", "place_below"]) scene.client.request(role, request, [child]);
  }),
  byBoth(
    "windows exported and made parents that go without having been shown",
    IGNORED,
    async (scene) => {
      const dialog = scene.toplevel();
      const hidden = scene.toplevel();
      scene.client.request(dialog.toplevel, "set_parent", [hidden.toplevel]);
      await importWindow(scene, scene.client, hidden);
      for (const gone of [hidden.toplevel, hidden.xdgSurface, hidden.surface])
        scene.client.request(gone, "destroy", []);
    },
    { needs: ["zxdg_exporter_v2"] },
  ),
  byBoth("content before the first configure", error("xdg_surface", "unconfigured_buffer"), (scene) => {
    const { surface } = scene.toplevel();
    attachPixels(scene.client, surface, 64, 64);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("an acknowledgement of a configure that never was", IGNORED, async (scene) => {
    const { xdgSurface: window } = await scene.window();
    scene.client.request(window, "ack_configure", [0xdead]);
  }),
  byBoth("one configure acknowledged twice", IGNORED, async (scene) => {
    const { surface, xdgSurface: window } = scene.toplevel();
    scene.client.request(surface, "commit", []);
    const { args } = await scene.client.next(window, "configure");
    scene.client.request(window, "ack_configure", args);
    scene.client.request(window, "ack_configure", args);
  }),
  byBoth("two xdg_surfaces for one surface", error("xdg_wm_base", "role"), (scene) => {
    const { surface } = scene.toplevel();
    xdgSurface(scene, surface);
  }),
  byBoth("a window made twice", error("xdg_surface", "already_constructed"), (scene) => {
    const { xdgSurface: window } = scene.toplevel();
    scene.client.create(window, "get_toplevel", []);
  }),
  byBoth("a request to a window surface without a role", error("xdg_surface", "not_constructed"), (scene) => {
    const window = xdgSurface(scene, scene.surface());
    scene.client.request(window, "set_window_geometry", [0, 0, 10, 10]);
  }),
  byBoth("a window whose surface was drawn on before", error("xdg_wm_base", "invalid_surface_state"), (scene) => {
    const surface = scene.surface();
    attachPixels(scene.client, surface, 64, 64);
    scene.client.request(surface, "commit", []);
    xdgSurface(scene, surface);
  }),
  byBoth("a subsurface that becomes a window", error("xdg_wm_base", "role"), async (scene) => {
    const { surface: parent } = await scene.window();
    const child = scene.surface();
    subsurface(scene, child, parent);
    xdgSurface(scene, child);
  }),
  byBoth("a window that becomes a subsurface", error("wl_subcompositor", "bad_surface"), async (scene) => {
    const { surface } = await scene.window();
    const { surface: other } = await scene.window();
    subsurface(scene, surface, other);
  }),
  byBoth("a surface that is its own subsurface", error("wl_subcompositor", "bad_surface"), (scene) => {
    const surface = scene.surface();
    subsurface(scene, surface, surface);
  }),
  byBoth("subsurfaces in a circle", error("wl_subcompositor", "bad_surface"), (scene) => {
    const [first, second, third] = [scene.surface(), scene.surface(), scene.surface()];
    subsurface(scene, second, first);
    subsurface(scene, third, second);
    subsurface(scene, first, third);
  }),
  byBoth("a subsurface made twice", error("wl_subcompositor", "bad_surface"), (scene) => {
    const [parent, child] = [scene.surface(), scene.surface()];
    subsurface(scene, child, parent);
    subsurface(scene, child, parent);
  }),
  byBoth("a subsurface of a dead parent", displayError("wl_display", "invalid_object"), (scene) => {
    const [parent, child] = [scene.surface(), scene.surface()];
    scene.client.request(parent, "destroy", []);
    subsurface(scene, child, parent);
  }),
  byBoth("a parent destroyed under its subsurfaces, which go on", IGNORED, (scene) => {
    const { client } = scene;
    const [parent, child, sibling] = [scene.surface(), scene.surface(), scene.surface()];
    const role = subsurface(scene, child, parent);
    subsurface(scene, sibling, parent);
    client.request(parent, "destroy", []);
    client.request(role, "set_position", [5, 5]);
    client.request(role, "set_desync", []);
    attachPixels(client, child, 16, 16);
    client.request(child, "commit", []);
    client.request(role, "destroy", []);
  }),
  byBoth("a subsurface above itself", error("wl_subsurface", "bad_surface"), (scene) => {
    const [parent, child] = [scene.surface(), scene.surface()];
    scene.client.request(subsurface(scene, child, parent), "place_above", [child]);
  }),
  byBoth("a subsurface below a stranger", error("wl_subsurface", "bad_surface"), (scene) => {
    const [parent, child, stranger] = [scene.surface(), scene.surface(), scene.surface()];
    scene.client.request(subsurface(scene, child, parent), "place_below", [stranger]);
  }),
  byBoth("a subsurface beyond all numbers", IGNORED, async (scene) => {
    const { surface: parent } = await scene.window();
    const child = scene.surface();
    const role = subsurface(scene, child, parent);
    for (const [x, y] of [
      [MAX_INT, MAX_INT],
      [-MAX_INT - 1, -MAX_INT - 1],
      [0, MAX_INT],
    ] as const) {
      scene.client.request(role, "set_position", [x, y]);
      attachPixels(scene.client, child, 16, 16);
      scene.client.request(child, "commit", []);
      scene.client.request(parent, "commit", []);
    }
  }),
  byBoth(
    "a tower of subsurfaces as high as allowed, upside down, all of them on the screen",
    IGNORED,
    async (scene) => {
      const { surface } = await scene.window();
      const subcompositor = scene.bind("wl_subcompositor");
      const tower = [surface];
      for (let parent = surface; tower.length < MAX_SUBSURFACE_DEPTH; ) {
        const child = scene.surface();
        const role = scene.client.create(subcompositor, "get_subsurface", [child, parent]);
        scene.client.request(role, "place_below", [parent]);
        tower.push(child);
        parent = child;
      }
      for (let round = 0; round < 3; round++) {
        for (const floor of [...tower].reverse()) {
          attachPixels(scene.client, floor, 32, 32);
          scene.client.request(floor, "damage", [0, 0, 32, 32]);
          scene.client.request(floor, "commit", []);
        }
        await scene.client.roundtrip();
      }
    },
  ),
  byBoth("a tower of a thousand subsurfaces", displayError("wl_subcompositor", "no_memory"), async (scene) => {
    const { surface } = await scene.window();
    const [compositor, subcompositor] = [scene.bind("wl_compositor"), scene.bind("wl_subcompositor")];
    let parent = surface;
    for (let depth = 0; depth < 1000; depth++) {
      const child = scene.client.create(compositor, "create_surface", []);
      scene.client.create(subcompositor, "get_subsurface", [child, parent]);
      scene.client.request(child, "commit", []);
      parent = child;
    }
    scene.client.request(surface, "commit", []);
  }),
  byBoth(
    "a tower of a thousand subsurfaces, built from above",
    displayError("wl_subcompositor", "no_memory"),
    (scene) => {
      const [compositor, subcompositor] = [scene.bind("wl_compositor"), scene.bind("wl_subcompositor")];
      let child = scene.surface();
      for (let depth = 0; depth < 1000; depth++) {
        const parent = scene.client.create(compositor, "create_surface", []);
        scene.client.create(subcompositor, "get_subsurface", [child, parent]);
        child = parent;
      }
    },
  ),
  byBoth("a shell destroyed under its windows", error("xdg_wm_base", "defunct_surfaces"), (scene) => {
    const shell = scene.bind("xdg_wm_base");
    scene.client.create(shell, "get_xdg_surface", [scene.surface()]);
    scene.client.request(shell, "destroy", []);
  }),
  byBoth(
    "a window's surface destroyed before its role",
    error("wl_surface", "defunct_role_object"),
    async (scene) => {
      const { surface, xdgSurface: window, toplevel } = await scene.window();
      scene.client.request(surface, "destroy", []);
      askAll(scene, toplevel);
      scene.client.request(window, "destroy", []);
    },
    { needs: ["wl_seat"] },
  ),
  byBoth(
    "a window surface destroyed before its window",
    error("xdg_surface", "defunct_role_object"),
    async (scene) => {
      const { xdgSurface: window, toplevel } = await scene.window();
      scene.client.request(window, "destroy", []);
      askAll(scene, toplevel);
    },
    { needs: ["wl_seat"] },
  ),
  byBoth("a parent window destroyed under its dialog", IGNORED, async (scene) => {
    const parent = await scene.window();
    const dialog = await scene.window();
    scene.client.request(dialog.toplevel, "set_parent", [parent.toplevel]);
    scene.client.request(parent.toplevel, "destroy", []);
    scene.client.request(parent.xdgSurface, "destroy", []);
    scene.client.request(parent.surface, "destroy", []);
    scene.client.request(dialog.surface, "commit", []);
  }),
  byBoth("a dialog of a dead window", displayError("wl_display", "invalid_object"), async (scene) => {
    const parent = await scene.window();
    const dialog = await scene.window();
    scene.client.request(parent.toplevel, "destroy", []);
    scene.client.request(dialog.toplevel, "set_parent", [parent.toplevel]);
  }),
  byBoth("a window that is its own parent", error("xdg_toplevel", "invalid_parent"), async (scene) => {
    const { toplevel } = await scene.window();
    scene.client.request(toplevel, "set_parent", [toplevel]);
  }),
  byBoth("windows that are each other's parents", error("xdg_toplevel", "invalid_parent"), async (scene) => {
    const [first, second, third] = [await scene.window(), await scene.window(), await scene.window()];
    scene.client.request(second.toplevel, "set_parent", [first.toplevel]);
    scene.client.request(third.toplevel, "set_parent", [second.toplevel]);
    scene.client.request(first.toplevel, "set_parent", [third.toplevel]);
  }),
  byBoth(
    "windows shown and hidden without end",
    clipped(({ stage }) => expect(stage.leftovers.windows).toBe(0)),
    async (scene) => {
      const { client } = scene;
      const surface = scene.surface();
      const shell = scene.bind("xdg_wm_base");
      for (let count = 0; count < 20; count++) {
        const window = client.create(shell, "get_xdg_surface", [surface]);
        const toplevel = client.create(window, "get_toplevel", []);
        client.request(surface, "commit", []);
        const { args } = await client.next(window, "configure");
        client.request(window, "ack_configure", args);
        attachPixels(client, surface, 32, 32);
        client.request(surface, "commit", []);
        client.request(surface, "attach", [null, 0, 0]);
        client.request(surface, "commit", []);
        client.request(toplevel, "destroy", []);
        client.request(window, "destroy", []);
      }
    },
  ),
];
