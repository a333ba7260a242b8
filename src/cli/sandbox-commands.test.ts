/** The commands for a sandbox that runs, as processes of their own, against a real supervisor without a machine. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { eventually } from "../../tests/support/deadline.ts";
import { PLAIN_LOOKS } from "../channel/contract/agent.ts";
import { logPaths, sandboxPaths } from "../host/sandbox/directories.ts";
import { acquireLock, type SandboxLock } from "../host/sandbox/lock.ts";
import { LogFile } from "../host/sandbox/log-file.ts";
import { loadPolicy } from "../host/sandbox/policy-files.ts";
import { connectSandbox, type SandboxConnection } from "../host/sandbox/supervisor/control-client.ts";
import type { EndReason } from "../host/sandbox/supervisor/lifecycle.ts";
import { Supervisor } from "../host/sandbox/supervisor/supervisor.ts";
import { HostProcessDriver } from "../host/sandbox/test-support.ts";
import { testProcessCommands } from "./process-commands.test-support.ts";
import { fileOf, handIn, handOver } from "./run/hand-in.ts";
import { launchCommand } from "./run/launch.ts";
import { ownEnvironment, startVitrine, vitrine } from "./test-support.ts";

/** For what a busy machine does in the background, in milliseconds. */
const DEADLINE_MS = 60_000;

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
    colour: "blue" as const,
    image: "demo",
    kernel: { version: "6", image: "", initramfs: "", digest: "" },
    toolsImage: "",
    appImage: "",
    layerImages: [],
    home: null,
    network: null,
    arena: null,
    snapshots: false,
    compositor: null,
    driver: "qemu" as const,
    confined: true,
    session: { environment: {}, looks: PLAIN_LOOKS },
    ready: null,
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
    expect((await run("list")).out.toString()).toMatch(/^SANDBOX .*\none {6}demo +running /);
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

describe("a file that is handed to an app", () => {
  const file = () => join(folder, "a letter.txt");
  const told: string[] = [];
  const home = process.env.HOME;
  beforeEach(() => {
    // Where a sandbox would have its home.
    process.env.HOME = join(folder, "home");
    told.length = 0;
    rmSync(process.env.HOME, { recursive: true, force: true });
    for (const name of readdirSync(folder)) if (name.includes("a letter")) rmSync(join(folder, name));
  });
  afterEach(() => {
    process.env.HOME = home;
  });
  const hand = () => handIn(holder, file(), (message) => told.push(message));
  /** Waits until the user's file has that text. */
  const comesBack = (text: string) =>
    eventually(`waiting for "${text}"`, DEADLINE_MS, () => (readFileSync(file(), "utf8") === text ? true : undefined));

  test(
    "is a copy that comes back when it is saved, in place or by another file, and is gone at the end",
    async () => {
      writeFileSync(file(), "before", { mode: 0o640 });
      const { guestPath, finish } = await hand();
      expect(guestPath).toStartWith(join(folder, "home/.cache/vitrine/opened/"));
      expect(readFileSync(guestPath, "utf8")).toBe("before");
      expect(readdirSync(dirname(guestPath))).toEqual(["a letter.txt"]);
      writeFileSync(guestPath, "saved");
      await comesBack("saved");
      writeFileSync(`${guestPath}.new`, "replaced\n".repeat(100_000));
      renameSync(`${guestPath}.new`, guestPath);
      await comesBack("replaced\n".repeat(100_000));
      expect(statSync(file()).mode & 0o777).toBe(0o640);
      writeFileSync(guestPath, "");
      await finish();
      expect(readFileSync(file(), "utf8")).toBe("");
      expect(readdirSync(join(folder, "home/.cache/vitrine/opened"))).toEqual([]);
      expect(readdirSync(folder).filter((name) => name.includes("letter"))).toEqual(["a letter.txt"]);
      expect(told).toEqual([]);
    },
    DEADLINE_MS,
  );

  test(
    "that was not saved stays as it was; one that somebody else has changed is not overwritten",
    async () => {
      writeFileSync(file(), "before");
      const unsaved = await hand();
      await unsaved.finish();
      expect(readFileSync(file(), "utf8")).toBe("before");
      const both = await hand();
      writeFileSync(file(), "somebody else's");
      writeFileSync(both.guestPath, "the app's");
      await both.finish();
      expect(readFileSync(file(), "utf8")).toBe("somebody else's");
      expect(readFileSync(`${file()}.from-sandbox`, "utf8")).toBe("the app's");
      expect(told).toEqual([expect.stringContaining("was changed by somebody else")]);
    },
    DEADLINE_MS,
  );

  test(
    "comes back when the command that handed it in is interrupted, and the app ends",
    async () => {
      writeFileSync(file(), "before");
      const { words, finish } = await handOver(holder, [file()], (message) => told.push(message));
      const launched = await launchCommand(holder, {
        argv: ["sh", "-c", 'printf saved > "$1"; echo ready; exec sleep 1000', "sh", ...words],
        environment: {},
        user: "user",
        stdio: { kind: "streams" },
      });
      await new Promise<void>((resolve) => launched.streams.get("stdout")?.onData(() => resolve()));
      const finished = finish?.(launched);
      process.emit("SIGINT");
      await finished;
      expect(await launched.ended).toMatchObject({ signal: "SIGTERM" });
      expect(readFileSync(file(), "utf8")).toBe("saved");
      expect(told).toEqual([]);
    },
    DEADLINE_MS,
  );

  test("is named by its path or address; folders and what is not there are no files", () => {
    writeFileSync(file(), "");
    expect(fileOf(file())).toBe(realpathSync(file()));
    expect(fileOf(pathToFileURL(file()).href)).toBe(realpathSync(file()));
    for (const word of [folder, join(folder, "missing"), "https://example.org/a", "--flag", "file://%00"]) {
      expect(fileOf(word)).toBeUndefined();
    }
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
