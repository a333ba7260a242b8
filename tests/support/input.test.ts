import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fixedToNumber, numberToFixed } from "../../src/wayland/fixed.ts";
import { wl_pointer, wl_seat } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "./compositor.ts";
import { eventually } from "./deadline.ts";
import { VirtualInput } from "./input.ts";
import { keyCode } from "./keys.ts";
import { WaylandClient } from "./wayland-client.ts";
import { openWindow } from "./window.ts";

/** For a busy machine; every wait inside has a deadline of its own. */
setDefaultTimeout(60_000);

const SCREEN = { width: 1280, height: 800 };

let compositor: Compositor;
let input: VirtualInput;
beforeAll(async () => {
  compositor = await Compositor.start(SCREEN);
  input = await VirtualInput.create(compositor.socketPath);
});
afterAll(async () => {
  input.close();
  await compositor.stop();
});

test("typed text reaches a terminal, every character of the us layout", async () => {
  const foot = compositor.spawn("foot", []);
  await compositor.sway.waitForWindow("foot");
  const text = 'The quick brown fox, 0123456789 ~`!@#$%^&*()_+-={}[]|\\:";<>?,./';
  await input.typeText(`cat > typed\n${text}\n`);
  await input.chord("control", "d");
  const file = join(compositor.runtimeDir, "typed");
  const read = (): string | undefined => {
    try {
      return readFileSync(file, "utf8") || undefined;
    } catch {
      return undefined;
    }
  };
  expect(await eventually("waiting for the file that cat writes", 10_000, read)).toBe(`${text}\n`);
  const ended = new Promise((resolve) => foot.once("exit", resolve));
  await input.typeText("exit\n");
  await ended;
});

test("pointer, wheel and keys reach the window they are meant for", async () => {
  using client = await WaylandClient.connect(compositor.socketPath);
  const seat = client.bind(wl_seat);
  const pointer = client.create(seat, "get_pointer", []);
  const keyboard = client.create(seat, "get_keyboard", []);
  const { surface } = await openWindow(client, { ...SCREEN, appId: "test.input" });
  await client.next(keyboard, "enter");

  expect((await client.next(pointer, "enter")).args[1]).toBe(surface.id);
  await input.moveTo(300, 200, SCREEN.width, SCREEN.height);
  expect((await client.next(pointer, "motion")).args.slice(1)).toEqual([numberToFixed(300), numberToFixed(200)]);
  await input.moveBy(10.5, -20);
  const motion = await client.next(pointer, "motion");
  expect(motion.args.slice(1).map((raw) => fixedToNumber(raw as number))).toEqual([310.5, 180]);

  await input.click("right");
  const { pressed = -1, released = -1 } = wl_pointer.enums.button_state?.entries ?? {};
  expect((await client.next(pointer, "button")).args.slice(2)).toEqual([0x111, pressed]);
  expect((await client.next(pointer, "button")).args.slice(2)).toEqual([0x111, released]);

  await input.scroll(2);
  expect((await client.next(pointer, "axis")).args.slice(1)).toEqual([0, numberToFixed(30)]);
  expect((await client.next(pointer, "axis_source")).args).toEqual([0]);

  await input.chord("control", "shift", "F10");
  const keys: unknown[] = [];
  for (let count = 0; count < 6; count++) keys.push((await client.next(keyboard, "key")).args.slice(2));
  const [control, shift, f10] = [keyCode("Control_L"), keyCode("Shift_L"), keyCode("F10")];
  expect(keys).toEqual([
    [control, 1],
    [shift, 1],
    [f10, 1],
    [f10, 0],
    [shift, 0],
    [control, 0],
  ]);
});

test("a character that the layout does not have is refused", async () => {
  await expect(input.typeText("é")).rejects.toMatchObject({ code: "invalid-argument" });
});
