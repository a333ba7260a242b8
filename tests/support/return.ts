/** A compositor that dies and is there again. */
import type { Compositor } from "./compositor.ts";

/** What the display says of one return. */
export const RETURN = [
  "the compositor has gone; windows wait for one to return",
  "a compositor is there again, and windows return",
];

export async function restart(compositor: Compositor): Promise<void> {
  await compositor.crash();
  await compositor.startAgain();
}
