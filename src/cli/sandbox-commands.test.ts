/** The commands for a sandbox that runs, as processes of their own, against a real supervisor without a machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fdStream } from "../channel/fd-stream.ts";
import { connectSandbox, type SandboxConnection } from "../host/sandbox/control-client.ts";
import { logPaths, sandboxPaths } from "../host/sandbox/directories.ts";
import type { EndReason } from "../host/sandbox/lifecycle.ts";
import { acquireLock, type SandboxLock } from "../host/sandbox/lock.ts";
import { LogFile } from "../host/sandbox/log-file.ts";
import { Supervisor } from "../host/sandbox/supervisor.ts";
import { HostProcessDriver } from "../host/sandbox/test-support.ts";
import { openPty, setWindowSize } from "../sys/pty.ts";

const MAIN = join(import.meta.dirname, "main.ts");
let folder: string;
let environment: Record<string, string>;
let lock: SandboxLock | undefined;
let log: LogFile;
let ended: Promise<EndReason>;
/** Keeps the sandbox from being idle. */
let holder: SandboxConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-commands-"));
  environment = {
    XDG_RUNTIME_DIR: folder,
    XDG_STATE_HOME: folder,
    PATH: process.env.PATH ?? "",
    HOME: folder,
    TERM: "dumb",
  };
  const paths = sandboxPaths("one", environment);
  lock = acquireLock(paths);
  log = new LogFile(logPaths("one", environment).supervisor);
  const spec = {
    name: "one",
    image: "demo",
    kernel: { version: "6", image: "", initramfs: "", digest: "" },
    toolsImage: "",
    appImage: "",
    arena: null,
    compositor: null,
    environment: {},
  };
  const consoleLog = logPaths("one", environment).console;
  ended = new Supervisor({ spec, paths, consoleLog, log, driver: new HostProcessDriver() }).run();
  holder = await connectSandbox("one", environment);
  await holder.info(true);
});
afterAll(async () => {
  await holder.stop(true);
  await ended;
  log.close();
  lock?.release();
  rmSync(folder, { recursive: true });
});

interface Outcome {
  status: number | null;
  out: Buffer;
  errors: string;
}

function start(words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...words], { env: environment, stdio: ["pipe", "pipe", "pipe"] });
}

async function vitrine(words: readonly string[], input: string | Uint8Array = ""): Promise<Outcome> {
  const child = start(words);
  const [out, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  child.stdin?.end(input);
  const [status] = await once(child, "close");
  return { status, out: Buffer.concat(out), errors: Buffer.concat(errors).toString() };
}

describe("exec", () => {
  test("streams are apart, and the status is the command's", async () => {
    const { status, out, errors } = await vitrine(
      ["exec", "one", "--", "sh", "-c", "cat; echo problem >&2; exit 5"],
      "given",
    );
    expect({ status, out: out.toString(), errors }).toEqual({ status: 5, out: "given", errors: "problem\n" });
  });

  test("bytes pass unchanged, in both directions, from pipes and from files", async () => {
    const bytes = new Uint8Array(3_000_000).map((_, index) => (index * 7919) >> (index % 11));
    expect(Buffer.compare((await vitrine(["exec", "one", "--", "cat"], bytes)).out, bytes)).toBe(0);
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    writeFileSync(from, bytes);
    const shell = spawn(
      "sh",
      ["-c", `"$@" <"${from}" >"${to}"`, "sh", process.execPath, MAIN, "exec", "one", "--", "cat"],
      { env: environment },
    );
    expect(await once(shell, "exit")).toEqual([0, null]);
    expect(Buffer.compare(readFileSync(to), bytes)).toBe(0);
  });

  test("no such command, a signal, and a reader that has gone", async () => {
    const missing = await vitrine(["exec", "one", "--", "no-such-command-here"]);
    expect(missing.status).toBe(127);
    expect(missing.errors).toContain("no-such-command-here");
    expect((await vitrine(["exec", "one", "--", "sh", "-c", "kill -9 $$"])).status).toBe(137);
    const shell = spawn(
      "sh",
      ["-c", `"$@" | head -c 5; echo`, "sh", process.execPath, MAIN, "exec", "one", "--", "yes"],
      { env: environment },
    );
    const [chunk] = await once(shell.stdout, "data");
    expect(String(chunk)).toStartWith("y\ny\ny");
    expect(await once(shell, "exit")).toEqual([0, null]);
  });

  test("Ctrl-C goes to the command", async () => {
    const child = start([
      "exec",
      "one",
      "--",
      "sh",
      "-c",
      "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.05; done",
    ]);
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      if (out === "") child.kill("SIGINT");
      out += chunk;
    });
    expect(await once(child, "close")).toEqual([3, null]);
    expect(out).toBe("ready\ncaught\n");
  });

  test("output that a background process holds open does not keep the command", async () => {
    const began = performance.now();
    const { status, out } = await vitrine(["exec", "one", "--", "sh", "-c", "sleep 30 & echo started"]);
    expect({ status, out: out.toString() }).toEqual({ status: 0, out: "started\n" });
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe("shell", () => {
  test("is a terminal of this one's size, passes Ctrl-C on, and leaves the terminal as it was", async () => {
    const { controller, peer } = openPty({ rows: 30, columns: 90 });
    const size = controller.dup();
    const screen = fdStream(controller);
    let shown = "";
    let wake = () => {};
    screen.onData((chunk) => {
      shown += new TextDecoder().decode(chunk);
      wake();
    });
    const see = async (text: string) => {
      while (!shown.includes(text)) await new Promise<void>((resolve) => (wake = resolve));
      shown = shown.slice(shown.indexOf(text) + text.length);
    };
    const type = (text: string) => screen.write(new TextEncoder().encode(text));
    const settings = () => Bun.spawnSync(["stty", "-g"], { stdin: peer.raw }).stdout.toString();
    const before = settings();
    const child = spawn("setsid", ["--ctty", "--wait", process.execPath, MAIN, "shell", "one", "--", "sh"], {
      env: { ...environment, PS1: "ready$ " },
      stdio: [peer.raw, peer.raw, peer.raw],
    });
    type("stty size; tty\n");
    await see("30 90");
    await see("/dev/pts/");
    expect(settings()).not.toBe(before);
    setWindowSize(size, { rows: 12, columns: 34 });
    type("until [ \"$(stty size)\" = '12 34' ]; do :; done; echo re''sized\n");
    await see("resized");
    type("sleep 1000\n");
    await see("sleep 1000");
    type("\u0003");
    type("echo inter''rupted\n");
    await see("interrupted");
    type("exit 6\n");
    expect(await once(child, "exit")).toEqual([6, null]);
    expect(settings()).toBe(before);
    size.close();
    screen.destroy();
    peer.close();
  });
});

describe("list and logs", () => {
  test("list shows what runs", async () => {
    const [sandbox] = JSON.parse((await vitrine(["list", "--json"])).out.toString());
    expect(sandbox).toMatchObject({
      name: "one",
      image: "demo",
      state: "running",
      pid: process.pid,
      windows: 0,
      guestMemory: 400,
    });
    expect(sandbox.hostMemory).toBeGreaterThan(1e6);
    expect((await vitrine(["list"])).out.toString()).toMatch(/^SANDBOX .*\none {6}demo {3}running /);
  });

  test("logs are there to be read, and safe to be shown", async () => {
    expect((await vitrine(["logs", "one"])).out.toString()).toContain("agent answers, kernel 6.0-test");
    expect((await vitrine(["logs", "--console", "one"])).out.toString()).toBe("[    0.0] last\ufffd[2J words\n");
    expect((await vitrine(["logs", "two"])).status).toBe(66);
  });

  test("a log is followed while it grows", async () => {
    const child = start(["logs", "--follow", "one"]);
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
