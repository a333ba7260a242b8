/** Windows survive their compositor: it is killed, another takes its place, and what apps showed is on the screen again. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { VitrineError } from "../../src/base/error.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { stillPixels } from "../support/still-picture.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

setDefaultTimeout(90_000);
const SWAY_CONFIG = "seat seat0 hide_cursor 1";

async function restart(compositor: Compositor): Promise<void> {
  await compositor.crash();
  await compositor.startAgain();
}

describe.each([...PIXEL_PATHS])("pixels by %s", (pixels) => {
  test("a terminal goes on, with the same picture, and takes keys", async () => {
    await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
    using loop = new DisplayLoop(compositor, pixels);
    let input = await VirtualInput.create(compositor.socketPath);
    const empty = await stillPixels(compositor);
    const words = ["--override=cursor.blink=no", "--title=kept", "sh", "-c", "seq 1 30; cat"];
    const app = compositor.spawn("foot", words, loop.environment);
    const before = await stillPixels(compositor, (now) => !now.equals(empty));
    for (let round = 0; round < 2; round += 1) {
      await restart(compositor);
      input = await VirtualInput.create(compositor.socketPath);
      await stillPixels(compositor, (now) => now.equals(before));
      const window = await compositor.sway.waitForWindow(({ name }) => name === "kept");
      expect(window.app_id).toBe("vitrine.test.foot");
    }
    await input.key("a");
    await stillPixels(compositor, (now) => !now.equals(before));
    expect(app.exitCode).toBeNull();
    expect(loop.notices).toEqual([]);
    input.close();
  });
});

test("without another compositor the apps end, and the display says so", async () => {
  await using compositor = await Compositor.start({});
  const { promise, resolve } = Promise.withResolvers<VitrineError | undefined>();
  using loop = new DisplayLoop(compositor, "arena", { returnDeadlineMs: 300, onCompositorLost: resolve });
  using client = await WaylandClient.connect(loop.socketPath);
  await openWindow(client, { width: 100, height: 100, appId: "app" });
  await compositor.crash();
  expect((await client.ended()).serverError?.message).toContain("the compositor is gone");
  await promise;
  expect(loop.host.windows).toBe(0);
});
