import { describe, expect, test } from "bun:test";
import { type Activity, IdleWatch } from "./idle.ts";

/** Times of the test: the first is long enough that nothing in it runs out by chance. */
const LONG_MS = 60_000;
const SHORT_MS = 30;

const nothing: Activity = { connections: 0, processes: 0, windows: 0 };

/** Feeds a watch with activities; resolves with the milliseconds until it called out. */
function idleAfter(idleMs: number, ...activities: Activity[]): Promise<number> {
  const began = performance.now();
  return new Promise((resolve) => {
    const watch = new IdleWatch(() => resolve(performance.now() - began), idleMs);
    for (const activity of activities) watch.update(activity);
  });
}

describe("IdleWatch", () => {
  test("a sandbox that has run nothing ends with its last connection", async () => {
    expect(await idleAfter(LONG_MS, { ...nothing, connections: 1 }, nothing)).toBeLessThan(LONG_MS / 10);
  });

  test("one that has run something stays warm for a while", async () => {
    const used = { ...nothing, connections: 1, processes: 1 };
    expect(await idleAfter(SHORT_MS, used, nothing)).toBeGreaterThanOrEqual(SHORT_MS - 1);
  });

  test("connections, processes and windows each keep it alive, and new ones start the time anew", async () => {
    for (const name of ["connections", "processes", "windows"] as const) {
      let idle = false;
      const watch = new IdleWatch(() => {
        idle = true;
      }, SHORT_MS);
      watch.update({ connections: 1, processes: 1, windows: 0 });
      watch.update(nothing);
      watch.update({ ...nothing, [name]: 1 });
      await Bun.sleep(3 * SHORT_MS);
      expect(idle).toBe(false);
      watch.close();
    }
  });
});
