/** What the misbehaving clients of wleird do, a known collection of tests for compositors, done anew. */
import { ftruncateSync } from "node:fs";
import { memfdCreate } from "../../../src/sys/memory.ts";
import { attachPixels } from "../../support/window.ts";
import { type Attack, byApp, byBoth, error, IGNORED } from "./attack.ts";

const XRGB8888 = 1;

export const WLEIRD: readonly Attack[] = [
  byBoth("attach-delta-loop: content that wanders off", IGNORED, async (scene) => {
    const surface = scene.surface();
    const parent = (await scene.window()).surface;
    scene.client.create(scene.bind("wl_subcompositor"), "get_subsurface", [surface, parent]);
    attachPixels(scene.client, surface, 8, 8);
    for (let count = 0; count < 500; count++) {
      scene.send(surface.id, "wl_surface", "attach", [0, 7, -7]);
      scene.client.request(surface, "commit", []);
    }
  }),
  byBoth("damage-paint: damage on every single pixel", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    attachPixels(scene.client, surface, 64, 64);
    for (let at = 0; at < 64 * 64; at++) scene.client.request(surface, "damage_buffer", [at % 64, at >> 6, 1, 1]);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("disobey-resize: a size that is never the one asked for", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    for (const [width, height] of [
      [1, 999],
      [1999, 3],
      [333, 333],
      [1, 1],
    ] as const) {
      attachPixels(scene.client, surface, width, height);
      scene.client.request(surface, "commit", []);
      await scene.client.roundtrip();
    }
  }),
  byBoth("frame-callback: a thousand callbacks for one frame", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    for (let count = 0; count < 1000; count++) scene.client.create(surface, "frame", []);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("resize-loop: another size with every commit", IGNORED, async (scene) => {
    const { surface, xdgSurface } = await scene.window();
    for (let side = 1; side <= 200; side++) {
      attachPixels(scene.client, surface, side, 201 - side);
      scene.client.request(xdgSurface, "set_window_geometry", [0, 0, side, 201 - side]);
      scene.client.request(surface, "commit", []);
    }
  }),
  byBoth("resource-thief: everything there is, kept", IGNORED, async (scene) => {
    const compositor = scene.bind("wl_compositor");
    for (let count = 0; count < 500; count++) {
      const surface = scene.client.create(compositor, "create_surface", []);
      attachPixels(scene.client, surface, 64, 64);
      scene.client.create(compositor, "create_region", []);
      scene.client.create(surface, "frame", []);
      scene.client.request(surface, "commit", []);
    }
  }),
  byApp("sigbus: memory taken away while it is read", IGNORED, async (scene) => {
    const { surface } = await scene.window();
    const bytes = 64 * 64 * 4;
    using file = memfdCreate("pool", bytes);
    const pool = scene.client.create(scene.bind("wl_shm"), "create_pool", [bytes], [file]);
    const buffer = scene.client.create(pool, "create_buffer", [0, 64, 64, 256, XRGB8888]);
    for (let count = 0; count < 50; count++) {
      ftruncateSync(file.raw, count % 2 === 0 ? 0 : bytes);
      scene.client.request(surface, "attach", [buffer, 0, 0]);
      scene.client.request(surface, "damage", [0, 0, 64, 64]);
      scene.client.request(surface, "commit", []);
      await scene.client.roundtrip();
    }
  }),
  byBoth("slow-ack-configure: an answer long after the question", IGNORED, async (scene) => {
    const { surface, xdgSurface } = scene.toplevel();
    scene.client.request(surface, "commit", []);
    const { args } = await scene.client.next(xdgSurface, "configure");
    for (let count = 0; count < 20; count++) await scene.stage.bystand();
    scene.client.request(xdgSurface, "ack_configure", args);
    attachPixels(scene.client, surface, 32, 32);
    scene.client.request(surface, "commit", []);
  }),
  byBoth("subsurfaces: moved, restacked and resized with every commit", IGNORED, async (scene) => {
    const { surface: parent } = await scene.window();
    const subcompositor = scene.bind("wl_subcompositor");
    const children = [0, 1, 2].map(() => {
      const surface = scene.surface();
      return { surface, role: scene.client.create(subcompositor, "get_subsurface", [surface, parent]) };
    });
    for (let count = 0; count < 100; count++) {
      const child = children[count % 3];
      if (child === undefined) continue;
      scene.client.request(child.role, "set_position", [count * 3 - 150, 150 - count * 3]);
      scene.client.request(child.role, count % 2 ? "place_above" : "place_below", [parent]);
      scene.client.request(child.role, count % 4 ? "set_sync" : "set_desync", []);
      attachPixels(scene.client, child.surface, (count % 40) + 1, (count % 30) + 1);
      scene.client.request(child.surface, "commit", []);
      scene.client.request(parent, "commit", []);
    }
  }),
  byBoth("surface-outputs: outputs bound again and again", IGNORED, async (scene) => {
    await scene.window();
    for (let count = 0; count < 200; count++) scene.bind("wl_output");
  }),
  byBoth(
    "unmap: content, none, and content again unasked",
    error("xdg_surface", "unconfigured_buffer"),
    async (scene) => {
      const { surface } = await scene.window();
      scene.client.request(surface, "attach", [null, 0, 0]);
      scene.client.request(surface, "commit", []);
      attachPixels(scene.client, surface, 32, 32);
      scene.client.request(surface, "commit", []);
    },
  ),
];
