/** From a launcher to an app in a sandbox: the token by which the desktop knows that the window it waits for has come. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { vitrine } from "../../src/cli/test-support.ts";
import { xdg_activation_v1 } from "../../src/wayland/generated/xdg-activation-v1.ts";
import { Compositor } from "../support/compositor.ts";
import { VirtualInput } from "../support/input.ts";
import { RunningSandbox } from "../support/running-sandbox.ts";
import { TestApp } from "../support/test-app.ts";

const NAME = "launched";
const [WIDTH, HEIGHT] = [1280, 800];
setDefaultTimeout(30_000);
let compositor: Compositor;
let input: VirtualInput;
let sandbox: RunningSandbox;

beforeAll(async () => {
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig: "focus_on_window_activation focus" });
  input = await VirtualInput.create(compositor.socketPath);
  sandbox = await RunningSandbox.start(NAME, compositor);
}, 60_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
  input.close();
  await compositor.stop();
});

/** What an app is started with in the sandbox, by a launcher that has this token. */
async function startedWith(token: string | undefined): Promise<Map<string, string>> {
  const environment = token === undefined ? {} : { XDG_ACTIVATION_TOKEN: token };
  const { status, out } = await vitrine(["exec", NAME, "--", "env"], { ...sandbox.environment, ...environment });
  expect(status).toBe(0);
  return new Map(
    out
      .toString()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
  );
}

const focused = async () => (await compositor.sway.windows()).find((window) => window.focused)?.app_id;

test("an app gets a token of ours, by which its window gets the focus that the launcher was given", async () => {
  using launcher = await TestApp.open(compositor.socketPath, "launcher");
  await input.moveTo(WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT);
  await launcher.next(launcher.pointer, "enter");
  await input.click();
  const serial = await launcher.pressed();
  const { client } = launcher;
  const request = client.create(client.bind(xdg_activation_v1), "get_activation_token", []);
  client.request(request, "set_surface", [launcher.surface]);
  client.request(request, "set_serial", [serial, launcher.seat]);
  client.request(request, "commit", []);
  const hostToken = (await client.next(request, "done")).args[0] as string;

  const variables = await startedWith(hostToken);
  const token = variables.get("XDG_ACTIVATION_TOKEN") ?? "";
  expect(token).toMatch(/^vitrine-[0-9a-f]{32}$/);
  expect(variables.get("DESKTOP_STARTUP_ID")).toBe(token);
  using app = await TestApp.open(sandbox.appSocket, "app");
  await compositor.swaymsg("[app_id=launcher] focus");
  const activate = async (with_: string) => {
    app.client.request(app.client.bind(xdg_activation_v1), "activate", [with_, app.surface]);
    await app.client.roundtrip();
  };
  await activate(hostToken);
  expect(await focused()).toBe("launcher");
  await activate(token);
  await compositor.sway.waitForWindow((window) => window.app_id === `vitrine.${NAME}.app` && window.focused);
});

test("without a token, or with a monstrous one, an app is started with none", async () => {
  for (const token of [undefined, "", "x".repeat(5000)]) {
    const variables = await startedWith(token);
    expect([variables.get("XDG_ACTIVATION_TOKEN"), variables.get("DESKTOP_STARTUP_ID")]).toEqual([
      undefined,
      undefined,
    ]);
  }
});
