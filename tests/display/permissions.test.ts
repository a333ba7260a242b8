/**
 * From `vitrine permissions` to an app that runs: the command as a process of its own, the control socket, a supervisor,
 * both halves of the display and a compositor. Only the virtual machine is left out.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { wp_presentation } from "../../src/wayland/generated/presentation-time.ts";
import { Compositor } from "../support/compositor.ts";
import { RunningSandbox } from "../support/running-sandbox.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

const NAME = "running";
const DEADLINE_MS = 30_000;
let compositor: Compositor;
let sandbox: RunningSandbox;

beforeAll(async () => {
  compositor = await Compositor.start({});
  sandbox = await RunningSandbox.start(NAME, compositor);
}, 60_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
  await compositor.stop();
});

const permissions = (...words: string[]) => sandbox.run("permissions", NAME, ...words);

test(
  "a window that waits for the whole screen gets it when the user allows it, and gives it back",
  async () => {
    const app = await WaylandClient.connect(sandbox.appSocket);
    const { toplevel } = await openWindow(app, { width: 300, height: 200, appId: "film" });
    const mode = (wanted: number) =>
      compositor.sway.waitForWindow((one) => one.app_id === `vitrine.${NAME}.film` && one.fullscreen_mode === wanted);
    app.request(toplevel, "set_fullscreen", [null]);
    await app.roundtrip();
    await mode(0);
    const logged = (await sandbox.run("logs", NAME)).out.toString();
    expect(logged).toContain(`to allow it: vitrine permissions ${NAME} fullscreen allow`);
    expect((await permissions("fullscreen", "allow")).status).toBe(0);
    await mode(1);
    expect((await permissions("fullscreen", "--reset")).out.toString()).toContain("ask");
    await mode(0);
    app.close();
  },
  DEADLINE_MS,
);

test(
  "an app that uses what is denied now is ended, and the command says so",
  async () => {
    const [user, bystander] = [
      await WaylandClient.connect(sandbox.appSocket),
      await WaylandClient.connect(sandbox.appSocket),
    ];
    user.bind(wp_presentation);
    await user.roundtrip();
    const { status, errors } = await permissions("interface:wp_presentation", "deny");
    expect(status).toBe(0);
    expect(errors).toBe("vitrine: 1 app connection was ended: what it used is denied now\n");
    expect((await user.ended()).serverError?.message).toContain('does not allow "wp_presentation"');
    await bystander.roundtrip();
    expect(bystander.global("wp_presentation")).toBeUndefined();
    expect((await permissions("--reset")).status).toBe(0);
    await bystander.roundtrip();
    expect(bystander.global("wp_presentation")).toBeDefined();
    for (const client of [user, bystander]) client.close();
  },
  DEADLINE_MS,
);
