/** Popups without parents, grabs without input, positioners that point nowhere. */
import { MAX_POPUP_DEPTH } from "../../../src/host/display/limits.ts";
import type { ClientArgument } from "../../support/wayland-client.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import { attachPixels } from "../../support/window.ts";
import { type Attack, byBoth, displayError, error, IGNORED, type Scene } from "./attack.ts";

const MAX_INT = 0x7fff_ffff;
const BEYOND = displayError("xdg_positioner", "invalid_method");
const BAD_INPUT = error("xdg_positioner", "invalid_input");
const ALL_ADJUSTMENTS = 63;

interface Popup {
  readonly surface: ClientObject;
  readonly xdgSurface: ClientObject;
  readonly popup: ClientObject;
}

type Setting = readonly [request: string, args: readonly ClientArgument[]];
const COMPLETE: readonly Setting[] = [
  ["set_size", [20, 20]],
  ["set_anchor_rect", [0, 0, 10, 10]],
];

function positioner(scene: Scene, settings: readonly Setting[] = COMPLETE): ClientObject {
  const made = scene.client.create(scene.bind("xdg_wm_base"), "create_positioner", []);
  for (const [name, args] of settings) scene.client.request(made, name, args);
  return made;
}

function popup(scene: Scene, parent: ClientObject | null, settings = COMPLETE): Popup {
  const surface = scene.surface();
  const xdgSurface = scene.client.create(scene.bind("xdg_wm_base"), "get_xdg_surface", [surface]);
  const made = scene.client.create(xdgSurface, "get_popup", [parent, positioner(scene, settings)]);
  return { surface, xdgSurface, popup: made };
}

/** Commits until the popup is on the screen. */
async function show({ surface, xdgSurface }: Popup, scene: Scene, side = 20): Promise<void> {
  scene.client.request(surface, "commit", []);
  const { args } = await scene.client.next(xdgSurface, "configure");
  scene.client.request(xdgSurface, "ack_configure", args);
  attachPixels(scene.client, surface, side, side);
  scene.client.request(surface, "commit", []);
}

const badPositioner =
  (...setting: Setting) =>
  (scene: Scene) =>
    void positioner(scene, [setting]);

export const POPUPS_AND_GRABS: readonly Attack[] = [
  byBoth("a popup that becomes a window", error("xdg_wm_base", "role"), async (scene) => {
    const { xdgSurface } = await scene.window();
    const made = popup(scene, xdgSurface);
    scene.client.request(made.popup, "destroy", []);
    scene.client.create(made.xdgSurface, "get_toplevel", []);
  }),
  byBoth("popups that go without ever having been shown", IGNORED, async (scene) => {
    const { xdgSurface } = await scene.window();
    for (let count = 0; count < 10; count++) {
      const made = popup(scene, xdgSurface);
      scene.client.request(made.popup, "destroy", []);
      scene.client.request(made.xdgSurface, "destroy", []);
      scene.client.request(made.surface, "destroy", []);
    }
    popup(scene, xdgSurface);
  }),
  byBoth("a popup without a parent", error("xdg_wm_base", "invalid_popup_parent"), (scene) => {
    const { surface } = popup(scene, null);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("a popup that is its own parent", error("xdg_wm_base", "invalid_popup_parent"), (scene) => {
    const xdgSurface = scene.client.create(scene.bind("xdg_wm_base"), "get_xdg_surface", [scene.surface()]);
    scene.client.create(xdgSurface, "get_popup", [xdgSurface, positioner(scene)]);
  }),
  byBoth("a popup whose parent has no role", error("xdg_wm_base", "invalid_popup_parent"), (scene) => {
    const parent = scene.client.create(scene.bind("xdg_wm_base"), "get_xdg_surface", [scene.surface()]);
    popup(scene, parent);
  }),
  byBoth("a popup of a dead parent", displayError("wl_display", "invalid_object"), async (scene) => {
    const { toplevel, xdgSurface } = await scene.window();
    scene.client.request(toplevel, "destroy", []);
    scene.client.request(xdgSurface, "destroy", []);
    popup(scene, xdgSurface);
  }),
  byBoth("a popup of a window that shows nothing", IGNORED, async (scene) => {
    const { xdgSurface } = scene.toplevel();
    popup(scene, xdgSurface);
  }),
  byBoth("a popup over a window that is not configured", IGNORED, (scene) => {
    const { xdgSurface } = scene.toplevel();
    const { surface } = popup(scene, xdgSurface);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("a popup with no size", error("xdg_wm_base", "invalid_positioner"), async (scene) => {
    const { xdgSurface } = await scene.window();
    popup(scene, xdgSurface, [["set_anchor_rect", [0, 0, 10, 10]]]);
  }),
  byBoth("a popup with no anchor", error("xdg_wm_base", "invalid_positioner"), async (scene) => {
    const { xdgSurface } = await scene.window();
    popup(scene, xdgSurface, [["set_size", [10, 10]]]);
  }),
  byBoth("a popup by a dead positioner", displayError("wl_display", "invalid_object"), async (scene) => {
    const { xdgSurface: parent } = await scene.window();
    const made = positioner(scene);
    scene.client.request(made, "destroy", []);
    const window = scene.client.create(scene.bind("xdg_wm_base"), "get_xdg_surface", [scene.surface()]);
    scene.client.create(window, "get_popup", [parent, made]);
  }),
  byBoth("a positioner of size 0", BAD_INPUT, badPositioner("set_size", [0, 0])),
  byBoth("a positioner of negative size", BAD_INPUT, badPositioner("set_size", [-1, 10])),
  byBoth("a positioner larger than all screens", BEYOND, badPositioner("set_size", [MAX_INT, MAX_INT])),
  byBoth("an anchor of negative size", BAD_INPUT, badPositioner("set_anchor_rect", [0, 0, -1, -1])),
  byBoth("an anchor beyond all numbers", BEYOND, badPositioner("set_anchor_rect", [MAX_INT, MAX_INT, 1, 1])),
  byBoth("an offset beyond all numbers", BEYOND, badPositioner("set_offset", [-MAX_INT - 1, MAX_INT])),
  byBoth("a parent larger than all screens", BEYOND, badPositioner("set_parent_size", [MAX_INT, 1])),
  byBoth("an anchor that is no side", BAD_INPUT, badPositioner("set_anchor", [99])),
  byBoth("a gravity that is no side", BAD_INPUT, badPositioner("set_gravity", [0xffff_ffff])),
  byBoth("a popup far outside of its window", IGNORED, async (scene) => {
    const { xdgSurface } = await scene.window();
    const made = popup(scene, xdgSurface, [...COMPLETE, ["set_offset", [60_000, -60_000]]]);
    await show(made, scene);
  }),
  byBoth("a popup as large as allowed, kept on the screen by force", IGNORED, async (scene) => {
    const { xdgSurface } = await scene.window();
    const made = popup(scene, xdgSurface, [
      ["set_size", [65_536, 65_536]],
      ["set_anchor_rect", [-65_536, -65_536, 65_536, 65_536]],
      ["set_constraint_adjustment", [ALL_ADJUSTMENTS]],
    ]);
    await show(made, scene, 3000);
  }),
  byBoth("a popup whose parent is destroyed under it", error("xdg_wm_base", "not_the_topmost_popup"), async (scene) => {
    const { xdgSurface } = await scene.window();
    const first = popup(scene, xdgSurface);
    await show(first, scene);
    await show(popup(scene, first.xdgSurface), scene);
    scene.client.request(first.popup, "destroy", []);
  }),
  byBoth("a window destroyed under its popup", IGNORED, async (scene) => {
    const window = await scene.window();
    const made = popup(scene, window.xdgSurface);
    await show(made, scene);
    scene.client.request(window.toplevel, "destroy", []);
    scene.client.request(window.xdgSurface, "destroy", []);
    scene.client.request(window.surface, "destroy", []);
    scene.client.request(made.popup, "destroy", []);
    scene.client.request(made.xdgSurface, "destroy", []);
  }),
  byBoth(
    "a grab with a serial that never was",
    IGNORED,
    async (scene) => {
      const { xdgSurface } = await scene.window();
      const made = popup(scene, xdgSurface);
      scene.client.request(made.popup, "grab", [scene.bind("wl_seat"), 0xdead_beef]);
      scene.client.request(made.surface, "commit", []);
    },
    { needs: ["wl_seat"] },
  ),
  byBoth(
    "a grab of a popup that is on the screen already",
    error("xdg_popup", "invalid_grab"),
    async (scene) => {
      const { xdgSurface } = await scene.window();
      const made = popup(scene, xdgSurface);
      await show(made, scene);
      await scene.client.roundtrip();
      scene.client.request(made.popup, "grab", [scene.bind("wl_seat"), 1]);
    },
    { needs: ["wl_seat"] },
  ),
  byBoth(
    "a popup moved a thousand times",
    IGNORED,
    async (scene) => {
      const { xdgSurface } = await scene.window();
      const made = popup(scene, xdgSurface);
      await show(made, scene);
      const place = positioner(scene);
      for (let token = 0; token < 1000; token++) scene.client.request(made.popup, "reposition", [place, token]);
    },
    { needs: ["xdg_wm_base@3"] },
  ),
  byBoth("popups on popups, deeper than any menu", displayError("xdg_wm_base", "no_memory"), async (scene) => {
    let { xdgSurface: parent } = await scene.window();
    for (let depth = 0; depth < MAX_POPUP_DEPTH; depth++) {
      const made = popup(scene, parent);
      await show(made, scene);
      parent = made.xdgSurface;
    }
    popup(scene, parent);
  }),
];
