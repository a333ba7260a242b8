/**
 * In the emulated host, as an ordinary user: what KVM is for, step by step. Each step is a line of its own on the console,
 * which tests/kvm/main.ts reads. Then the test suites of virtual machines that were asked for.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { HeadlessDesktop } from "../../src/cli/demo/headless-desktop.ts";
import { ownEnvironment, startVitrine, vitrine } from "../../src/cli/test-support.ts";
import { eventually } from "../support/deadline.ts";

const IMAGE = "vitrine-test";
const SNAPSHOT_DEADLINE_MS = 900_000;
const WINDOW_DEADLINE_MS = 900_000;
/** How a driver other than QEMU, whose program was given, is asked for. */
const DRIVER = process.env.VITRINE_KVM_DRIVER ?? "qemu";
/** Which of their tests. */
const TESTS = process.env.VITRINE_KVM_TESTS ?? ".";
const SUITES = (process.env.VITRINE_KVM_SUITES ?? "").split(",").filter(Boolean);

const environment = {
  ...ownEnvironment("/run/user/1000"),
  HOME: "/home/user",
  XDG_DATA_HOME: process.env.XDG_DATA_HOME ?? "",
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? "",
};
const began = performance.now();
let failed = 0;

/** Runs a step; what it resolves to is shown. */
async function step(name: string, act: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  let outcome: Record<string, unknown>;
  try {
    outcome = { ok: true, facts: await act() };
  } catch (error) {
    failed += 1;
    outcome = { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
  const seconds = (milliseconds: number) => Math.round(milliseconds / 100) / 10;
  const times = { seconds: seconds(performance.now() - from), at: seconds(performance.now() - began) };
  console.log(`KVM-STEP ${JSON.stringify({ name, ...outcome, ...times })}`);
}

async function succeed(...words: string[]): Promise<string> {
  const { status, out, errors } = await vitrine(words, environment);
  if (status === 0) return out.toString();
  throw new Error(`"${words.join(" ")}" ended with ${status}: ${errors}`);
}

async function start(name: string, expected: "cold" | "restored"): Promise<unknown> {
  const words = ["--image", IMAGE, "--name", name, "--no-display", "--driver", DRIVER, "--timings", "--json"];
  const timings = JSON.parse(await succeed("run", ...words, "--", "sleep", "100000"));
  if (timings.start !== expected) throw new Error(`it was started "${timings.start}", not "${expected}"`);
  const [{ accelerator, confined, driver }] = JSON.parse(await succeed("list", "--json"));
  if (accelerator !== "kvm" || confined !== true) throw new Error(`it runs by "${accelerator}", confined: ${confined}`);
  return { ...timings, driver };
}

interface Listed {
  readonly name: string;
  readonly state: string;
  readonly windows: number;
  readonly displayPid: number;
}

/** The running sandbox of which `accept` is true, as soon as there is one. */
function listed(what: string, accept: (sandbox: Listed) => boolean): Promise<Listed> {
  return eventually(`waiting for ${what}`, WINDOW_DEADLINE_MS, async () =>
    (JSON.parse(await succeed("list", "--json", "--running")) as Listed[]).find(accept),
  );
}

/** Does something on a desktop that nobody sees, and ends all sandboxes then. */
async function onDesktop(act: (environment: Record<string, string>) => Promise<void>): Promise<void> {
  const desktop = await HeadlessDesktop.start();
  try {
    await act({ ...environment, WAYLAND_DISPLAY: desktop.socket });
  } finally {
    await vitrine(["stop", "--all", "--force"], environment);
    await desktop.stop();
  }
}

await step("doctor finds KVM by booting with it", async () => {
  const { out } = await vitrine(["doctor", "--json"], environment);
  const checks: { name: string; state: string; detail: string }[] = JSON.parse(out.toString());
  const driver = checks.find(({ name }) => name === `driver ${DRIVER}`);
  if (driver?.state !== "ok" || !driver.detail.startsWith("used")) throw new Error(JSON.stringify(driver));
  return driver.detail;
});
await step("a cold start", () => start("first", "cold"));
await step("programs run, and may make user namespaces", async () => {
  const out = await succeed("exec", "first", "--", "unshare", "--user", "--map-root-user", "id", "-u");
  if (out.trim() !== "0") throw new Error(`"${out}" was printed`);
  return undefined;
});
await step("a snapshot is taken", async () => {
  const log = () => succeed("logs", "first");
  await eventually("waiting for the snapshot to be begun", SNAPSHOT_DEADLINE_MS, async () =>
    (await log()).includes("a snapshot is taken") ? true : undefined,
  );
  await succeed("stop", "first");
  const found = await eventually("waiting for the snapshot", SNAPSHOT_DEADLINE_MS, async () => {
    const { readdirSync } = await import("node:fs");
    const names = readdirSync(`${environment.XDG_DATA_HOME}/vitrine`);
    return names.find((name) => /^snapshot-[0-9a-f]+$/.test(name));
  });
  return { found };
});
await step("a start from it", () => start("second", "restored"));
await step("memory comes and goes", async () => {
  const out = await succeed("exec", "second", "--", "sh", "-c", "sed -n 's/^MemTotal: *//p' /proc/meminfo");
  return { memory: out.trim() };
});
await step("stop", async () => void (await succeed("stop", "--all")));
await step("a trial leaves a machine that is ready, and the next one takes it", () =>
  onDesktop(async (onIt) => {
    const words = ["try", IMAGE, "--", "foot"];
    const first = startVitrine(words, onIt);
    const ready = await listed("a ready machine", ({ state }) => state === "ready");
    const firstEnded = once(first, "exit");
    first.kill("SIGTERM");
    await firstEnded;
    const second = startVitrine(words, onIt);
    const running = await listed("the second trial", ({ state, windows }) => state === "running" && windows === 1);
    if (running.name !== ready.name) throw new Error(`it runs in "${running.name}", "${ready.name}" was ready`);
    const secondEnded = once(second, "exit");
    second.kill("SIGTERM");
    await secondEnded;
  }),
);
await step("the display process is killed: its sandbox ends", () =>
  onDesktop(async (onIt) => {
    const { status, errors } = await vitrine(
      ["run", "--image", IMAGE, "--name", "blind", "--driver", DRIVER, "--", "foot"],
      onIt,
    );
    if (status !== 0) throw new Error(`"run" ended with ${status}: ${errors}`);
    const { displayPid } = await listed("its window", ({ name, windows }) => name === "blind" && windows === 1);
    process.kill(displayPid, "SIGKILL");
    await eventually("waiting for its end", WINDOW_DEADLINE_MS, async () =>
      JSON.parse(await succeed("list", "--json", "--running")).length === 0 ? true : undefined,
    );
    const log = await succeed("logs", "blind");
    if (!log.includes("SIGKILL")) throw new Error(`its log does not say so: ${log.slice(-500)}`);
  }),
);
for (const suite of SUITES) {
  await step(`suite ${suite}`, async () => {
    const child = spawn(process.execPath, ["test", "--timeout", "1800000", "-t", TESTS, suite], { stdio: "inherit" });
    const [status] = await once(child, "exit");
    if (status !== 0) throw new Error(`it ended with ${status}`);
  });
}
process.exit(failed === 0 ? 0 : 1);
