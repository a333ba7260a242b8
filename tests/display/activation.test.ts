/** The focus is for who has the user's hand: xdg_activation through the display, on a compositor that grants it. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { xdg_activation_v1 } from "../../src/wayland/generated/xdg-activation-v1.ts";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { TestApp } from "../support/test-app.ts";

const [WIDTH, HEIGHT] = [1280, 800];
let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
let other: DisplayLoop;
const apps: TestApp[] = [];
setDefaultTimeout(30_000);

beforeAll(async () => {
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig: "focus_on_window_activation focus" });
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena");
  other = new DisplayLoop(compositor, "arena", { sandbox: "other" });
}, 60_000);
afterEach(() => {
  for (const app of apps.splice(0)) app.close();
});
afterAll(async () => {
  loop[Symbol.dispose]();
  other[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

async function open(path: string, appId: string): Promise<TestApp> {
  const app = await TestApp.open(path, appId);
  apps.push(app);
  return app;
}

/** A token that names `serial`; none when it is undefined. */
async function token(app: TestApp, serial: number | undefined): Promise<string> {
  const request = app.client.create(app.client.bind(xdg_activation_v1), "get_activation_token", []);
  app.client.request(request, "set_app_id", ["org.example.App"]);
  app.client.request(request, "set_surface", [app.surface]);
  if (serial !== undefined) app.client.request(request, "set_serial", [serial, app.seat]);
  app.client.request(request, "commit", []);
  const { args } = await app.client.next(request, "done");
  app.client.request(request, "destroy", []);
  return args[0] as string;
}

async function activate(app: TestApp, with_: string): Promise<void> {
  app.client.request(app.client.bind(xdg_activation_v1), "activate", [with_, app.surface]);
  await app.client.roundtrip();
}

const focused = async () => (await compositor.sway.windows()).find((window) => window.focused)?.app_id;

/** Two windows side by side; the left one has the focus and was clicked. */
async function clicked(
  leftPath: string,
  rightPath: string,
): Promise<{ left: TestApp; right: TestApp; serial: number }> {
  const left = await open(leftPath, "left");
  // Its surface is in the middle of the screen that it does not fill.
  await input.moveTo(WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT);
  await left.next(left.pointer, "enter");
  await input.click();
  const serial = await left.pressed();
  const right = await open(rightPath, "right");
  await compositor.swaymsg("[app_id=left] focus");
  return { left, right, serial };
}

test("a click lets an app hand the focus to another window of its sandbox", async () => {
  const { left, right, serial } = await clicked(loop.socketPath, loop.socketPath);
  expect(await focused()).toBe("vitrine.test.left");
  await activate(right, await token(left, serial));
  await compositor.sway.waitFor("the right window to be focused", (windows) =>
    windows.find((window) => window.app_id === "vitrine.test.right" && window.focused),
  );
});

test.each([
  ["without a serial", () => undefined],
  ["with a serial of chance", () => 123_456_789],
  ["with the serial of a focus, no press", async (left: TestApp) => (await left.next(left.keyboard, "enter")).args[0]],
] as const)("a token %s does nothing", async (_name, serialOf) => {
  const { left, right } = await clicked(loop.socketPath, loop.socketPath);
  const useless = await token(left, (await serialOf(left)) as number | undefined);
  expect(useless).toMatch(/^vitrine-[0-9a-f]{32}$/);
  await activate(right, useless);
  expect(await focused()).toBe("vitrine.test.left");
});

test("a token of another sandbox does nothing, and a window of the host's own gets no token of a guest's", async () => {
  const { left, right, serial } = await clicked(loop.socketPath, other.socketPath);
  const good = await token(left, serial);
  await activate(right, good);
  expect(await focused()).toBe("vitrine.test.left");
  const native = await open(compositor.socketPath, "native");
  await compositor.swaymsg("[app_id=left] focus");
  await activate(native, good);
  expect(await focused()).toBe("vitrine.test.left");
});

test("a token of a host's own app does nothing in a sandbox", async () => {
  const { left, right, serial } = await clicked(compositor.socketPath, loop.socketPath);
  await compositor.swaymsg("[app_id=left] focus");
  await activate(right, await token(left, serial));
  expect(await focused()).toBe("left");
});

test("what the policy forbids does nothing", async () => {
  using closed = new DisplayLoop(compositor, "arena", { policy: policyOf("activation off") });
  const { left, right, serial } = await clicked(closed.socketPath, closed.socketPath);
  await activate(right, await token(left, serial));
  expect(await focused()).toBe("vitrine.test.left");
});

test("a token is good for one commit", async () => {
  const app = await open(loop.socketPath, "left");
  const request = app.client.create(app.client.bind(xdg_activation_v1), "get_activation_token", []);
  app.client.request(request, "commit", []);
  app.client.request(request, "commit", []);
  const { serverError } = await app.client.ended();
  expect(serverError).toMatchObject({ interface: "xdg_activation_token_v1", code: 0 });
});
