import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../../../tests/support/deadline.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { memfdCreate } from "../../sys/memory.ts";
import { socketPair } from "../../sys/socket.ts";
import { runScript } from "../../sys/test-support.ts";
import { type MonitorView, seenPath } from "./confinement.ts";
import { findProgram } from "./find-program.ts";
import { type Bait, expectNothingFound, INTRUDER, layBait, outcomes } from "./intruder.test-support.ts";
import { type MonitorCommand, MonitorProcess } from "./monitor-process.ts";

const execute = promisify(execFile);

/** For processes that start and end, on a busy machine, in milliseconds. */
const DEADLINE_MS = 30_000;

let folder: string;
let disk: string;
let bait: Bait;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-walls-"));
  disk = join(folder, "disk.img");
  writeFileSync(disk, "disk");
  bait = await layBait();
});
afterAll(() => {
  bait.remove();
  rmSync(folder, { recursive: true });
});

function program(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`the test needs "${name}"`);
  return path;
}

function view(options: Partial<MonitorView> = {}): MonitorView {
  return {
    files: { disk, script: INTRUDER },
    support: [],
    devices: ["/dev/null", "/dev/urandom"],
    sockets: "none",
    ...options,
  };
}

function start(name: string, args: readonly string[], options: Partial<MonitorCommand> = {}): MonitorProcess {
  return new MonitorProcess({
    name,
    program: program(name),
    args,
    view: view(),
    confined: true,
    inherited: [],
    ...options,
  });
}

/** Runs a program to its end; what it printed, and how it ended. */
async function run(name: string, args: readonly string[], options: Partial<MonitorCommand> = {}) {
  const [ours, theirs] = socketPair();
  const child = start(name, args, { ...options, output: theirs });
  theirs.close();
  const text = readAll(fdStream(ours));
  const end = await child.exited;
  return { ...end, errors: child.message, output: await text };
}

function readAll(stream: ReturnType<typeof fdStream>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let text = "";
  stream.onData((chunk) => {
    text += decoder.decode(chunk, { stream: true });
  });
  stream.onEnd(() => resolve(text));
  stream.onClose(() => resolve(text));
  return promise;
}

describe("a confined monitor", () => {
  test(
    "finds nothing of the host, and its kernel refuses what a monitor does not need",
    async () => {
      const perl = await run("perl", [seenPath(view(), "script", true), ...bait.words]);
      expect(perl).toMatchObject({ status: 0, errors: "" });
      const found = outcomes(perl.output);
      expect(found.size).toBeGreaterThan(35);
      expectNothingFound(found, ["disk", "script"]);
      // Without the filter these would be granted or end elsewhere.
      expect(found.get("vsock")).toBe("EAFNOSUPPORT");
      expect(found.get("abstract-socket")).toBe("EAFNOSUPPORT");
      expect(found.get("io-uring")).toBe("EPERM");
    },
    DEADLINE_MS,
  );

  test(
    "may make Unix sockets where it must, but reaches none of the host's",
    async () => {
      const perl = await run("perl", [seenPath(view(), "script", true), ...bait.words], {
        view: view({ sockets: "unix" }),
      });
      const found = outcomes(perl.output);
      expect(found.get("abstract-socket")).toBe("ECONNREFUSED");
      expect([found.get("tcp-host"), found.get("vsock")]).toEqual(["EAFNOSUPPORT", "EAFNOSUPPORT"]);
    },
    DEADLINE_MS,
  );

  test(
    "with the network reaches that, and nothing else of the host",
    async () => {
      const perl = await run("perl", [seenPath(view(), "script", true), ...bait.words], {
        view: view({ sockets: "internet" }),
      });
      const found = outcomes(perl.output);
      expect(found.get("tcp-host")).toBe("done");
      for (const name of ["tcp-host", "tcp-outside"]) found.delete(name);
      for (const name of ["abstract-socket", "vsock", "netlink", "packet"])
        expect(found.get(name)).toBe("EAFNOSUPPORT");
      expectNothingFound(found, ["disk", "script"]);
    },
    DEADLINE_MS,
  );

  test(
    "finds as little when an ordinary user starts it",
    async () => {
      const script = `
        const { MonitorProcess } = await import("./monitor-process.ts");
        const { OwnedFd } = await import("../../sys/fd.ts");
        if (process.getuid() === 0) throw new Error("this is root");
        const child = new MonitorProcess({ name: "perl", program: ${JSON.stringify(program("perl"))},
          args: ${JSON.stringify([seenPath(view(), "script", true), ...bait.words])},
          view: ${JSON.stringify(view())}, confined: true, inherited: [], output: OwnedFd.own(1) });
        process.exit((await child.exited).status);`;
      // The tests' own files are another user's then, and open to all.
      chmodSync(folder, 0o755);
      const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
      const drop = process.getuid?.() === 0 ? ["setpriv", ...nobody] : [];
      const [command = "", ...args] = [...drop, process.execPath, "-e", script];
      expectNothingFound(outcomes((await execute(command, args, { cwd: import.meta.dirname })).stdout), [
        "disk",
        "script",
      ]);
    },
    DEADLINE_MS,
  );

  test(
    "writes in its working folder and nowhere else",
    async () => {
      const script = 'open(F, ">", "mine") or die; print F "x"; close F; open(F, ">", "../vitrine-x") and die; exit 3';
      const perl = await run("perl", ["-e", script], { view: view({ workFolder: folder }) });
      expect(perl).toMatchObject({ status: 3, signal: undefined });
      expect(readFileSync(join(folder, "mine"), "utf8")).toBe("x");
      expect(existsSync(join(folder, "../vitrine-x"))).toBe(false);
    },
    DEADLINE_MS,
  );

  test(
    "writes the files that it may write, and no others",
    async () => {
      const data = join(folder, "data");
      writeFileSync(data, "old");
      const walls = view({ writableFiles: { data } });
      const script = `open(F, ">", "${seenPath(walls, "data", true)}") or die; print F "new"; close F;
        open(F, ">>", "${seenPath(walls, "disk", true)}") and die; open(F, ">", "${seenPath(walls, "data", true)}2") and die`;
      expect(await run("perl", ["-e", script], { view: walls })).toMatchObject({ status: 0, errors: "" });
      expect([readFileSync(data, "utf8"), readFileSync(disk, "utf8")]).toEqual(["new", "disk"]);
    },
    DEADLINE_MS,
  );

  test(
    "uses the descriptors that it inherits, a memory file by its path in /proc as well, and has no others",
    async () => {
      using memory = memfdCreate("arena", 4096, ["shrink", "grow", "seal"]);
      const [ours, theirs] = socketPair();
      const script = `
        opendir(D, "/proc/self/fd"); print join(",", sort { $a <=> $b } grep { /^\\d+$/ && $_ != fileno(D) } readdir D), " ";
        open(M, "+<", "/proc/self/fd/4") or die "memory: $!"; print M "written"; close M;
        open(S, "+<&=3") or die "socket: $!"; syswrite(S, "hello");`;
      const perl = await run("perl", ["-e", script], { inherited: [theirs, memory] });
      theirs.close();
      expect(perl).toMatchObject({ status: 0, errors: "", output: "0,1,2,3,4 " });
      expect(readFileSync(`/proc/self/fd/${memory.raw}`, "utf8").slice(0, 7)).toBe("written");
      expect(await readAll(fdStream(ours))).toBe("hello");
    },
    DEADLINE_MS,
  );

  test(
    "is known by its own process id; a signal that ends it is told",
    async () => {
      const child = start("sleep", ["1000"]);
      const pid = await child.pid;
      await eventually(
        "starting",
        DEADLINE_MS,
        () => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n" || undefined,
      );
      process.kill(pid, "SIGKILL");
      expect(await child.exited).toEqual({ status: undefined, signal: "SIGKILL" });
    },
    DEADLINE_MS,
  );

  test(
    "ends with kill(), at whatever point of its start, and the promise waits for its real end",
    async () => {
      for (const delay of [undefined, 0, 1, 2, 4, 8, 16, 32]) {
        const child = start("sleep", ["1000"]);
        if (delay !== undefined) await Bun.sleep(delay);
        child.kill();
        expect(await child.exited).toEqual({ status: undefined, signal: "SIGKILL" });
        expect(existsSync(`/proc/${await child.pid}`)).toBe(false);
      }
    },
    DEADLINE_MS,
  );

  test(
    "dies with the process that started it, killed or ended",
    async () => {
      const script = `
        const { MonitorProcess } = await import("../host/vmm/monitor-process.ts");
        const child = new MonitorProcess({ name: "sleep", program: ${JSON.stringify(program("sleep"))}, args: ["1000"],
          view: { files: {}, support: [], devices: [], sockets: "none" }, confined: true, inherited: [] });
        require("node:fs").writeSync(1, String(await child.pid));
        process.kill(process.pid, "SIGKILL");`;
      const { output, signal } = await runScript(script);
      expect(signal).toBe("SIGKILL");
      const pid = Number(output);
      expect(pid).toBeGreaterThan(0);
      while (existsSync(`/proc/${pid}`)) await Bun.sleep(10);
    },
    DEADLINE_MS,
  );

  test(
    "what cannot be walled in does not run, and the error says what mends it",
    async () => {
      const child = start("sleep", ["1000"], { view: view({ files: { disk: join(folder, "not-there") } }) });
      expect(await child.exited).toEqual({ status: 1, signal: undefined });
      expect(child.failure()).toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("Cannot confine the virtual machine monitor: bwrap: "),
        fix: expect.stringContaining("--unconfined"),
      });
    },
    DEADLINE_MS,
  );
});
