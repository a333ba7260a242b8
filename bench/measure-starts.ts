/** From the start of the command to the app's window on the screen, which the compositor shows with its first frame. */
import type { Compositor } from "../tests/support/compositor.ts";
import type { Way } from "./ways/way.ts";

const WINDOW_DEADLINE_MS = 180_000;

/** Milliseconds until `words` shows its window; the window is closed again. */
export async function timeStart(compositor: Compositor, way: Way, words: readonly string[]): Promise<number> {
  const began = performance.now();
  const app = await way.run(words);
  await compositor.sway.waitFor("the window", (windows) => windows[0], WINDOW_DEADLINE_MS);
  const took = performance.now() - began;
  await app.close();
  await compositor.sway.waitFor("its end", (windows) => (windows.length === 0 ? true : undefined), WINDOW_DEADLINE_MS);
  return took;
}
