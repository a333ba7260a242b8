/** What a scene looks like on the compositor itself and through the display, by both pixel paths: nothing may differ. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../../support/display-loop.ts";
import { insideFrame } from "../../support/framed.ts";
import { runTool } from "../../support/processes.ts";
import { stillPicture } from "../../support/still-picture.ts";
import type { Rectangle } from "../../support/sway.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import { openWindow } from "../../support/window.ts";

/** Where windows float, away from the edges. */
const PLACE = 100;
const CONFIG = `
seat seat0 hide_cursor 1
default_floating_border none
for_window [app_id=".*"] floating enable, move absolute position ${PLACE} ${PLACE}
`;

export interface Stand {
  readonly client: WaylandClient;
  /** A window of the size that was asked for; what it shows at first is of no interest. */
  readonly surface: ClientObject;
  readonly xdgSurface: ClientObject;
  /** Takes a picture of the window's content, which is as large as was asked for, or else so large. */
  look(width?: number, height?: number): Promise<void>;
}

export function startFloating(scale = 1): Promise<Compositor> {
  return Compositor.start({ swayConfig: CONFIG, scale });
}

/** Acts a scene of a window with content of `width` by `height`, natively and through the display. */
export async function expectAsNative(
  compositor: Compositor,
  width: number,
  height: number,
  scene: (stand: Stand) => Promise<void>,
): Promise<void> {
  const native = await act(compositor, undefined, width, height, scene);
  expect(native.length).toBeGreaterThan(0);
  for (const pixels of PIXEL_PATHS) {
    using loop = new DisplayLoop(compositor, pixels);
    const through = await act(compositor, loop, width, height, scene);
    expect(loop.notices).toEqual([]);
    const different = native.flatMap((picture, index) => (picture.equals(through[index] ?? NOTHING) ? [] : [index]));
    expect({ pixels, pictures: through.length, different }).toEqual({ pixels, pictures: native.length, different: [] });
  }
}

const NOTHING = Buffer.alloc(0);

async function act(
  compositor: Compositor,
  loop: DisplayLoop | undefined,
  width: number,
  height: number,
  scene: (stand: Stand) => Promise<void>,
): Promise<Buffer[]> {
  await compositor.sway.waitFor("the last window to close", (windows) => (windows.length === 0 ? true : undefined));
  using client = await WaylandClient.connect((loop ?? compositor).socketPath);
  const { surface, xdgSurface } = await openWindow(client, { width, height, appId: "conformance" });
  client.request(xdgSurface, "set_window_geometry", [0, 0, width, height]);
  // The compositor moves the window to its place, and waits for the app to agree.
  await stillPicture(compositor);
  // From now on the scene commits, and nothing else.
  xdgSurface.on("configure", (event) => client.request(xdgSurface, "ack_configure", event.args));
  const pictures: Buffer[] = [];
  const look = async (wide = width, high = height) => {
    const window = await compositor.sway.waitForWindow((candidate) => candidate.visible === true);
    const { x, y } = loop === undefined ? window.rect : insideFrame(window.rect, "border");
    pictures.push(await contentPicture(compositor, { x, y, width: wide, height: high }));
  };
  await scene({ client, surface, xdgSurface, look });
  return pictures;
}

/** A part of the screen. */
async function contentPicture(compositor: Compositor, { x, y, width, height }: Rectangle): Promise<Buffer> {
  const path = join(compositor.runtimeDir, "content.ppm");
  await runTool("grim", ["-t", "ppm", "-g", `${x},${y} ${width}x${height}`, path], compositor.environment);
  return readFileSync(path);
}
