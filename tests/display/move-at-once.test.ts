/** What the user sees of a move before the app has said a word. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Compositor } from "../support/compositor.ts";
import { stillPixels } from "../support/still-picture.ts";
import { Waiting } from "../support/waiting.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

setDefaultTimeout(60_000);
const SWAY_CONFIG = "seat seat0 hide_cursor 1";

test("a window is seen at once, however long its app takes to answer", async () => {
  await using compositor = await Compositor.start({ swayConfig: SWAY_CONFIG });
  using waiting = await Waiting.open(compositor);
  const empty = await stillPixels(compositor);
  using app = await WaylandClient.connect(waiting.loop.socketPath);
  const { surface, xdgSurface } = await openWindow(app, { width: 300, height: 200, appId: "slow", colour: 0x336699 });
  await waiting.shown(1);
  const asked: number[] = [];
  xdgSurface.on("configure", ({ args }) => void asked.push(args[0] as number));
  waiting.move();
  const shown = await stillPixels(compositor, (now) => !now.equals(empty));
  // Then it does answer, all that it was asked, and goes on.
  await app.roundtrip();
  expect(asked.length).toBeGreaterThan(0);
  for (const serial of asked) app.request(xdgSurface, "ack_configure", [serial]);
  app.request(surface, "commit", []);
  await app.roundtrip();
  expect((await stillPixels(compositor)).equals(shown)).toBe(true);
  await waiting.left();
  expect(waiting.loop.notices).toEqual([]);
});
