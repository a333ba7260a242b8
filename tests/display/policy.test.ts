/** What the policy allows and refuses, before a real compositor: clipboard, whole screen, interfaces; also while apps run. */

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { once } from "node:events";
import { WINDOW_BORDER } from "../../src/host/display/frame/measures.ts";
import { INPUT_GRACE_MS } from "../../src/host/policy/topics.ts";
import { wp_presentation } from "../../src/wayland/generated/presentation-time.ts";
import { wl_compositor, wl_data_device_manager, wl_output, wl_seat } from "../../src/wayland/generated/wayland.ts";
import { xdg_wm_base } from "../../src/wayland/generated/xdg-shell.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow, type TestWindow } from "../support/window.ts";

setDefaultTimeout(30_000);
const NATIVE = {};
const MAXIMIZED = 1;
const FULLSCREEN = 2;
const ACTIVATED = 4;

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
/** The time by which the display judges whether input is recent. */
let clock = 0;
/** An app of the sandbox, with the focus unless another window opens. */
let app: WaylandClient;
let window: TestWindow;

beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena", { now: () => clock });
}, 60_000);
afterAll(async () => {
  app?.close();
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

beforeEach(async () => {
  app?.close();
  app = await WaylandClient.connect(loop.socketPath);
  const keyboard = app.create(app.bind(wl_seat), "get_keyboard", []);
  keyboard.on("keymap", ({ fds }) => fds[0]?.close());
  window = await openWindow(app, { width: 300, height: 200, appId: "app" });
  await app.next(keyboard, "enter");
  typed = async () => {
    await input.key("a");
    await app.next(keyboard, "key");
  };
  clock += 2 * INPUT_GRACE_MS;
});
let typed: () => Promise<void>;

const use = (policy: string) => loop.host.setPolicy(policyOf(policy));

/** What a program prints, and how it ends. */
async function run(command: string, environment: Record<string, string>): Promise<{ status: number; out: string }> {
  const child = compositor.spawn("sh", ["-c", `exec timeout 10 ${command}`], environment, "pipe");
  let out = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk;
  });
  const [status] = await once(child, "close");
  return { status, out };
}

/** Copies by wl-copy, which stays to serve the text until something else is copied. */
async function copy(text: string, environment: Record<string, string>): Promise<void> {
  const { status } = await run(`wl-copy --type text/plain '${text}' > /dev/null 2>&1`, environment);
  expect(status).toBe(0);
}
const paste = async (environment: Record<string, string>) =>
  (await run("wl-paste --no-newline --type text/plain", environment)).out;
const types = async (environment: Record<string, string>) =>
  (await run("wl-paste --list-types", environment)).out.split("\n").filter((type) => type !== "");

test("clipboard-in off: the sandbox sees nothing of what is copied outside, and keeps what is copied within", async () => {
  use("clipboard-in off\nclipboard-out on");
  await copy("outside", NATIVE);
  await typed();
  expect(await types(loop.environment)).toEqual([]);
  expect(await paste(loop.environment)).toBe("");
  await copy("inside", loop.environment);
  expect(await paste(loop.environment)).toBe("inside");
  expect(await paste(NATIVE)).toBe("inside");
});

test("clipboard-in on-paste: what there is can be seen, and read just after the user has done something", async () => {
  use("");
  await copy("pasted", NATIVE);
  expect(await types(loop.environment)).toContain("text/plain");
  expect(await paste(loop.environment)).toBe("");
  await typed();
  clock += INPUT_GRACE_MS;
  expect(await paste(loop.environment)).toBe("pasted");
  clock += 1;
  expect(await paste(loop.environment)).toBe("");
});

test("a key that was pressed elsewhere and is let go of in the app is nothing that the user did there", async () => {
  use("");
  await copy("private", NATIVE);
  const other = await WaylandClient.connect(compositor.socketPath);
  await openWindow(other, { width: 100, height: 100, appId: "other" });
  await compositor.swaymsg("[app_id=other] focus");
  await input.keyState("a", "pressed");
  await compositor.swaymsg("[app_id=vitrine.test.app] focus");
  await input.keyState("a", "released");
  await app.roundtrip();
  expect(await paste(loop.environment)).toBe("");
  other.close();
});

test("clipboard-in on: it can be read at any time", async () => {
  use("clipboard-in on");
  await copy("read", NATIVE);
  expect(await paste(loop.environment)).toBe("read");
});

test("clipboard-out off: what is copied in the sandbox stays there", async () => {
  use("clipboard-out off");
  await copy("before", NATIVE);
  // Nobody has touched the app: it may not even clear what is there.
  await copy("unasked", loop.environment);
  expect(await paste(NATIVE)).toBe("before");
  await typed();
  await copy("secret", loop.environment);
  expect(await paste(NATIVE)).toBe("");
  const veiled = await types(NATIVE);
  expect(veiled.length).toBeGreaterThan(0);
  expect(veiled.filter((type) => !/^application\/x-vitrine-[0-9a-f]{32}-\d+-\d+$/.test(type))).toEqual([]);
  expect(await types(loop.environment)).toContain("text/plain");
  expect(await paste(loop.environment)).toBe("secret");
});

test("clipboard-out on-copy: an app copies when the user has just done something in it", async () => {
  use("");
  await copy("before", NATIVE);
  await copy("unasked", loop.environment);
  expect(await paste(NATIVE)).toBe("before");
  await typed();
  await copy("asked", loop.environment);
  expect(await paste(NATIVE)).toBe("asked");
});

test("clipboard-out on: an app copies at any time; another sandbox learns the types and nothing else", async () => {
  use("clipboard-out on");
  await copy("copied", loop.environment);
  expect(await paste(NATIVE)).toBe("copied");
  using other = new DisplayLoop(compositor, "arena", { policy: policyOf("clipboard-in on") });
  const seen = await types(other.environment);
  expect(seen).toContain("text/plain");
  expect(seen.filter((type) => type.includes("vitrine"))).toEqual([]);
  expect(await paste(other.environment)).toBe("copied");
});

test("a clipboard that is closed while an app has the focus is taken from it, and given again", async () => {
  use("clipboard-in on");
  await copy("seen", NATIVE);
  const device = app.create(app.bind(wl_data_device_manager), "get_data_device", [app.bind(wl_seat)]);
  const selection = async () => (await app.next(device, "selection")).args[0];
  const offer = (await app.next(device, "data_offer")).created[0];
  expect(await selection()).toBe(offer?.id ?? 0);
  use("clipboard-in off");
  expect(await selection()).toBe(0);
  // Something new, which is kept back until it may be seen.
  await copy("hidden", NATIVE);
  expect(await selection()).toBe(0);
  await app.roundtrip();
  expect(device.take("data_offer")).toBeUndefined();
  use("clipboard-in on");
  expect(await selection()).toBe((await app.next(device, "data_offer")).created[0]?.id ?? 0);
  await app.roundtrip();
});

test("data that an app offers are taken back when they may not leave any more", async () => {
  use("clipboard-out on");
  const copying = compositor.spawn("wl-copy", ["--foreground", "mine"], loop.environment);
  await eventually("waiting for the copy", 10_000, async () => ((await paste(NATIVE)) === "mine" ? true : undefined));
  const ended = once(copying, "exit");
  use("clipboard-out off");
  // wl-copy ends when its source is cancelled.
  expect(await ended).toEqual([0, null]);
  expect(await types(NATIVE)).toEqual([]);
});

/** What the app was told last of its window's states. */
async function states(): Promise<number[]> {
  await app.roundtrip();
  let last: readonly unknown[] | undefined;
  for (let event = window.toplevel.take("configure"); event !== undefined; event = window.toplevel.take("configure"))
    last = event.args;
  if (last === undefined) last = (await app.next(window.toplevel, "configure")).args;
  const bytes = last[2] as Uint8Array;
  return [...new Uint32Array(bytes.slice().buffer)];
}
const fillsScreen = async (wanted: number) =>
  (await compositor.sway.waitForWindow(
    (one) => one.app_id === "vitrine.test.app" && one.fullscreen_mode === wanted,
  )) !== undefined;

test("fullscreen ask: the app believes it, the compositor does not; allowed while it runs, it comes true", async () => {
  use("");
  await states();
  app.request(window.toplevel, "set_fullscreen", [null]);
  expect(await states()).toContain(FULLSCREEN);
  expect(await fillsScreen(0)).toBe(true);
  expect(loop.notices.at(-1)).toContain("to allow it: vitrine permissions test fullscreen allow");
  use("fullscreen allow");
  expect(await fillsScreen(1)).toBe(true);
  expect(await states()).toEqual(expect.arrayContaining([FULLSCREEN, ACTIVATED]));
  use("fullscreen ask");
  expect(await fillsScreen(0)).toBe(true);
  expect(await states()).toContain(FULLSCREEN);
  app.request(window.toplevel, "unset_fullscreen", []);
  expect(await states()).not.toContain(FULLSCREEN);
});

test("fullscreen ask, before the window is there: the app is told the room that it has, which is not all", async () => {
  use("");
  const client = await WaylandClient.connect(loop.socketPath);
  const output = client.bind(wl_output);
  await client.roundtrip();
  const [maker, shell] = [client.bind(wl_compositor), client.bind(xdg_wm_base)];
  for (const screen of [output, null]) {
    const surface = client.create(maker, "create_surface", []);
    const toplevel = client.create(client.create(shell, "get_xdg_surface", [surface]), "get_toplevel", []);
    client.request(toplevel, "set_fullscreen", [screen]);
    client.request(surface, "commit", []);
    const { args } = await client.next(toplevel, "configure");
    expect(args.slice(0, 2)).toEqual([1280 - 2 * WINDOW_BORDER, 800 - 2 * WINDOW_BORDER]);
  }
  client.close();
});

test("fullscreen allow and deny", async () => {
  use("fullscreen allow");
  app.request(window.toplevel, "set_fullscreen", [null]);
  expect(await fillsScreen(1)).toBe(true);
  use("fullscreen deny");
  expect(await fillsScreen(0)).toBe(true);
  expect(await states()).not.toContain(FULLSCREEN);
  app.request(window.toplevel, "set_fullscreen", [null]);
  // The request is answered all the same: apps wait for that.
  expect(await states()).not.toContain(FULLSCREEN);
  expect(await fillsScreen(0)).toBe(true);
});

test.each(["mutter", "weston"] as const)(
  "fullscreen ask on %s: maximised, told as fullscreen, and back",
  async (kind) => {
    await using other = await Compositor.start({ kind });
    using through = new DisplayLoop(other, "arena");
    const client = await WaylandClient.connect(through.socketPath);
    const { toplevel } = await openWindow(client, { width: 300, height: 200, appId: "film" });
    await client.roundtrip();
    while (toplevel.take("configure") !== undefined);
    const told = async () => {
      const { args } = await client.next(toplevel, "configure");
      return { size: args.slice(0, 2), states: [...new Uint32Array((args[2] as Uint8Array).slice().buffer)] };
    };
    client.request(toplevel, "set_fullscreen", [null]);
    let { size, states: given } = await told();
    // mutter may tell of the focus first, with the size as it is.
    while (size[0] === 300) ({ size, states: given } = await told());
    expect(given).toContain(FULLSCREEN);
    expect(given).not.toContain(MAXIMIZED);
    expect(size[0]).toBe(1280 - 2 * WINDOW_BORDER);
    // weston answers no request to leave a state, natively neither.
    if (kind === "weston") return client.close();
    client.request(toplevel, "unset_fullscreen", []);
    let after = await told();
    // The compositor may have answered more than once.
    while (after.states.includes(FULLSCREEN)) after = await told();
    expect(after.states).not.toContain(MAXIMIZED);
    client.close();
  },
  60_000,
);

test("a denied interface is not offered; denied later, it goes, and with it the apps that use it", async () => {
  use("interface:wp_presentation deny");
  const late = await WaylandClient.connect(loop.socketPath);
  expect(late.global("wp_presentation")).toBeUndefined();
  use("");
  await late.roundtrip();
  late.bind(wp_presentation);
  await late.roundtrip();
  expect(app.global("wp_presentation")).toBeDefined();
  expect(loop.host.setPolicy(policyOf("interface:wp_presentation deny"))).toBe(1);
  expect((await late.ended()).serverError?.message).toBe('the policy does not allow "wp_presentation" any more');
  await app.roundtrip();
  expect(app.global("wp_presentation")).toBeUndefined();
  late.close();
});

test("a bind that crosses the removal of its global comes to nothing", async () => {
  use("");
  await app.roundtrip();
  const presentation = app.global("wp_presentation");
  use("interface:wp_presentation deny");
  app.globals.set(presentation?.name ?? 0, presentation ?? { name: 0, interface: "", version: 0 });
  const object = app.bind(wp_presentation);
  const feedback = app.create(object, "feedback", [window.surface]);
  app.request(object, "destroy", []);
  await app.roundtrip();
  expect(feedback.take("discarded")).toBeUndefined();
});

test("a broken policy: nothing new may come, nothing may be done, and what is open stays", async () => {
  await copy("outside", NATIVE);
  use("clipboard-in on\ndrag-inn on");
  await typed();
  expect(await paste(loop.environment)).toBe("");
  expect(loop.notices.at(-1)).toContain("the policy is broken: test.conf:2: no topic is called");
  app.request(window.toplevel, "set_fullscreen", [null]);
  expect(await states()).not.toContain(FULLSCREEN);
  use("clipboard-in on");
  expect(await paste(loop.environment)).toBe("outside");
});
