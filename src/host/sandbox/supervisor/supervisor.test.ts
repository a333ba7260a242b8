import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_DEADLINE_MS, eventually } from "../../../../tests/support/deadline.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import { PLAIN_LOOKS } from "../../../channel/contract/agent.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { connectUnix } from "../../../sys/socket.ts";
import { storedPath } from "../../image/store.ts";
import { SHIPPED_POLICY } from "../../policy/policy.ts";
import { snapshotKey } from "../../snapshot/snapshot-key.ts";
import { describeSnapshot, isRefused, openSnapshot } from "../../snapshot/snapshot-store.ts";
import { type Environment, sandboxPaths } from "../directories.ts";
import { acquireLock, type SandboxLock } from "../lock.ts";
import { LogFile } from "../log-file.ts";
import { HostProcessDriver } from "../test-support.ts";
import { connectSandbox, type SandboxConnection } from "./control-client.ts";
import type { EndReason } from "./lifecycle.ts";
import { Supervisor } from "./supervisor.ts";

const NAME = "one";
let folder: string;
let environment: Environment;
let lock: SandboxLock | undefined;
let log: LogFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-supervisor-"));
  environment = { XDG_RUNTIME_DIR: folder };
  lock = acquireLock(sandboxPaths(NAME, environment));
  log = new LogFile(join(folder, "log"));
});
afterEach(() => {
  log.close();
  lock?.release();
  rmSync(folder, { recursive: true });
});

function startSandbox(
  driver = new HostProcessDriver(),
  { snapshots } = { snapshots: false },
): { ended: Promise<EndReason>; driver: HostProcessDriver } {
  const supervisor = new Supervisor({
    spec: {
      name: NAME,
      colour: "blue",
      image: "demo",
      kernel: { version: "6", image: "", initramfs: "", digest: "" },
      toolsImage: "",
      appImage: "",
      layerImages: [],
      home: null,
      network: null,
      arena: null,
      snapshots,
      compositor: null,
      driver: "qemu",
      confined: true,
      session: { environment: {}, looks: PLAIN_LOOKS },
      ready: null,
    },
    paths: sandboxPaths(NAME, environment),
    consoleLog: join(folder, "console"),
    log,
    driver,
    policy: async () => SHIPPED_POLICY,
  });
  return { ended: supervisor.run(), driver };
}

const connect = () => connectSandbox(NAME, environment);
const streams = { kind: "streams" } as const;
const command = (...argv: string[]) => ({ argv, environment: {}, user: "user" as const, stdio: streams });

/** All that a stream gives, as text. */
function text(stream: ByteStream | undefined): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let all = "";
  stream?.onData((chunk) => {
    all += decoder.decode(chunk, { stream: true });
  });
  stream?.onEnd(() => resolve(all));
  stream?.onClose((error) => (error === undefined ? resolve(all) : reject(error)));
  return promise;
}

describe("supervisor", () => {
  test("processes have their own streams and exit statuses; stop ends everything", async () => {
    const { ended, driver } = startSandbox();
    const caller = await connect();
    const info = await caller.info(true);
    expect(info).toMatchObject({ name: NAME, image: "demo", state: "running", display: false, windows: 0 });
    expect(info.guestMemory).toEqual({ total: 1000, available: 600 });
    expect(info.phases.kernel).toBe((info.phases.agent ?? 0) - 20);

    const shell = await caller.launch(command("sh", "-c", "cat; echo err >&2; exit 7"));
    shell.streams.get("stdin")?.write(new TextEncoder().encode("in"));
    shell.streams.get("stdin")?.end();
    const [out, err] = [text(shell.streams.get("stdout")), text(shell.streams.get("stderr"))];
    expect(await shell.ended).toEqual({ code: 7, signal: null });
    expect(await out).toBe("in");
    expect(await err).toBe("err\n");

    const sleeper = await caller.launch(command("sleep", "60"));
    expect((await caller.info()).processes.map((process) => process.command)).toEqual(["sleep 60"]);
    await sleeper.signal("SIGINT");
    expect(await sleeper.ended).toEqual({ code: null, signal: "SIGINT" });

    await caller.stop(false);
    expect(await ended).toEqual({ kind: "requested" });
    expect(driver.machine?.monitor.signalCode).toBe("SIGTERM");
    expect(existsSync(join(folder, "vitrine", NAME))).toBe(true);
    lock?.release();
    expect(existsSync(join(folder, "vitrine", NAME))).toBe(false);
  });

  test("a command that is not there is an error, and nothing of it remains", async () => {
    const { ended } = startSandbox();
    const caller = await connect();
    await expect(caller.launch(command("no-such-command-here"))).rejects.toMatchObject({ code: "not-found" });
    expect((await caller.info()).processes).toEqual([]);
    await caller.stop(true);
    await ended;
  });

  test("a caller that goes takes its processes with it; those without stdio stay, and their output is logged", async () => {
    const { ended } = startSandbox();
    const first = await connect();
    const second = await connect();
    await first.launch(command("sleep", "61"));
    await first.launch({ ...command("sh", "-c", "echo printed; exec sleep 62"), stdio: { kind: "null" } });
    expect((await second.info()).processes).toHaveLength(2);
    first.close();
    await until(second, (count) => count === 1);
    expect(readFileSync(log.path, "utf8")).toContain("sh: printed");
    await second.stop(false);
    await ended;
  });

  test("the log tells of an app that fails since it knows only X11", async () => {
    const { ended } = startSandbox();
    const caller = await connect();
    const app = command("sh", "-c", 'echo "Error: Can\'t open display: " >&2; exit 1');
    await (await caller.launch({ ...app, stdio: { kind: "null" } })).ended;
    await eventually("waiting for the log", DEFAULT_DEADLINE_MS, () =>
      readFileSync(log.path, "utf8").includes("sh: the app seems to know only X11") ? true : undefined,
    );
    await caller.stop(false);
    await ended;
  });

  test("one caller cannot reach the process of another", async () => {
    const { ended } = startSandbox();
    const [first, second] = [await connect(), await connect()];
    const own = await first.launch(command("sleep", "63"));
    const other = await second.launch(command("true"));
    await other.ended;
    await expect(other.signal("SIGKILL")).rejects.toMatchObject({ code: "not-found" });
    await own.signal("SIGKILL");
    expect(await own.ended).toEqual({ code: null, signal: "SIGKILL" });
    await first.stop(false);
    await ended;
  });

  test("a sandbox that nobody has used ends when its caller goes", async () => {
    const { ended } = startSandbox();
    const caller = await connect();
    await caller.info(true);
    caller.close();
    expect(await ended).toEqual({ kind: "idle" });
  });

  test("callers are told why a sandbox ended under them", async () => {
    const { ended, driver } = startSandbox();
    const caller = await connect();
    const process = await caller.launch(command("sleep", "64"));
    driver.machine?.monitor.kill("SIGKILL");
    await expect(process.ended).rejects.toMatchObject({
      code: "guest-failed",
      message: expect.stringContaining("killed by SIGKILL"),
    });
    await expect(caller.info()).rejects.toMatchObject({ code: "guest-failed" });
    expect((await ended).kind).toBe("monitor-failed");
  });

  test("a guest that sends garbage on the channel is ended, and the log says why", async () => {
    const { ended, driver } = startSandbox();
    const caller = await connect();
    await caller.info(true);
    driver.machine?.agent.mux.sendFrame(7, 0, 1, 0);
    const reason = await ended;
    expect(reason.kind).toBe("agent-lost");
    expect(readFileSync(log.path, "utf8")).toMatch(
      /error: ended: the guest agent is gone: .*\n {2}console: \[ {4}0\.0\] last words/,
    );
  });

  test("a stop while the guest boots kills the machine", async () => {
    const { ended, driver } = startSandbox(new HostProcessDriver({ silent: true }));
    const caller = await connect();
    const ready = caller.info(true);
    ready.catch(() => {});
    while (driver.machine === undefined) await Bun.sleep(1);
    await caller.stop(false);
    await expect(ready).rejects.toMatchObject({ message: expect.stringContaining("stopped on request") });
    expect(await ended).toEqual({ kind: "requested" });
    expect(driver.machine.monitor.signalCode).toBe("SIGKILL");
  });

  test("garbage on the control socket costs that connection only", async () => {
    const { ended } = startSandbox();
    const caller = await connect();
    const stranger = fdStream(connectUnix(sandboxPaths(NAME, environment).socket));
    const closed = new Promise<void>((resolve) => stranger.onClose(() => resolve()));
    stranger.onData(() => {});
    stranger.onEnd(() => stranger.end());
    stranger.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example\r\n\r\n"));
    await closed;
    expect((await caller.info(true)).state).toBe("running");
    await caller.stop(true);
    await ended;
  });
});

describe("from a snapshot", () => {
  let before: string | undefined;
  beforeEach(() => {
    before = process.env.XDG_DATA_HOME;
    process.env.XDG_DATA_HOME = join(folder, "data");
  });
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_DATA_HOME;
    else process.env.XDG_DATA_HOME = before;
  });

  /** Makes one that the driver can be asked to start from. */
  async function takeSnapshot(driver: HostProcessDriver): Promise<string> {
    const kernel = { version: "6", image: "", initramfs: "", digest: "" };
    const spec = { name: NAME, kernel, toolsImage: "", appImage: "", consoleLog: "", workFolder: "", confined: true };
    const key = (await snapshotKey(driver, spec)) ?? "";
    const directory = storedPath("snapshot", key);
    mkdirSync(directory);
    describeSnapshot(directory, []);
    return key;
  }

  test("a sandbox is started from its image's, and says so", async () => {
    const driver = new HostProcessDriver();
    await takeSnapshot(driver);
    const { ended } = startSandbox(driver, { snapshots: true });
    const caller = await connect();
    const info = await caller.info(true);
    expect(driver.starts).toEqual(["restored"]);
    expect(info).toMatchObject({ state: "running", start: "restored" });
    // Its kernel started some other day.
    expect(Object.keys(info.phases)).toEqual(["vmm", "agent"]);
    await caller.stop(false);
    expect(await ended).toEqual({ kind: "requested" });
  });

  test("but not when the caller does not want that", async () => {
    const driver = new HostProcessDriver();
    await takeSnapshot(driver);
    const { ended } = startSandbox(driver, { snapshots: false });
    const caller = await connect();
    expect(await caller.info(true)).toMatchObject({ start: "cold" });
    await caller.stop(true);
    await ended;
    expect(driver.starts).toEqual(["cold"]);
  });

  test.each(["fails", "ends"] as const)(
    "one that %s costs nobody the sandbox, which is booted; nor is it tried again",
    async (restored) => {
      const driver = new HostProcessDriver({ restored });
      const key = await takeSnapshot(driver);
      const { ended } = startSandbox(driver, { snapshots: true });
      const caller = await connect();
      const info = await caller.info(true);
      expect(driver.starts).toEqual(["restored", "cold"]);
      expect(info).toMatchObject({ state: "running", start: "cold" });
      expect(await (await caller.launch(command("true"))).ended).toEqual({ code: 0, signal: null });
      expect(readFileSync(log.path, "utf8")).toContain("warning: cannot start from the snapshot, booting: ");
      expect(openSnapshot(key)).toBeUndefined();
      expect(isRefused(key)).toBe(true);
      await caller.stop(false);
      expect(await ended).toEqual({ kind: "requested" });
    },
  );

  test("a machine that somebody kills while it is restored costs nobody the sandbox, nor the snapshot", async () => {
    const driver = new HostProcessDriver({ restored: "is-killed" });
    const key = await takeSnapshot(driver);
    const { ended } = startSandbox(driver, { snapshots: true });
    const caller = await connect();
    expect(await caller.info(true)).toMatchObject({ state: "running", start: "cold" });
    expect(openSnapshot(key)?.key).toBe(key);
    expect(isRefused(key)).toBe(false);
    await caller.stop(false);
    expect(await ended).toEqual({ kind: "requested" });
  });

  test("a stop while one is restored ends it, and nothing is booted in its place", async () => {
    const driver = new HostProcessDriver({ restored: "is-silent" });
    const key = await takeSnapshot(driver);
    const { ended } = startSandbox(driver, { snapshots: true });
    const caller = await connect();
    caller.info(true).catch(() => {});
    while (driver.machine === undefined) await Bun.sleep(1);
    await caller.stop(false);
    expect(await ended).toEqual({ kind: "requested" });
    expect(driver.starts).toEqual(["restored"]);
    expect(openSnapshot(key)).toBeDefined();
  });
});

/** Waits until the number of processes is as wanted; the test's own deadline ends it. */
async function until(caller: SandboxConnection, wanted: (count: number) => boolean): Promise<void> {
  while (!wanted((await caller.info()).processes.length)) await Bun.sleep(5);
}
