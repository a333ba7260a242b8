/** Sandboxes from the command line, in real virtual machines: what is promised, and what happens when things go wrong. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../../tests/support/processes.ts";
import { expectNothingFound, INTRUDER, layBait, outcomes } from "../host/vmm/intruder.test-support.ts";
import { seccompFilter } from "../host/vmm/seccomp.ts";
import { HeadlessDesktop } from "./demo/headless-desktop.ts";
import { testProcessCommands } from "./process-commands.test-support.ts";
import { ownEnvironment, startVitrine, vitrine } from "./test-support.ts";

/** The packages of the demo, so that both share one image. */
const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
const IMAGE = "vitrine-test";
/** On a host that is itself emulated everything takes that much longer. */
const SLOWNESS = process.env.VITRINE_SLOW_HOST === "1" ? 8 : 1;
/** For a machine that is built, or boots under emulation beside others, in milliseconds. */
const BUILD_DEADLINE_MS = 900_000;
const BOOT_DEADLINE_MS = 240_000 * SLOWNESS;

let folder: string;
let environment: Record<string, string>;

const run = (...words: string[]) => vitrine(words, environment);
const tryStart = (sandbox: string, ...command: string[]) =>
  run("run", "--image", IMAGE, "--name", sandbox, "--no-display", "--", ...command);
const log = async (sandbox: string) => (await run("logs", sandbox)).out.toString();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
  environment = {
    ...ownEnvironment(folder),
    // What is built is shared with everyone else; what runs is not.
    XDG_DATA_HOME: process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share"),
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  };
  const { status, errors } = await run("image", "build", IMAGE, "--packages", PACKAGES);
  expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
}, BUILD_DEADLINE_MS);
afterAll(async () => {
  await run("stop", "--all", "--force");
  if (process.env.KEEP) console.log(folder);
  else rmSync(folder, { recursive: true });
});

/** Starts a command that goes on, in a sandbox of its own. */
async function start(sandbox: string, ...command: string[]): Promise<void> {
  const { status, errors } = await tryStart(sandbox, ...command);
  // The console has what a failed boot died of.
  const console = status === 0 ? "" : (await run("logs", "--console", sandbox)).out.toString();
  expect({ status, errors, console }).toMatchObject({ status: 0, console: "" });
}

interface Listed {
  readonly name: string;
  readonly supervisorPid: number;
  readonly processes: readonly unknown[];
  readonly monitorPid: number;
  readonly displayPid: number | null;
  readonly windows: number;
  readonly confined: boolean;
  readonly accelerator: string;
}

/** Asks again while the supervisor is too busy to say more than that it is there. */
async function listed(sandbox: string): Promise<Listed> {
  for (;;) {
    const all: Listed[] = JSON.parse((await run("list", "--json")).out.toString());
    const found = all.find((entry) => entry.name === sandbox);
    if (found === undefined) throw new Error(`sandbox "${sandbox}" does not run`);
    if (found.monitorPid !== null) return found;
  }
}

/** Waits until a process is gone; the test's deadline ends it. */
async function gone(pid: number): Promise<void> {
  while (runs(pid)) await Bun.sleep(20);
}

/** False also for a process that is over and only waits for its parent to ask. */
function runs(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Nothing of a sandbox is left but its logs. */
async function expectNothingLeft({ name, supervisorPid, monitorPid, displayPid }: Listed): Promise<void> {
  await Promise.all([supervisorPid, monitorPid, displayPid].map((pid) => pid !== null && gone(pid)));
  const left: Listed[] = JSON.parse((await run("list", "--json")).out.toString());
  expect(left.map((entry) => entry.name)).not.toContain(name);
  expect(readdirSync(join(folder, "vitrine"))).not.toContain(name);
}

describe("a sandbox", () => {
  test(
    "starts with its first app and tells when what was reached; the second only starts the app",
    async () => {
      const words = ["--image", IMAGE, "--name", "life", "--no-display", "--no-snapshot", "--timings", "--json"];
      const first = await run("run", ...words, "--", "sleep", "10000");
      expect({ status: first.status, errors: first.status === 0 ? "" : first.errors }).toEqual({
        status: 0,
        errors: "",
      });
      const { vmm, kernel, agent, spawn, ...others } = JSON.parse(first.out.toString());
      expect([vmm, kernel, agent, spawn]).toEqual([vmm, kernel, agent, spawn].toSorted((a, b) => a - b));
      expect(vmm).toBeGreaterThan(0);
      expect(others).toEqual({ start: "cold" });
      const second = await run("run", ...words, "--", "sleep", "10000");
      expect(Object.keys(JSON.parse(second.out.toString()))).toEqual(["spawn"]);
    },
    BOOT_DEADLINE_MS,
  );

  testProcessCommands(() => ({ sandbox: "life", environment, folder }));

  test(
    "run --wait gives the app's output and status; exec as root is root",
    async () => {
      const words = ["--image", IMAGE, "--name", "life", "--no-display", "--wait", "--"];
      const app = await run("run", ...words, "sh", "-c", "echo out; echo err >&2; exit 9");
      expect({ ...app, out: app.out.toString() }).toEqual({ status: 9, out: "out\n", errors: "err\n" });
      expect((await run("exec", "--user", "root", "life", "--", "id", "-u")).out.toString()).toBe("0\n");
      expect((await run("exec", "life", "--", "id", "-u")).out.toString()).toBe("1000\n");
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "apps may make namespaces for sandboxes of their own, and see nothing of the agent's root",
    async () => {
      const inner = "mount -t proc proc /proc && mount -t tmpfs none /mnt && echo $(id -u) $$";
      const script = `unshare --user --map-root-user --mount --pid --fork sh -c '${inner}'; ls -d /agent /arena /proc/1/root/agent`;
      const { out, errors } = await run("exec", "life", "--", "sh", "-c", script);
      expect(out.toString()).toBe("0 1\n");
      expect(errors.match(/(No such file|Permission denied)/g)).toHaveLength(3);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "another image, or windows where there is no display, are refused",
    async () => {
      const other = await run("run", "--image", "other", "--name", "life", "--no-display", "--", "true");
      expect(other.status).toBe(73);
      expect(other.errors).toContain('it runs image "vitrine-test"');
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "has a monitor that is confined: who has broken into it finds nothing of the host",
    async () => {
      const { monitorPid, confined, accelerator } = await listed("life");
      expect(confined).toBe(true);
      const bait = await layBait();
      try {
        const filter = Buffer.from(seccompFilter("none")).toString("hex");
        const intruder = ["-i", "perl", INTRUDER, ...bait.words, String(monitorPid), filter];
        const found = outcomes(await runTool("env", intruder));
        const devices = accelerator === "kvm" ? "kvm,null,urandom" : "null,urandom";
        expectNothingFound(found, ["apps", "initramfs", "kernel", "tools"], devices);
      } finally {
        bait.remove();
      }
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "gives nobody further rights, and leaves nothing of its memory when a part of it crashes",
    async () => {
      const { supervisorPid, monitorPid } = await listed("life");
      for (const pid of [supervisorPid, monitorPid]) {
        expect(readFileSync(`/proc/${pid}/limits`, "utf8")).toMatch(/^Max core file size +0 +0 /m);
        const tasks = readdirSync(`/proc/${pid}/task`);
        // Of each thread: these are no properties of a process.
        for (const task of tasks)
          expect(readFileSync(`/proc/${pid}/task/${task}/status`, "utf8")).toMatch(/^NoNewPrivs:\t1$/m);
      }
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "stop ends everything",
    async () => {
      const sandbox = await listed("life");
      expect((await run("stop", "life")).status).toBe(0);
      await expectNothingLeft(sandbox);
      expect(await log("life")).toContain("ended: stopped on request");
    },
    BOOT_DEADLINE_MS,
  );
});

describe("when things go wrong", () => {
  test(
    "an image, a sandbox and a compositor that are not there",
    async () => {
      const image = await run("run", "--image", "no-such-image", "--no-display", "--", "true");
      expect(image.status).toBe(66);
      expect(image.errors).toContain("no-such-image");
      expect(image.errors).toContain("  fix: ");
      expect((await run("exec", "no-such-sandbox", "--", "true")).status).toBe(66);
      const nowhere = await vitrine(["run", "--image", IMAGE, "--", "foot"], {
        ...environment,
        WAYLAND_DISPLAY: "/nowhere",
      });
      expect(nowhere.status).toBe(69);
      expect(nowhere.errors).toContain('Cannot reach the compositor at "/nowhere"');
      // The supervisor gives its folder back when its callers have heard, which may be after the command has ended.
      while (readdirSync(join(folder, "vitrine")).length > 0) await Bun.sleep(20);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "Ctrl-C while the guest boots leaves nothing",
    async () => {
      const child = startVitrine(
        ["run", "--image", IMAGE, "--name", "early", "--no-display", "--no-snapshot", "--", "true"],
        environment,
      );
      let sandbox: Listed | undefined;
      while (sandbox === undefined) sandbox = await listed("early").catch(() => undefined);
      child.kill("SIGINT");
      expect(await once(child, "exit")).toEqual([null, "SIGINT"]);
      await expectNothingLeft(sandbox);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "a command that is not in the guest; then a panic of its kernel",
    async () => {
      const missing = await tryStart("panic", "no-such-command-here");
      expect(missing.status).toBe(127);
      expect(missing.errors).toContain("no-such-command-here");
      await start("panic", "sleep", "10000");
      const sandbox = await listed("panic");
      const crash = await run("exec", "--user", "root", "panic", "--", "sh", "-c", "echo c > /proc/sysrq-trigger");
      expect(crash.status).toBe(71);
      expect(crash.errors).toContain("the guest's kernel panicked: ");
      await expectNothingLeft(sandbox);
      expect(await log("panic")).toMatch(/error: ended: the guest's kernel panicked/);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "the agent is killed",
    async () => {
      await start("agentless", "sleep", "10000");
      const sandbox = await listed("agentless");
      const script =
        'cd /proc; for process in [0-9]*; do case "$(cat $process/cmdline)" in /agent/*) kill -9 $process;; esac; done';
      const killer = await run("exec", "--user", "root", "agentless", "--", "sh", "-c", script);
      expect(killer.status).toBe(71);
      expect(killer.errors).toContain("the guest agent is gone");
      await expectNothingLeft(sandbox);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "the supervisor is killed: its machine goes with it, and the next command cleans up",
    async () => {
      await start("orphan", "sleep", "10000");
      const { supervisorPid, monitorPid } = await listed("orphan");
      const waiting = run("exec", "orphan", "--", "sleep", "10000");
      while ((await listed("orphan")).processes.length < 2) await Bun.sleep(50);
      process.kill(supervisorPid, "SIGKILL");
      expect((await waiting).status).toBe(71);
      await Promise.all([gone(supervisorPid), gone(monitorPid)]);
      expect(readdirSync(join(folder, "vitrine"))).toContain("orphan");
      expect((await run("list")).out.toString()).not.toContain("orphan");
      expect(readdirSync(join(folder, "vitrine"))).not.toContain("orphan");
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "the compositor dies: the sandbox ends and says why",
    async () => {
      const desktop = await HeadlessDesktop.start();
      let sandbox: Listed;
      try {
        const words = ["run", "--image", IMAGE, "--name", "windowless", "--timings", "--json", "--", "foot"];
        const app = await vitrine(words, { ...environment, WAYLAND_DISPLAY: desktop.socket });
        expect(JSON.parse(app.out.toString()).firstFrame).toBeGreaterThan(0);
        sandbox = await listed("windowless");
        expect(sandbox.windows).toBe(1);
        expect(runs(sandbox.displayPid ?? 0)).toBe(true);
      } finally {
        await desktop.stop();
      }
      await expectNothingLeft(sandbox);
      expect(await log("windowless")).toContain("ended: the compositor went away, and the windows with it");
    },
    BOOT_DEADLINE_MS,
  );
});
