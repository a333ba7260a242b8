/** Screenshots of a screen that has come to rest. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Compositor } from "./compositor.ts";
import { eventually } from "./deadline.ts";
import { Pixels } from "./pixels.ts";

const STILL_DEADLINE_MS = 20_000;
/** Equal pictures in a row that make a still one. */
const EQUAL_PICTURES = 3;

export interface PictureOptions {
  readonly deadlineMs?: number;
  /** How long the screen must have been at rest, at least. */
  readonly stillMs?: number;
  /** Whether the cursor is in the picture. */
  readonly cursor?: boolean;
}

/** The screen as PNG bytes, once several pictures in a row are the same and, if given, `accept` takes it. */
export function stillPicture(
  compositor: Compositor,
  accept: (picture: Buffer) => boolean = () => true,
  options: PictureOptions = {},
): Promise<Buffer> {
  return still(compositor, "png", accept, options);
}

/** The same as pixels. */
export async function stillPixels(
  compositor: Compositor,
  accept: (pixels: Pixels) => boolean = () => true,
  options: PictureOptions = {},
): Promise<Pixels> {
  const picture = await still(compositor, formatOf(compositor), (now) => accept(Pixels.from(now)), options);
  return Pixels.from(picture);
}

/** The screen as it is now, at rest or not. */
export async function pixelsNow(compositor: Compositor): Promise<Pixels> {
  return Pixels.from(await look(compositor, formatOf(compositor), {}));
}

/** What is read again and again is not compressed where that can be had. */
function formatOf({ kind }: Compositor): "png" | "ppm" {
  return kind === "sway" ? "ppm" : "png";
}

async function still(
  compositor: Compositor,
  format: "png" | "ppm",
  accept: (picture: Buffer) => boolean,
  options: PictureOptions,
): Promise<Buffer> {
  const { deadlineMs = STILL_DEADLINE_MS, stillMs = 0 } = options;
  let last: Buffer = Buffer.alloc(0);
  let equal = 0;
  let since = performance.now();
  return await eventually("waiting for the screen to come to rest", deadlineMs, async () => {
    const now = await look(compositor, format, options);
    equal = now.equals(last) ? equal + 1 : 0;
    if (equal === 0) since = performance.now();
    last = now;
    return equal >= EQUAL_PICTURES && performance.now() - since >= stillMs && accept(now) ? now : undefined;
  });
}

async function look(compositor: Compositor, format: "png" | "ppm", options: PictureOptions): Promise<Buffer> {
  const path = join(compositor.runtimeDir, `picture.${format}`);
  await compositor.screenshot(path, options);
  const picture = readFileSync(path);
  rmSync(path);
  return picture;
}
