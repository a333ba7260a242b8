/** The pointer held by a game, its motion beyond the edge, gestures, and what the policy says to that. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { fixedToNumber } from "../../src/wayland/fixed.ts";
import { zwp_idle_inhibit_manager_v1 } from "../../src/wayland/generated/idle-inhibit-unstable-v1.ts";
import { zwp_keyboard_shortcuts_inhibit_manager_v1 } from "../../src/wayland/generated/keyboard-shortcuts-inhibit-unstable-v1.ts";
import { zwp_pointer_constraints_v1 } from "../../src/wayland/generated/pointer-constraints-unstable-v1.ts";
import { zwp_pointer_gestures_v1 } from "../../src/wayland/generated/pointer-gestures-unstable-v1.ts";
import { zwp_relative_pointer_manager_v1 } from "../../src/wayland/generated/relative-pointer-unstable-v1.ts";
import { wl_compositor } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { TestApp } from "../support/test-app.ts";

setDefaultTimeout(30_000);
const [WIDTH, HEIGHT] = [1280, 800];
const PERSISTENT = 2;
let compositor: Compositor;
let input: VirtualInput;

beforeAll(async () => {
  const swayConfig = "seat * pointer_constraint enable";
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig });
  input = await VirtualInput.create(compositor.socketPath);
}, 60_000);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

/** An app on all of the screen, with the pointer in its middle. */
async function openUnderPointer(loop: DisplayLoop): Promise<TestApp> {
  await input.moveTo(WIDTH / 4, HEIGHT / 4, WIDTH, HEIGHT);
  const app = await TestApp.open(loop.socketPath, "game", { width: WIDTH, height: HEIGHT });
  await app.next(app.pointer, "enter");
  await input.moveTo(WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT);
  await app.next(app.pointer, "motion");
  return app;
}

test("a locked pointer stays where it is while its motion goes on", async () => {
  using loop = new DisplayLoop(compositor, "arena");
  using app = await openUnderPointer(loop);
  const { client } = app;
  const relative = client.create(client.bind(zwp_relative_pointer_manager_v1), "get_relative_pointer", [app.pointer]);
  const constraints = client.bind(zwp_pointer_constraints_v1);
  const args = [app.surface, app.pointer, null, PERSISTENT];
  const locked = client.create(constraints, "lock_pointer", args);
  await client.next(locked, "locked");
  app.taken(app.pointer, "motion");
  await input.moveBy(5000, 30);
  const { args: motion } = await client.next(relative, "relative_motion");
  expect(motion.slice(2, 4).map((value) => fixedToNumber(value as number))).toEqual([5000, 30]);
  await client.roundtrip();
  expect(app.taken(app.pointer, "motion")).toEqual([]);

  client.request(locked, "set_cursor_position_hint", [1, 1]);
  client.request(locked, "destroy", []);
  await client.roundtrip();
  await input.moveBy(1, 0);
  await client.next(app.pointer, "motion");
  expect(loop.notices).toEqual([]);
});

test("a confined pointer does not leave its region", async () => {
  using loop = new DisplayLoop(compositor, "arena");
  using app = await openUnderPointer(loop);
  const { client } = app;
  const region = client.create(client.bind(wl_compositor), "create_region", []);
  client.request(region, "add", [600, 300, 100, 200]);
  const args = [app.surface, app.pointer, region, PERSISTENT];
  const confined = client.create(client.bind(zwp_pointer_constraints_v1), "confine_pointer", args);
  client.request(app.surface, "commit", []);
  await client.next(confined, "confined");
  app.taken(app.pointer, "motion");
  await input.moveBy(5000, 0);
  const { args: motion } = await client.next(app.pointer, "motion");
  expect(fixedToNumber(motion[1] as number)).toBeLessThan(700);
});

test("where the policy forbids it, nothing is held, and the app goes on", async () => {
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf("* deny") });
  using app = await openUnderPointer(loop);
  const { client } = app;
  const constraints = client.bind(zwp_pointer_constraints_v1);
  const locked = client.create(constraints, "lock_pointer", [app.surface, app.pointer, null, PERSISTENT]);
  const idle = client.create(client.bind(zwp_idle_inhibit_manager_v1), "create_inhibitor", [app.surface]);
  const shortcuts = client.create(client.bind(zwp_keyboard_shortcuts_inhibit_manager_v1), "inhibit_shortcuts", [
    app.surface,
    app.seat,
  ]);
  await client.roundtrip();
  app.taken(app.pointer, "motion");
  await input.moveBy(100, 0);
  await client.next(app.pointer, "motion");
  expect([app.taken(locked, "locked"), app.taken(shortcuts, "active")]).toEqual([[], []]);
  expect(await inhibitsIdle()).toBe(false);
  client.request(locked, "set_region", [null]);
  for (const object of [locked, idle, shortcuts]) client.request(object, "destroy", []);
  // Ids of objects that never left the host half come free as others do.
  await client.roundtrip();
  const factory = client.bind(wl_compositor);
  const next = Array.from({ length: 5 }, () => client.create(factory, "create_region", []).id);
  expect(next).toEqual(expect.arrayContaining([locked.id, idle.id, shortcuts.id]));
  await client.roundtrip();
});

test("what an app holds is let go when the policy changes, and the app lives on", async () => {
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf("shortcuts-inhibit on") });
  using app = await openUnderPointer(loop);
  const { client } = app;
  const lock = [app.surface, app.pointer, null, PERSISTENT];
  const locked = client.create(client.bind(zwp_pointer_constraints_v1), "lock_pointer", lock);
  const idle = client.create(client.bind(zwp_idle_inhibit_manager_v1), "create_inhibitor", [app.surface]);
  const manager = client.bind(zwp_keyboard_shortcuts_inhibit_manager_v1);
  const shortcuts = client.create(manager, "inhibit_shortcuts", [app.surface, app.seat]);
  await client.next(locked, "locked");
  await client.next(shortcuts, "active");
  expect(await inhibitsIdle()).toBe(true);
  loop.host.setPolicy(policyOf("idle-inhibit off\npointer-lock off\nshortcuts-inhibit off"));
  await client.next(locked, "unlocked");
  await client.next(shortcuts, "inactive");
  await client.roundtrip();
  expect(await inhibitsIdle()).toBe(false);
  app.taken(app.pointer, "motion");
  await input.moveBy(10, 0);
  await client.next(app.pointer, "motion");
  // What the app still says of them comes to nothing, and it can ask again once it may.
  client.request(locked, "set_cursor_position_hint", [0, 0]);
  for (const object of [locked, idle, shortcuts]) client.request(object, "destroy", []);
  await client.roundtrip();
  loop.host.setPolicy(policyOf(""));
  client.create(client.bind(zwp_idle_inhibit_manager_v1), "create_inhibitor", [app.surface]);
  await client.roundtrip();
  expect(await inhibitsIdle()).toBe(true);
});

/** Whether sway takes the window for one that keeps the screen on. */
async function inhibitsIdle(): Promise<boolean> {
  const [window] = await compositor.sway.windows();
  return window?.inhibit_idle === true;
}

test("a film keeps the screen on, until it ends", async () => {
  using loop = new DisplayLoop(compositor, "arena");
  using app = await openUnderPointer(loop);
  const { client } = app;
  expect(await inhibitsIdle()).toBe(false);
  const inhibitor = client.create(client.bind(zwp_idle_inhibit_manager_v1), "create_inhibitor", [app.surface]);
  await client.roundtrip();
  expect(await inhibitsIdle()).toBe(true);
  client.request(inhibitor, "destroy", []);
  await client.roundtrip();
  expect(await inhibitsIdle()).toBe(false);
});

test("the desktop's own keys are the app's only when the policy says so", async () => {
  using shut = new DisplayLoop(compositor, "arena");
  using open = new DisplayLoop(compositor, "arena", { policy: policyOf("shortcuts-inhibit on") });
  for (const [loop, active] of [
    [shut, 0],
    [open, 1],
  ] as const) {
    using app = await openUnderPointer(loop);
    const { client } = app;
    await app.next(app.keyboard, "enter");
    const manager = client.bind(zwp_keyboard_shortcuts_inhibit_manager_v1);
    const inhibitor = client.create(manager, "inhibit_shortcuts", [app.surface, app.seat]);
    await client.roundtrip();
    expect(app.taken(inhibitor, "active").length).toBe(active);
  }
});

test("gestures are asked for and let go of", async () => {
  using loop = new DisplayLoop(compositor, "arena");
  using app = await openUnderPointer(loop);
  const { client } = app;
  const gestures = client.bind(zwp_pointer_gestures_v1);
  expect(gestures.version).toBe(3);
  const made = ["get_swipe_gesture", "get_pinch_gesture", "get_hold_gesture"].map((name) =>
    client.create(gestures, name, [app.pointer]),
  );
  for (const gesture of made) client.request(gesture, "destroy", []);
  client.request(gestures, "release", []);
  await client.roundtrip();
});
