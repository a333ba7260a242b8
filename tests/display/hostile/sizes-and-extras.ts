/** Geometry, sizes and regions that no screen has; viewports and decorations that break their rules. */
import { attachPixels } from "../../support/window.ts";
import { type Attack, byBoth, displayError, error, IGNORED, type Scene } from "./attack.ts";

const MAX_INT = 0x7fff_ffff;
const BEYOND = displayError("xdg_surface", "invalid_method");

const geometry =
  (...args: [number, number, number, number]) =>
  async (scene: Scene) => {
    const { xdgSurface, surface } = await scene.window();
    scene.client.request(xdgSurface, "set_window_geometry", args);
    scene.client.request(surface, "commit", []);
  };

const viewport = (name: string, args: readonly number[]) => async (scene: Scene) => {
  const { surface } = await scene.window();
  const made = scene.client.create(scene.bind("wp_viewporter"), "get_viewport", [surface]);
  scene.client.request(made, name, args);
  scene.client.request(surface, "commit", []);
};

/** A raw 24.8 number. */
const fixed = (value: number) => value * 256;

export const SIZES_AND_EXTRAS: readonly Attack[] = [
  byBoth("a window geometry beyond all screens", BEYOND, geometry(0, 0, MAX_INT, MAX_INT)),
  byBoth("a window geometry that ends beyond all numbers", BEYOND, geometry(MAX_INT, MAX_INT, 10, 10)),
  byBoth("a window geometry of negative size", error("xdg_surface", "invalid_size"), geometry(0, 0, -1, -1)),
  byBoth("a window geometry without size", error("xdg_surface", "invalid_size"), geometry(0, 0, 0, 0)),
  byBoth("a window geometry outside of its surface", IGNORED, geometry(5000, 5000, 10, 10)),
  byBoth("a largest size below the smallest", error("xdg_toplevel", "invalid_size"), async (scene) => {
    const { surface, toplevel } = await scene.window();
    scene.client.request(toplevel, "set_min_size", [200, 200]);
    scene.client.request(toplevel, "set_max_size", [100, 100]);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("a negative smallest size", error("xdg_toplevel", "invalid_size"), async (scene) => {
    const { surface, toplevel } = await scene.window();
    scene.client.request(toplevel, "set_min_size", [-1, -1]);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("a smallest size larger than all screens", IGNORED, async (scene) => {
    const { toplevel } = await scene.window();
    scene.client.request(toplevel, "set_min_size", [MAX_INT, MAX_INT]);
  }),
  byBoth("regions whose rectangles overflow", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    const region = scene.client.create(scene.bind("wl_compositor"), "create_region", []);
    for (const name of ["add", "subtract"]) {
      for (const rectangle of [
        [MAX_INT, MAX_INT, MAX_INT, MAX_INT],
        [-MAX_INT - 1, -MAX_INT - 1, MAX_INT, MAX_INT],
        [0, 0, -5, -5],
        [MAX_INT - 1, 0, 2, 1],
      ]) {
        scene.client.request(region, name, rectangle);
      }
    }
    scene.client.request(surface, "set_opaque_region", [region]);
    scene.client.request(surface, "set_input_region", [region]);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("an invisible window: one pixel, no input", IGNORED, async (scene) => {
    const { surface } = await scene.window({ width: 1, height: 1 });
    const region = scene.client.create(scene.bind("wl_compositor"), "create_region", []);
    scene.client.request(surface, "set_input_region", [region]);
    scene.client.request(surface, "commit", []);
  }),
  byBoth(
    "a viewport whose source overflows",
    error("wp_viewport", "bad_size"),
    viewport("set_source", [MAX_INT, 0, MAX_INT, fixed(1)]),
    { needs: ["wp_viewporter"] },
  ),
  byBoth(
    "a viewport whose source is outside of the buffer",
    error("wp_viewport", "out_of_buffer"),
    viewport("set_source", [fixed(60), fixed(60), fixed(10), fixed(10)]),
    { needs: ["wp_viewporter"] },
  ),
  byBoth(
    "a viewport of negative source",
    error("wp_viewport", "bad_value"),
    viewport("set_source", [fixed(-5), 0, fixed(5), fixed(5)]),
    { needs: ["wp_viewporter"] },
  ),
  byBoth("a viewport of size 0", error("wp_viewport", "bad_value"), viewport("set_destination", [0, 10]), {
    needs: ["wp_viewporter"],
  }),
  byBoth("a viewport larger than all screens", IGNORED, viewport("set_destination", [MAX_INT, MAX_INT]), {
    needs: ["wp_viewporter"],
  }),
  byBoth(
    "two viewports of one surface",
    error("wp_viewporter", "viewport_exists"),
    (scene) => {
      const surface = scene.surface();
      const viewporter = scene.bind("wp_viewporter");
      for (let count = 0; count < 2; count++) scene.client.create(viewporter, "get_viewport", [surface]);
    },
    { needs: ["wp_viewporter"] },
  ),
  byBoth(
    "a viewport of a dead surface",
    error("wp_viewport", "no_surface"),
    (scene) => {
      const surface = scene.surface();
      const made = scene.client.create(scene.bind("wp_viewporter"), "get_viewport", [surface]);
      scene.client.request(surface, "destroy", []);
      scene.client.request(made, "set_destination", [10, 10]);
    },
    { needs: ["wp_viewporter"] },
  ),
  byBoth(
    "two decorations of one window",
    error("zxdg_decoration_manager_v1", "already_constructed", "zxdg_toplevel_decoration_v1"),
    (scene) => {
      const { toplevel } = scene.toplevel();
      const decorations = scene.bind("zxdg_decoration_manager_v1");
      for (let count = 0; count < 2; count++) scene.client.create(decorations, "get_toplevel_decoration", [toplevel]);
    },
    { needs: ["zxdg_decoration_manager_v1"] },
  ),
  byBoth(
    "a decoration that outlives its window",
    error("zxdg_toplevel_decoration_v1", "orphaned"),
    async (scene) => {
      const { surface, xdgSurface: window, toplevel } = scene.toplevel();
      const made = scene.client.create(scene.bind("zxdg_decoration_manager_v1"), "get_toplevel_decoration", [toplevel]);
      scene.client.request(toplevel, "destroy", []);
      scene.client.request(window, "destroy", []);
      scene.client.request(surface, "destroy", []);
      scene.client.request(made, "set_mode", [1]);
      scene.client.request(made, "destroy", []);
    },
    { needs: ["zxdg_decoration_manager_v1"] },
  ),
  byBoth(
    "a decoration that is asked for anew while its window is taken away",
    IGNORED,
    async (scene) => {
      const { client } = scene;
      const { surface, xdgSurface: window, toplevel } = scene.toplevel();
      const made = client.create(scene.bind("zxdg_decoration_manager_v1"), "get_toplevel_decoration", [toplevel]);
      client.request(surface, "commit", []);
      const { args } = await client.next(window, "configure");
      client.request(window, "ack_configure", args);
      attachPixels(client, surface, 100, 100);
      client.request(surface, "commit", []);
      await client.roundtrip();
      client.request(surface, "attach", [null, 0, 0]);
      client.request(surface, "commit", []);
      for (const mode of [1, 2, 1]) client.request(made, "set_mode", [mode]);
      await client.roundtrip();
      client.request(made, "destroy", []);
    },
    { needs: ["zxdg_decoration_manager_v1"] },
  ),
];
