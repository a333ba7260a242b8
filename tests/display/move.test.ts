/** Apps start on the stand-in, which shows nothing, and move to a compositor that does. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { directRoute } from "../../src/host/display/compositor-route.ts";
import { learnOffer } from "../../src/host/display/stand-in/offer.ts";
import { StandIn } from "../../src/host/display/stand-in/stand-in.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop, PIXEL_PATHS, type PixelPath } from "../support/display-loop.ts";
import { differenceInFrame, makeRoomForFrame } from "../support/framed.ts";
import { VirtualInput } from "../support/input.ts";
import { endProcess } from "../support/processes.ts";
import { stillPixels } from "../support/still-picture.ts";

setDefaultTimeout(60_000);
const SWAY_CONFIG = "seat seat0 hide_cursor 1";
const DEADLINE_MS = 20_000;

/** A display whose apps are on a stand-in for `compositor`. */
async function loopOnStandIn(
  compositor: Compositor,
  pixels: PixelPath,
): Promise<{ loop: DisplayLoop; standIn: StandIn }> {
  const standIn = new StandIn(await learnOffer(directRoute(compositor.socketPath)));
  return { loop: new DisplayLoop(compositor, pixels, { route: standIn.route }), standIn };
}

const windowsShown = (loop: DisplayLoop, count: number) =>
  eventually(`waiting for ${count} windows`, DEADLINE_MS, () => (loop.host.windows === count ? true : undefined));

describe.each([...PIXEL_PATHS])("pixels by %s", (pixels) => {
  test("a terminal moves with its picture, and takes keys", async () => {
    await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
    using input = await VirtualInput.create(compositor.socketPath);
    const empty = await stillPixels(compositor);
    const words = ["--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec cat"];
    const native = async (typed: string) => {
      await makeRoomForFrame(compositor, true);
      const app = compositor.spawn("foot", words);
      const before = await stillPixels(compositor, (now) => !now.equals(empty));
      await input.typeText(typed);
      const after = await stillPixels(compositor, (now) => !now.equals(before));
      await endProcess(app);
      await stillPixels(compositor, (now) => now.equals(empty));
      return { before, after };
    };
    const shown = await native("abc");
    await makeRoomForFrame(compositor, false);
    const { loop, standIn } = await loopOnStandIn(compositor, pixels);
    using _loop = loop;
    const app = compositor.spawn("foot", words, loop.environment);
    await windowsShown(loop, 1);
    expect((await stillPixels(compositor)).equals(empty)).toBe(true);
    loop.host.moveTo(directRoute(compositor.socketPath));
    const before = await stillPixels(
      compositor,
      (now) => differenceInFrame({ ours: now, native: shown.before, empty }, loop.sandbox) === undefined,
    );
    await input.typeText("abc");
    const after = await stillPixels(compositor, (now) => !now.equals(before));
    expect(differenceInFrame({ ours: after, native: shown.after, empty }, loop.sandbox)).toBeUndefined();
    await eventually("waiting for the stand-in", DEADLINE_MS, () => standIn.connections === 0 || undefined);
    expect(app.exitCode).toBeNull();
    expect(loop.notices).toEqual([]);
  });
});
