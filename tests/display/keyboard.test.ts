/** Keys reach the app as they were meant, keymaps that change while it runs included. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { endProcess, runTool } from "../support/processes.ts";

const TEXT = "7*6=42 ~Hello, World! {[(<>)]}";
let compositor: Compositor;
let input: VirtualInput;

beforeAll(async () => {
  compositor = await Compositor.start({});
  // There before the apps: an app that has not seen the seat's keyboard gets no keys.
  input = await VirtualInput.create(compositor.socketPath);
}, 60_000);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

test.each(PIXEL_PATHS)(
  "typed by two keyboards with keymaps of their own, pixels by %s",
  async (pixels) => {
    using loop = new DisplayLoop(compositor, pixels);
    const file = join(compositor.runtimeDir, `typed-${pixels}`);
    const app = compositor.spawn(
      "foot",
      ["sh", "-c", `read -r a; read -r b; printf '%s|%s' "$a" "$b" > ${file}; exec sleep 60`],
      loop.environment,
    );
    await compositor.sway.waitForWindow("vitrine.test.foot");
    await input.typeText(`${TEXT}\n`);
    // wtype brings a keymap made for just its text, so the app's keymap changes before and after.
    await runTool("wtype", [TEXT, "-k", "Return"], compositor.environment);
    const typed = await eventually("waiting for what was typed", 20_000, () => {
      try {
        const text = readFileSync(file, "utf8");
        return text.includes("|") ? text : undefined;
      } catch {
        return undefined;
      }
    });
    expect(typed).toBe(`${TEXT}|${TEXT}`);
    expect(loop.notices).toEqual([]);
    await endProcess(app);
  },
  60_000,
);

/** Evdev codes of the keys that the us layout has these on. */
const [KEY_Y, KEY_EQUAL, KEY_E, KEY_APOSTROPHE, RIGHT_ALT] = [21, 13, 18, 40, 100];

test.each(PIXEL_PATHS)(
  "with a layout that changes while the app runs, dead keys and a compose key included, pixels by %s",
  async (pixels) => {
    using loop = new DisplayLoop(compositor, pixels);
    const file = join(compositor.runtimeDir, `layouts-${pixels}`);
    const app = compositor.spawn("foot", ["sh", "-c", `read -r a; printf '%s' "$a" > ${file}`], loop.environment);
    await compositor.sway.waitForWindow("vitrine.test.foot");
    await input.keyByCode(KEY_Y);
    await input.setLayout("de");
    await input.keyByCode(KEY_Y);
    // The dead acute, and what it sits on.
    await input.keyByCode(KEY_EQUAL);
    await input.keyByCode(KEY_E);
    await input.setLayout("us+de:2", 1);
    await input.keyByCode(KEY_Y);
    await input.setLayout("us+de:2", 0);
    await input.keyByCode(KEY_Y);
    await input.setLayout("us+compose(ralt)");
    for (const key of [RIGHT_ALT, KEY_APOSTROPHE, KEY_E]) await input.keyByCode(key);
    await input.key("Return");
    const typed = await eventually("waiting for what was typed", 20_000, () => {
      try {
        return readFileSync(file, "utf8") || undefined;
      } catch {
        return undefined;
      }
    });
    expect(typed).toBe("yzézyé");
    expect(loop.notices).toEqual([]);
    await input.setLayout("us");
    await endProcess(app);
  },
  60_000,
);
