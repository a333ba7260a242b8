/** Times of frames are times of the guest's clock, and never go back. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { monotonicNanoseconds } from "../../../src/sys/clock.ts";
import { wp_presentation } from "../../../src/wayland/generated/presentation-time.ts";
import { Compositor } from "../../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../../support/display-loop.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import { attachPixels, openWindow } from "../../support/window.ts";

const DEADLINE_MS = 60_000;
const CLOCK_MONOTONIC = 1;
const NANOSECONDS = 1_000_000_000n;
/** A compositor may name the refresh that is to come. */
const REFRESH = NANOSECONDS / 50n;
const FRAMES = 6;

let compositor: Compositor;
beforeAll(async () => {
  // Headless sway of Debian 12 never says that it has shown something; weston does, by CLOCK_MONOTONIC_RAW.
  compositor = await Compositor.start({ kind: "weston" });
}, DEADLINE_MS);
afterAll(() => compositor.stop());

/** When each of some frames was shown, by the app's clock, and the times of that clock before and after. */
async function presented(socketPath: string, now: () => bigint) {
  using client = await WaylandClient.connect(socketPath);
  const presentation = client.bind(wp_presentation);
  expect((await client.next(presentation, "clock_id")).args).toEqual([CLOCK_MONOTONIC]);
  const { surface } = await openWindow(client, { width: 64, height: 64, appId: "presented" });
  const before = now();
  const times: bigint[] = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    const feedback = client.create(presentation, "feedback", [surface]);
    attachPixels(client, surface, 64, 64);
    client.request(surface, "damage", [0, 0, 64, 64]);
    client.request(surface, "commit", []);
    const { args } = await client.next(feedback, "presented");
    const [high, low, nanoseconds] = args as [number, number, number];
    times.push(((BigInt(high) << 32n) + BigInt(low)) * NANOSECONDS + BigInt(nanoseconds));
  }
  return { times, before, after: now() };
}

/**
 * Nanoseconds that the host's clock is ahead: a machine that started later, which no clock is before, and one whose clock is
 * ahead of ours.
 */
const OFFSETS = [monotonicNanoseconds() / 2n, -7n * 24n * 3600n * NANOSECONDS];
const CASES = PIXEL_PATHS.flatMap((pixels) => OFFSETS.map((offset) => ({ pixels, offset })));

test.each(CASES)(
  "a guest whose clock differs by $offset ns, pixels by $pixels",
  async ({ pixels, offset }) => {
    using loop = new DisplayLoop(compositor, pixels, { clockOffset: () => offset });
    const { times, before, after } = await presented(loop.socketPath, () => monotonicNanoseconds() - offset);
    expect(times.length).toBe(FRAMES);
    for (const [index, time] of times.entries()) {
      // Not before the app drew it, and no later than the refresh that was under way when it was told.
      expect(time > (times[index - 1] ?? before)).toBe(true);
      expect(time <= after + REFRESH).toBe(true);
    }
  },
  DEADLINE_MS,
);
