/** The keymap arrives as the compositor made it, byte for byte, in a file that the app cannot change. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { ftruncateSync, readSync, writeSync } from "node:fs";
import { wl_seat } from "../../../src/wayland/generated/wayland.ts";
import { Compositor } from "../../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../../support/display-loop.ts";
import { VirtualInput } from "../../support/input.ts";
import { runTool } from "../../support/processes.ts";
import { WaylandClient } from "../../support/wayland-client.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import { openWindow } from "../../support/window.ts";

const DEADLINE_MS = 60_000;

let compositor: Compositor;
let input: VirtualInput;
beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
}, DEADLINE_MS);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

/** A digest of the next keymap; the file is read as an app may, and tried as it may not. */
async function keymapOf(client: WaylandClient, keyboard: ClientObject): Promise<string> {
  const { args, fds } = await client.next(keyboard, "keymap");
  const [format, , size] = args as [number, number, number];
  const [fd] = fds;
  if (fd === undefined) throw new Error("a keymap without a file");
  using file = fd;
  expect(format).toBe(1);
  const text = Buffer.alloc(size);
  expect(readSync(file.raw, text, 0, size, 0)).toBe(size);
  expect(() => writeSync(file.raw, "x", 0)).toThrow();
  expect(() => ftruncateSync(file.raw, 0)).toThrow();
  expect(text.toString()).toStartWith("xkb_keymap");
  return createHash("sha256").update(text).digest("hex");
}

/** Of the next keymap that is not that one. */
async function otherKeymap(client: WaylandClient, keyboard: ClientObject, known: string): Promise<string> {
  for (;;) {
    const next = await keymapOf(client, keyboard);
    if (next !== known) return next;
  }
}

test.each(PIXEL_PATHS)(
  "the first keymap and one that comes while the app runs, pixels by %s",
  async (pixels) => {
    // The seat's keymap is that of the keyboard used last.
    await input.key("a");
    using loop = new DisplayLoop(compositor, pixels);
    using native = await WaylandClient.connect(compositor.socketPath);
    using app = await WaylandClient.connect(loop.socketPath);
    const [nativeKeyboard, appKeyboard] = [native, app].map((client) =>
      client.create(client.bind(wl_seat), "get_keyboard", []),
    ) as [ClientObject, ClientObject];
    const first = await keymapOf(native, nativeKeyboard);
    expect(await keymapOf(app, appKeyboard)).toBe(first);
    await openWindow(app, { width: 50, height: 50, appId: "keys" });
    await compositor.sway.waitForWindow("vitrine.test.keys");
    // wtype brings a keyboard, and with it a keymap, of its own.
    await runTool("wtype", ["ä"], compositor.environment);
    const second = await otherKeymap(native, nativeKeyboard, first);
    expect(await otherKeymap(app, appKeyboard, first)).toBe(second);
  },
  DEADLINE_MS,
);
