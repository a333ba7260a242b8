/** A plain window of the test client: one buffer of one colour. */
import { writeSync } from "node:fs";
import { memfdCreate } from "../../src/sys/memory.ts";
import { wl_compositor, wl_shm } from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import type { WaylandClient } from "./wayland-client.ts";
import type { ClientObject } from "./wayland-object.ts";

export interface WindowOptions {
  readonly width: number;
  readonly height: number;
  readonly appId: string;
  readonly title?: string;
  /** 0xRRGGBB; black unless given. */
  readonly colour?: number;
}

export interface TestWindow {
  readonly surface: ClientObject;
  readonly xdgSurface: ClientObject;
  readonly toplevel: ClientObject;
}

const XRGB8888 = 1;

/** Opens a window and returns once its first content is committed; its size is its own, whatever it is told. */
export async function openWindow(client: WaylandClient, options: WindowOptions): Promise<TestWindow> {
  const { width, height, appId, title = appId, colour } = options;
  const shell = client.bind(xdg_wm_base);
  shell.on("ping", ({ args }) => client.request(shell, "pong", args));
  const surface = client.create(client.bind(wl_compositor), "create_surface", []);
  const xdgSurface = client.create(shell, "get_xdg_surface", [surface]);
  const toplevel = client.create(xdgSurface, "get_toplevel", []);
  client.request(toplevel, "set_app_id", [appId]);
  client.request(toplevel, "set_title", [title]);
  client.request(surface, "commit", []);
  const { args } = await client.next(xdgSurface, "configure");
  client.request(xdgSurface, "ack_configure", args);
  xdgSurface.on("configure", (event) => {
    client.request(xdgSurface, "ack_configure", event.args);
    client.request(surface, "commit", []);
  });
  attachPixels(client, surface, width, height, colour);
  client.request(surface, "damage", [0, 0, width, height]);
  client.request(surface, "commit", []);
  await client.roundtrip();
  return { surface, xdgSurface, toplevel };
}

let buffers = 0;

/** Attaches pixels that are all the same: a buffer in shared memory, or, of a guest half, the beginning of the arena. */
export function attachPixels(
  client: WaylandClient,
  surface: ClientObject,
  width: number,
  height: number,
  colour?: number,
): void {
  if (client.link === undefined) {
    client.request(surface, "attach", [solidBuffer(client, width, height, colour), 0, 0]);
    return;
  }
  const buffer = ++buffers;
  client.request(client.link, "buffer_create", [buffer, 0, width, height, width * 4, XRGB8888]);
  client.request(client.link, "attach", [surface.id, buffer, 0, 0]);
}

/** A buffer whose pixels are all of that colour, 0xRRGGBB. */
export function solidBuffer(client: WaylandClient, width: number, height: number, colour = 0): ClientObject {
  const stride = width * 4;
  using file = memfdCreate("window", stride * height);
  // What xrgb8888 says nothing of is opaque to those who read it as argb8888, as weston's screenshots do.
  const pixel = (0xff000000 | colour) >>> 0;
  if (colour !== 0) writeSync(file.raw, new Uint8Array(new Uint32Array(width * height).fill(pixel).buffer));
  const pool = client.create(client.bind(wl_shm), "create_pool", [stride * height], [file]);
  const buffer = client.create(pool, "create_buffer", [0, width, height, stride, XRGB8888]);
  client.request(pool, "destroy", []);
  return buffer;
}
