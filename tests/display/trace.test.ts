/** `vitrine trace`, and the last messages of an app in the log when it is disconnected: what they show, and what never. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startVitrine } from "../../src/cli/test-support.ts";
import { wl_compositor } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "../support/compositor.ts";
import { RunningSandbox } from "../support/running-sandbox.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

const DEADLINE_MS = 30_000;
let compositor: Compositor;
let sandbox: RunningSandbox;

beforeAll(async () => {
  compositor = await Compositor.start({});
  sandbox = await RunningSandbox.start("traced", compositor);
}, 60_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
  await compositor.stop();
});

/** Starts a trace; `until` waits for output that matches. `stop` ends it like Ctrl-C does. */
function startTrace(...flags: string[]) {
  const child = startVitrine(["trace", "traced", ...flags], sandbox.environment);
  let shown = "";
  let wake = () => {};
  child.stdout?.on("data", (chunk: Buffer) => {
    shown += chunk;
    wake();
  });
  const begun = new Promise<void>((resolve) => child.stderr?.once("data", () => resolve()));
  const until = async (pattern: RegExp) => {
    while (!pattern.test(shown)) await new Promise<void>((resolve) => (wake = resolve));
    return shown;
  };
  const stop = async () => {
    child.kill("SIGINT");
    return await new Promise<number | null>((resolve) => child.once("close", resolve));
  };
  return { begun, until, stop };
}

test(
  "both sides of an app's connection are shown, names made safe, kinds left out",
  async () => {
    const all = startTrace();
    const quiet = startTrace("--filter", "drawing,shm,registry", "--json");
    await Promise.all([all.begun, quiet.begun]);
    const app = await WaylandClient.connect(sandbox.appSocket);
    await openWindow(app, { width: 50, height: 50, appId: "app", title: "a\u001b[2Jb\u202ec" });
    const shown = await all.until(/guest-> vitrine_link#0\.attach\(/);
    expect(shown).toMatch(/^\d\d:\d\d:\d\d\.\d{3} #\d+ guest-> wl_display#1\.get_registry\(new wl_registry#2\)$/m);
    expect(shown).toMatch(/ ->host {2}xdg_toplevel#\d+\.set_app_id\(18:"vitrine\.traced\.app"\)$/m);
    expect(shown).toMatch(/<-host {2}xdg_toplevel#\d+\.configure\(0, 0, array\(\d+\)\)$/m);
    expect(shown).toMatch(/guest-> xdg_toplevel#\d+\.set_title\(8:"a\ufffd\[2Jb\ufffdc"\)$/m);
    expect(shown).toMatch(/ ->guest xdg_surface#\d+\.configure\(\d+\)$/m);
    const records = (await quiet.until(/"interface":"xdg_surface","id":\d+,"message":"configure"/))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    expect(records.filter(({ category }) => ["drawing", "shm", "registry"].includes(category))).toEqual([]);
    expect(new Set(records.map(({ direction }) => direction)).size).toBe(4);
    expect([await all.stop(), await quiet.stop()]).toEqual([0, 0]);
    app.close();
  },
  DEADLINE_MS,
);

test(
  "too many traces, and a sandbox that does not run",
  async () => {
    const traces = Array.from({ length: 4 }, () => startTrace());
    for (const { begun } of traces) await begun;
    const refused = await sandbox.run("trace", "traced");
    expect(refused.status).toBe(69);
    expect(refused.errors).toContain("Cannot trace: 4 traces of the sandbox run already");
    for (const { stop } of traces) expect(await stop()).toBe(0);
    expect((await sandbox.run("trace", "other")).status).toBe(66);
  },
  DEADLINE_MS,
);

test(
  "the last messages of a hostile app are in the log, without a byte of its own making",
  async () => {
    const app = await WaylandClient.connect(sandbox.appSocket);
    const window = await openWindow(app, { width: 50, height: 50, appId: "evil", title: "\u001b]0;pwned\u0007" });
    const surface = app.create(app.bind(wl_compositor), "create_surface", []);
    app.request(surface, "damage", [1, 2, 3, 4]);
    app.request(window.toplevel, "set_title", ["\u009b31mred".repeat(100)]);
    app.request(window.xdgSurface, "set_window_geometry", [0, 0, 0x7fffffff, 1]);
    await app.ended();
    app.close();
    const log = (await sandbox.run("logs", "traced")).out.toString();
    const lines = log.slice(log.lastIndexOf("was ended: set_window_geometry")).split("\n");
    expect(lines[1]).toContain("the last messages of app connection");
    const trail = lines.slice(2).filter((line) => line !== "");
    expect(trail.length).toBeLessThanOrEqual(48);
    expect(trail.at(-1)).toMatch(/^ {2}guest-> xdg_surface#\d+\.set_window_geometry\(0, 0, 2147483647, 1\)$/);
    expect(trail.at(-2)).toMatch(/^ {2}guest-> xdg_toplevel#\d+\.set_title\(700:"\ufffd31mred\ufffd31m.*…"\)$/);
    expect(trail.at(-3)).toBe(`  guest-> wl_surface#${surface.id}.damage(1, 2, 3, 4)`);
    expect(trail).toContainEqual(expect.stringMatching(/<-host xdg_surface#\d+\.configure\(\d+\)/));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none shall be there
    expect(log).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  },
  DEADLINE_MS,
);
