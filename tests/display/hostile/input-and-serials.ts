/** Cursors that are more than cursors, serials that were never given, devices asked for without end. */
import type { ClientObject } from "../../support/wayland-object.ts";
import { attachPixels } from "../../support/window.ts";
import { type Attack, byBoth, displayError, error, IGNORED, notice, type Scene } from "./attack.ts";

const MAX_INT = 0x7fff_ffff;
const FORGED = 0xdead_beef;
const SEAT = { needs: ["wl_seat"] };
const POINTER = { needs: ["pointer"] };

function pointer(scene: Scene): ClientObject {
  return scene.client.create(scene.bind("wl_seat"), "get_pointer", []);
}

/** A window under the pointer, whose wl_pointer has told the serial of its coming. */
async function entered(scene: Scene): Promise<{ mouse: ClientObject; serial: number }> {
  const mouse = pointer(scene);
  await scene.window({ appId: "under-pointer" });
  await scene.stage.pointAt("vitrine.test.under-pointer");
  const { args } = await scene.client.next(mouse, "enter");
  return { mouse, serial: args[0] as number };
}

/** Something asked of a window's toplevel with the seat and a serial that never was. */
const forged =
  (name: string, ...rest: readonly number[]) =>
  async (scene: Scene) => {
    const { toplevel } = await scene.window();
    scene.client.request(toplevel, name, [scene.bind("wl_seat"), FORGED, ...rest]);
  };

export const INPUT_AND_SERIALS: readonly Attack[] = [
  byBoth(
    "a touch screen of a seat that has none",
    error("wl_seat", "missing_capability"),
    (scene) => scene.client.create(scene.bind("wl_seat"), "get_touch", []),
    SEAT,
  ),
  byBoth(
    "a cursor set with a serial that never was",
    IGNORED,
    (scene) => {
      const surface = scene.surface();
      scene.client.request(pointer(scene), "set_cursor", [FORGED, surface, 0, 0]);
      attachPixels(scene.client, surface, 32, 32);
      scene.client.request(surface, "commit", []);
    },
    POINTER,
  ),
  byBoth(
    "a cursor as large as the screen",
    IGNORED,
    async (scene) => {
      const { mouse, serial } = await entered(scene);
      const surface = scene.surface();
      attachPixels(scene.client, surface, 1280, 800);
      scene.client.request(mouse, "set_cursor", [serial, surface, 640, 400]);
      scene.client.request(surface, "commit", []);
    },
    POINTER,
  ),
  byBoth(
    "a cursor whose hotspot is beyond all numbers",
    IGNORED,
    async (scene) => {
      const { mouse, serial } = await entered(scene);
      const surface = scene.surface();
      attachPixels(scene.client, surface, 32, 32);
      for (const [x, y] of [
        [MAX_INT, MAX_INT],
        [-MAX_INT - 1, -MAX_INT - 1],
      ] as const) {
        scene.client.request(mouse, "set_cursor", [serial, surface, x, y]);
        scene.send(surface.id, "wl_surface", "attach", [0, MAX_INT, -MAX_INT]);
        scene.client.request(surface, "commit", []);
      }
    },
    POINTER,
  ),
  byBoth(
    "a window as a cursor",
    error("wl_surface", "role", "wl_pointer"),
    async (scene) => {
      const mouse = pointer(scene);
      const { surface } = await scene.window({ appId: "under-pointer" });
      await scene.stage.pointAt("vitrine.test.under-pointer");
      const { args } = await scene.client.next(mouse, "enter");
      scene.client.request(mouse, "set_cursor", [args[0] as number, surface, 0, 0]);
    },
    { ...POINTER },
  ),
  byBoth(
    "a cursor destroyed while it is shown",
    IGNORED,
    async (scene) => {
      const { mouse, serial } = await entered(scene);
      const surface = scene.surface();
      scene.client.request(mouse, "set_cursor", [serial, surface, 0, 0]);
      attachPixels(scene.client, surface, 16, 16);
      scene.client.request(surface, "commit", []);
      scene.client.request(surface, "destroy", []);
      scene.client.request(mouse, "release", []);
    },
    POINTER,
  ),
  byBoth("a window moved without a press", IGNORED, forged("move"), SEAT),
  byBoth("a window resized without a press", IGNORED, forged("resize", 1), SEAT),
  byBoth("a window resized by an edge that is none", IGNORED, forged("resize", 99), SEAT),
  byBoth(
    "a window menu without a press, beyond all numbers",
    IGNORED,
    forged("show_window_menu", MAX_INT, -MAX_INT),
    SEAT,
  ),
  byBoth(
    "a request to a released pointer",
    displayError("wl_display", "invalid_object"),
    (scene) => {
      const released = pointer(scene);
      scene.client.request(released, "release", []);
      scene.client.request(released, "set_cursor", [0, null, 0, 0]);
    },
    POINTER,
  ),
  byBoth(
    "a pointer of a released seat",
    displayError("wl_display", "invalid_object"),
    (scene) => {
      const seat = scene.bind("wl_seat");
      scene.client.request(seat, "release", []);
      scene.client.create(seat, "get_pointer", []);
    },
    SEAT,
  ),
  byBoth("pongs to pings that never were", IGNORED, (scene) => {
    const shell = scene.bind("xdg_wm_base");
    for (let serial = 0; serial < 1000; serial++) scene.client.request(shell, "pong", [serial]);
  }),
  byBoth(
    "two hundred keyboards, each with its keymap",
    notice(/does not read its events/),
    async (scene) => {
      const seat = scene.bind("wl_seat");
      scene.client.link?.on("file_data", () => {});
      for (let count = 0; count < 200; count++) {
        const keyboard = scene.client.create(seat, "get_keyboard", []);
        keyboard.on("keymap", ({ fds }) => {
          for (const fd of fds) fd.close();
        });
      }
    },
    POINTER,
  ),
];
