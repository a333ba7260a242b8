/** The commands for a sandbox that runs, as processes of their own, against a real supervisor without a machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectSandbox, type SandboxConnection } from "../host/sandbox/control-client.ts";
import { logPaths, sandboxPaths } from "../host/sandbox/directories.ts";
import type { EndReason } from "../host/sandbox/lifecycle.ts";
import { acquireLock, type SandboxLock } from "../host/sandbox/lock.ts";
import { LogFile } from "../host/sandbox/log-file.ts";
import { loadPolicy } from "../host/sandbox/policy-files.ts";
import { Supervisor } from "../host/sandbox/supervisor.ts";
import { HostProcessDriver } from "../host/sandbox/test-support.ts";
import { testProcessCommands } from "./process-commands.test-support.ts";
import { ownEnvironment, startVitrine, vitrine } from "./test-support.ts";

let folder: string;
let environment: Record<string, string>;
let lock: SandboxLock | undefined;
let log: LogFile;
let ended: Promise<EndReason>;
const driver = new HostProcessDriver();
/** Keeps the sandbox from being idle. */
let holder: SandboxConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-commands-"));
  environment = ownEnvironment(folder);
  const paths = sandboxPaths("one", environment);
  lock = acquireLock(paths);
  log = new LogFile(logPaths("one", environment).supervisor);
  const spec = {
    name: "one",
    image: "demo",
    kernel: { version: "6", image: "", initramfs: "", digest: "" },
    toolsImage: "",
    appImage: "",
    home: null,
    network: null,
    arena: null,
    snapshots: false,
    compositor: null,
    driver: "qemu" as const,
    confined: true,
    environment: {},
  };
  const consoleLog = logPaths("one", environment).console;
  const policy = () => loadPolicy("one", environment);
  ended = new Supervisor({ spec, paths, consoleLog, log, driver, policy }).run();
  holder = await connectSandbox("one", environment);
  await holder.info(true);
});
afterAll(async () => {
  holder.close();
  driver.machine?.monitor.kill("SIGKILL");
  await ended;
  log.close();
  lock?.release();
  rmSync(folder, { recursive: true });
});

const run = (...words: string[]) => vitrine(words, environment);

testProcessCommands(() => ({ sandbox: "one", environment, folder }));

describe("list and logs", () => {
  test("list shows what runs", async () => {
    const [sandbox] = JSON.parse((await run("list", "--json")).out.toString());
    expect(sandbox).toMatchObject({
      name: "one",
      image: "demo",
      state: "running",
      supervisorPid: process.pid,
      windows: 0,
      guestMemory: 400,
    });
    expect(sandbox.ownMemory).toBeGreaterThan(1e6);
    expect(sandbox.sharedMemory).toBeGreaterThan(1e6);
    expect((await run("list")).out.toString()).toMatch(/^SANDBOX .*\none {6}demo {3}running /);
  });

  test("logs are there to be read, and safe to be shown", async () => {
    expect((await run("logs", "one")).out.toString()).toContain("agent answers, kernel 6.0-test");
    expect((await run("logs", "--console", "one")).out.toString()).toBe("[    0.0] last\ufffd[2J words\n");
    expect((await run("logs", "two")).status).toBe(66);
  });

  test("a log is followed while it grows", async () => {
    const child = startVitrine(["logs", "--follow", "one"], environment);
    let shown = "";
    const seen = new Promise<void>((resolve) =>
      child.stdout?.on("data", (chunk: Buffer) => {
        shown += chunk;
        if (shown.includes("sandbox") && !shown.includes("one more line")) log.entry("info", "one more line");
        if (shown.includes("one more line")) resolve();
      }),
    );
    await seen;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
});

test("a command whose sandbox ends under it ends, and says why", async () => {
  const child = startVitrine(["exec", "one", "--", "sh", "-c", "echo ready; exec sleep 1000"], environment);
  let errors = "";
  child.stdout?.once("data", () => driver.machine?.monitor.kill("SIGKILL"));
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk;
  });
  expect(await once(child, "close")).toEqual([71, null]);
  expect(errors).toContain('Sandbox "one" has ended: the virtual machine monitor failed: it was killed by SIGKILL');
});
