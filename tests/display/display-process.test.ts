/**
 * The process that shows windows, as supervisors start it: what somebody finds who has broken into it, and what becomes of a
 * sandbox when it ends.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { runTool } from "../../src/host/image/run-tool.ts";
import { expectNothingFound, INTRUDER, layBait, outcomes } from "../../src/host/vmm/intruder.test-support.ts";
import { seccompFilter } from "../../src/host/vmm/seccomp.ts";
import { Compositor } from "../support/compositor.ts";
import { RunningSandbox } from "../support/running-sandbox.ts";
import { WaylandClient } from "../support/wayland-client.ts";
import { openWindow } from "../support/window.ts";

const DEADLINE_MS = 60_000;

async function displayPid(sandbox: RunningSandbox): Promise<number> {
  const [{ displayPid }] = JSON.parse((await sandbox.run("list", "--json")).out.toString());
  return displayPid;
}

test(
  "who has broken into it finds nothing of the host, and can do nothing",
  async () => {
    await using compositor = await Compositor.start({});
    await using sandbox = await RunningSandbox.start("walled", compositor);
    const app = await WaylandClient.connect(sandbox.appSocket);
    await openWindow(app, { width: 100, height: 100, appId: "app" });
    await compositor.sway.waitForWindow(({ app_id }) => app_id === "vitrine.walled.app");
    const pid = await displayPid(sandbox);
    const bait = await layBait();
    try {
      const filter = Buffer.from(seccompFilter("none")).toString("hex");
      const found = outcomes(await runTool("env", ["-i", "perl", INTRUDER, ...bait.words, String(pid), filter]));
      expectNothingFound(found, ["node_modules", "src"], "null,urandom", process.execPath);
    } finally {
      bait.remove();
    }
    // As it runs, not only as a visitor finds it.
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^CapEff:\t0{16}$/m);
    app.close();
  },
  DEADLINE_MS,
);

test(
  "its end is the end of the sandbox, which says why",
  async () => {
    await using compositor = await Compositor.start({});
    await using sandbox = await RunningSandbox.start("bereft", compositor);
    const app = await WaylandClient.connect(sandbox.appSocket);
    await openWindow(app, { width: 100, height: 100, appId: "app" });
    await compositor.sway.waitForWindow(({ app_id }) => app_id === "vitrine.bereft.app");
    process.kill(await displayPid(sandbox), "SIGKILL");
    await app.ended();
    expect(await sandbox.ended).toEqual({ kind: "display-lost", message: "it was killed by SIGKILL" });
    expect(await compositor.sway.windows()).toEqual([]);
  },
  DEADLINE_MS,
);
