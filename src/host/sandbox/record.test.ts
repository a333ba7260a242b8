import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSandboxName, type Environment, logPaths, runtimeDirectory, sandboxPaths } from "./directories.ts";
import { acquireLock } from "./lock.ts";
import { findSandbox, listSandboxes, ownRecord, writeRecord } from "./record.ts";

let folder: string;
let environment: Environment;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-records-"));
  environment = { XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, "state") };
});
afterEach(() => rmSync(folder, { recursive: true }));

const record = (name: string) => ({
  ...{ name, image: "demo", supervisorPid: process.pid, startedAt: 1 },
  ...{ idleSince: null, shrunk: false },
});

describe("directories", () => {
  test("names that could leave the folder, or not be a host name, are refused", () => {
    for (const name of ["", "..", "a/b", "A", "-a", "a".repeat(49), "a.b", "a\n"]) {
      expect(() => checkSandboxName(name)).toThrow("as the name of a sandbox");
    }
    expect(checkSandboxName("a".repeat(48))).toHaveLength(48);
  });

  test("a runtime directory that others can enter, or a link in its place, is refused", () => {
    chmodSync(runtimeDirectory(environment), 0o755);
    expect(() => runtimeDirectory(environment)).toThrow("only user");
    rmSync(join(folder, "vitrine"), { recursive: true });
    mkdirSync(join(folder, "elsewhere"), { mode: 0o700 });
    symlinkSync(join(folder, "elsewhere"), join(folder, "vitrine"));
    expect(() => runtimeDirectory(environment)).toThrow("only user");
  });

  test("logs are below the state directory", () => {
    expect(logPaths("a", environment).console).toBe(join(folder, "state/vitrine/logs/a.console.log"));
  });
});

describe("records", () => {
  test("a sandbox exists while its lock is held, and leaves nothing", () => {
    const paths = sandboxPaths("one", environment);
    expect(findSandbox("one", environment)).toBeUndefined();
    const lock = acquireLock(paths);
    expect(findSandbox("one", environment)).toEqual({ kind: "beginning", name: "one" });
    writeRecord(paths, record("one"));
    expect(findSandbox("one", environment)).toEqual({ kind: "recorded", name: "one", record: record("one") });
    expect(acquireLock(paths)).toBeUndefined();
    lock?.release();
    lock?.release();
    expect(findSandbox("one", environment)).toBeUndefined();
    expect(readdirSync(runtimeDirectory(environment))).toEqual([]);
  });

  test("what a crash left is removed when sandboxes are listed; living ones and strangers' files stay", () => {
    const dead = sandboxPaths("dead", environment);
    mkdirSync(dead.directory);
    for (const path of [dead.lock, dead.socket, dead.record]) writeFileSync(path, "");
    mkdirSync(sandboxPaths("empty", environment).directory);
    writeFileSync(join(runtimeDirectory(environment), "Stranger"), "");
    const lock = acquireLock(sandboxPaths("alive", environment));
    expect(listSandboxes(environment)).toEqual([{ kind: "beginning", name: "alive" }]);
    expect(readdirSync(runtimeDirectory(environment)).sort()).toEqual(["Stranger", "alive"]);
    lock?.release();
  });

  test("of a trial that crashed no log is left; another sandbox keeps its own", () => {
    for (const trial of [true, false]) {
      const name = trial ? "try-crashed" : "crashed";
      const paths = sandboxPaths(name, environment);
      mkdirSync(paths.directory);
      writeFileSync(paths.lock, "");
      writeRecord(paths, { ...record(name), ...ownRecord({ name, image: "demo", trial }, 1) });
      for (const path of Object.values(logPaths(name, environment))) writeFileSync(path, "");
    }
    expect(listSandboxes(environment)).toEqual([]);
    expect(readdirSync(join(folder, "state/vitrine/logs")).sort()).toEqual(["crashed.console.log", "crashed.log"]);
  });

  test("the lock of a process that is killed is free", async () => {
    const script = `
      import { sandboxPaths } from ${JSON.stringify(join(import.meta.dirname, "directories.ts"))};
      import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
      acquireLock(sandboxPaths("victim"));
      console.log("locked");
      process.stdin.resume();
    `;
    const child = spawn(process.execPath, ["-e", script], {
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(findSandbox("victim", environment)?.kind).toBe("beginning");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(findSandbox("victim", environment)).toBeUndefined();
    expect(existsSync(sandboxPaths("victim", environment).directory)).toBe(false);
  });
});
