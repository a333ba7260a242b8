/**
 * From `vitrine permissions` to an app that runs: the command as a process of its own, the control socket, a supervisor,
 * both halves of the display and a compositor. Only the virtual machine is left out.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARENA_BYTES } from "../../src/channel/contract/display.ts";
import { ownEnvironment, vitrine } from "../../src/cli/test-support.ts";
import { GuestDisplay } from "../../src/guest/display/guest-display.ts";
import { connectSandbox, type SandboxConnection } from "../../src/host/sandbox/control-client.ts";
import { logPaths, sandboxPaths } from "../../src/host/sandbox/directories.ts";
import type { EndReason } from "../../src/host/sandbox/lifecycle.ts";
import { acquireLock, type SandboxLock } from "../../src/host/sandbox/lock.ts";
import { LogFile } from "../../src/host/sandbox/log-file.ts";
import { loadPolicy } from "../../src/host/sandbox/policy-files.ts";
import { Supervisor } from "../../src/host/sandbox/supervisor.ts";
import { HostProcessDriver } from "../../src/host/sandbox/test-support.ts";
import { wp_presentation } from "../../src/wayland/generated/presentation-time.ts";
import { Compositor } from "../support/compositor.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

const NAME = "running";
let compositor: Compositor;
let folder: string;
let environment: Record<string, string>;
let lock: SandboxLock | undefined;
let log: LogFile;
let ended: Promise<EndReason>;
let holder: SandboxConnection;
let guest: GuestDisplay;
let appSocket: string;

beforeAll(async () => {
  compositor = await Compositor.start({});
  folder = mkdtempSync(join(tmpdir(), "vitrine-running-"));
  environment = { ...ownEnvironment(folder), XDG_CONFIG_HOME: join(folder, "config") };
  const paths = sandboxPaths(NAME, environment);
  lock = acquireLock(paths);
  log = new LogFile(logPaths(NAME, environment).supervisor);
  const driver = new HostProcessDriver();
  const supervisor = new Supervisor({
    spec: {
      name: NAME,
      image: "demo",
      kernel: { version: "6", image: "", initramfs: "", digest: "" },
      toolsImage: "",
      appImage: "",
      arena: null,
      compositor: compositor.socketPath,
      environment: {},
      driver: "qemu",
      confined: true,
    },
    paths,
    consoleLog: logPaths(NAME, environment).console,
    log,
    driver,
    policy: () => loadPolicy(NAME, environment),
  });
  ended = supervisor.run();
  holder = await connectSandbox(NAME, environment);
  await holder.info(true);
  const mux = driver.machine?.agent.mux;
  if (mux === undefined) throw new Error("the machine has no agent");
  appSocket = join(folder, "wayland-guest");
  guest = new GuestDisplay({ mux, socketPath: appSocket, pixels: { kind: "stream" }, arenaBytes: ARENA_BYTES });
}, 60_000);
afterAll(async () => {
  guest?.close();
  await holder?.stop(true);
  await ended;
  log?.close();
  lock?.release();
  await compositor.stop();
  rmSync(folder, { recursive: true });
});

const permissions = (...words: string[]) => vitrine(["permissions", NAME, ...words], environment);

test("a window that waits for the whole screen gets it when the user allows it, and gives it back", async () => {
  const app = await WaylandClient.connect(appSocket);
  const { toplevel } = await openWindow(app, { width: 300, height: 200, appId: "film" });
  const mode = (wanted: number) =>
    compositor.sway.waitForWindow((one) => one.app_id === `vitrine.${NAME}.film` && one.fullscreen_mode === wanted);
  app.request(toplevel, "set_fullscreen", [null]);
  await app.roundtrip();
  await mode(0);
  const logged = (await vitrine(["logs", NAME], environment)).out.toString();
  expect(logged).toContain(`to allow it: vitrine permissions ${NAME} fullscreen allow`);
  expect((await permissions("fullscreen", "allow")).status).toBe(0);
  await mode(1);
  expect((await permissions("fullscreen", "--reset")).out.toString()).toContain("ask");
  await mode(0);
  app.close();
});

test("an app that uses what is denied now is ended, and the command says so", async () => {
  const [user, bystander] = [await WaylandClient.connect(appSocket), await WaylandClient.connect(appSocket)];
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
});
