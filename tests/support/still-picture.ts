/** Screenshots of a screen that has come to rest. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Compositor } from "./compositor.ts";
import { eventually } from "./deadline.ts";

const STILL_DEADLINE_MS = 20_000;
/** Equal pictures in a row that make a still one. */
const EQUAL_PICTURES = 3;

/** The screen as PNG bytes, once several pictures in a row are the same and, if given, `accept` takes it. */
export async function stillPicture(
  compositor: Compositor,
  accept: (picture: Buffer) => boolean = () => true,
  deadlineMs = STILL_DEADLINE_MS,
): Promise<Buffer> {
  const path = join(compositor.runtimeDir, "picture.png");
  let last = Buffer.alloc(0);
  let equal = 0;
  const picture = await eventually("waiting for the screen to come to rest", deadlineMs, async () => {
    await compositor.screenshot(path);
    const now = readFileSync(path);
    equal = now.equals(last) ? equal + 1 : 0;
    last = now;
    return equal >= EQUAL_PICTURES && accept(now) ? now : undefined;
  });
  rmSync(path, { force: true });
  return picture;
}
