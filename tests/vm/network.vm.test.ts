/** What guests reach by each policy, in a network that is made for it: nothing leaves the machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ownDataHome, ownEnvironment, VITRINE, vitrine } from "../../src/cli/test-support.ts";
import { eventually } from "../support/deadline.ts";
import { HOST, HOST_PORT, NetworkBed, WORLD } from "../support/network-bed.ts";
import { endSnapshotTakers } from "../support/snapshot-takers.ts";

/** The packages of the demo, so that all share one image. */
const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
const IMAGE = "vitrine-test";
/** In milliseconds; a build, if it must be, takes minutes, a boot under emulation beside others up to one. */
const BUILD_DEADLINE_MS = 900_000;
const BOOT_DEADLINE_MS = 240_000;
const GATEWAY = "192.0.0.2";

const [near, nearIpv6] = WORLD.near;
const [www, deep, other, wwwIpv6] = WORLD.internet;

let folder: string;
let environment: Record<string, string>;
let bed: NetworkBed;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
  const shared = { XDG_DATA_HOME: process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share") };
  environment = { ...ownEnvironment(folder), XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache") };
  const { status, errors } = await vitrine(["image", "build", IMAGE, "--packages", PACKAGES], {
    ...environment,
    ...shared,
  });
  expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
  environment.XDG_DATA_HOME = await ownDataHome(folder);
  bed = await NetworkBed.start(join(folder, "network"));
}, BUILD_DEADLINE_MS);
afterAll(async () => {
  await run("stop", "--all", "--force");
  await endSnapshotTakers(environment.XDG_DATA_HOME ?? "");
  await bed.stop();
  rmSync(folder, { recursive: true });
});

/** Runs a command on the host of the made network. */
async function run(...words: string[]): Promise<{ status: number; out: string; errors: string }> {
  const [command = "", ...args] = [...bed.prefix, ...VITRINE, ...words];
  const child = spawn(command, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let [out, errors] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (errors += text));
  const [status] = await once(child, "close");
  return { status, out, errors };
}

/** Tries to reach each place from inside; tells what answered there, "" when nothing did. */
async function reach(...places: readonly (readonly [host: string, port?: number])[]): Promise<string[]> {
  const script = `for place; do
    answer=$(timeout 20 bash -c "exec 3<>/dev/tcp/$place && cat <&3" 2>/dev/null)
    echo "$place=$answer"
  done`;
  const names = places.map(([host, port = 80]) => `${host}/${port}`);
  const { status, out, errors } = await run("exec", "net", "--", "bash", "-c", script, "bash", ...names);
  expect({ status, errors }).toEqual({ status: 0, errors: "" });
  return out
    .trim()
    .split("\n")
    .map((line) => line.slice(line.indexOf("=") + 1));
}

const setPolicy = async (policy: string) => {
  expect(await run("network", "net", policy)).toEqual({ status: 0, out: "", errors: "" });
};

/** The process within walls that is not the monitor. */
function stackOf({ supervisorPid, monitorPid }: { supervisorPid: number; monitorPid: number }): number {
  const childrenOf = (pid: number) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const inside = childrenOf(supervisorPid).flatMap(childrenOf);
  const [stack, ...others] = inside.filter((pid) => pid !== monitorPid);
  if (stack === undefined || stack <= 1 || others.length > 0) throw new Error(`no stack among ${inside}`);
  return stack;
}

const ALWAYS_FORBIDDEN = [
  ...[...HOST, GATEWAY, "127.0.0.1"].map((host) => [host, HOST_PORT] as const),
  ["10.9.9.53", 53] as const,
];
const NOTHING = ALWAYS_FORBIDDEN.map(() => "");

describe("a sandbox with a network", () => {
  test(
    "reaches the internet, of both kinds and by name, and nothing that is near",
    async () => {
      expect((await run("create", "net", "--image", IMAGE)).status).toBe(0);
      expect((await run("network", "net")).out).toBe("internet\n");
      const started = await run("run", "--sandbox", "net", "--no-display", "--no-snapshot", "--", "sleep", "100000");
      expect({ ...started, errors: started.status === 0 ? "" : started.errors }).toMatchObject({
        status: 0,
        errors: "",
      });
      expect(await reach([www], [wwwIpv6], ["www.example.org"], ["other.example.com"])).toEqual([
        www,
        wwwIpv6,
        www,
        other,
      ]);
      const forbidden = [[near], [nearIpv6], [WORLD.privateFar], ["rebind.example.org"]] as const;
      expect(await reach(...forbidden, ...ALWAYS_FORBIDDEN)).toEqual(["", "", "", "", ...NOTHING]);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "reaches local networks when it may, never this machine",
    async () => {
      await setPolicy("lan");
      const allowed = [[near], [nearIpv6], [WORLD.privateFar], ["rebind.example.org"], [www]] as const;
      expect(await reach(...allowed)).toEqual([near, nearIpv6, WORLD.privateFar, near, www]);
      expect(await reach(...ALWAYS_FORBIDDEN.slice(0, -1))).toEqual(NOTHING.slice(1));
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "reaches the hosts of a list, at their ports, and finds no others",
    async () => {
      await setPolicy(
        `www.example.org:80,*.sub.example.org,rebind.example.org,${WORLD.privateFar}:80,localhost:${HOST_PORT}`,
      );
      // An address is reached when its name was asked for, not before.
      expect(await reach([www], ["www.example.org"], [www], [www, 7])).toEqual(["", www, www, ""]);
      expect(await reach(["deep.sub.example.org"], [WORLD.privateFar], [WORLD.privateFar, 7])).toEqual([
        deep,
        WORLD.privateFar,
        "",
      ]);
      expect(await reach(["other.example.com"], [other], ["rebind.example.org"], [near])).toEqual(["", "", "", ""]);
      expect(await reach([GATEWAY, HOST_PORT], [GATEWAY, HOST_PORT + 1], [HOST[0], HOST_PORT])).toEqual([
        "host",
        "",
        "",
      ]);
      const unknown = await run("exec", "net", "--", "getent", "hosts", "other.example.com");
      expect({ status: unknown.status, out: unknown.out }).toEqual({ status: 2, out: "" });
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "reaches nothing when it may not, and connections that there are get cut",
    async () => {
      await setPolicy("internet");
      const script = `exec 3<>/dev/tcp/${www}/7; echo one >&3; read -r line <&3; echo "$line"; while read -r word; do
        echo "$word" >&3; if read -r -t 4 line <&3; then echo "$line"; else echo silence; fi; done`;
      const command = [...bed.prefix, ...VITRINE, "exec", "net", "--", "bash", "-c", script] as const;
      const talk = spawn(command[0] as string, command.slice(1), {
        env: environment,
        stdio: ["pipe", "pipe", "inherit"],
      });
      const heard: string[] = [];
      talk.stdout.on("data", (text) => heard.push(...String(text).trim().split("\n")));
      const said = async (count: number) => {
        while (heard.length < count) await once(talk.stdout, "data");
      };
      await said(1);
      talk.stdin.write("two\n");
      await said(2);
      await setPolicy("none");
      talk.stdin.write("three\n");
      await said(3);
      talk.stdin.end();
      expect(heard).toEqual(["one", "two", "silence"]);
      const all = [[www], [near], [WORLD.privateFar], ["www.example.org"]] as const;
      expect(await reach(...all, ...ALWAYS_FORBIDDEN)).toEqual(["", "", "", "", ...NOTHING]);
      await setPolicy("internet");
      expect(await reach([www])).toEqual([www]);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "is told when its network stack dies, and gets another",
    async () => {
      const [sandbox] = JSON.parse((await run("list", "--json")).out);
      process.kill(stackOf(sandbox), "SIGKILL");
      while (!(await run("logs", "net")).out.includes("its stack has ended")) await Bun.sleep(50);
      expect(await reach([www])).toEqual([""]);
      await setPolicy("internet");
      expect(await reach([www])).toEqual([www]);
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "that keeps nothing has no network card, unless that is asked for",
    async () => {
      expect((await run("stop", "net")).status).toBe(0);
      const words = [
        "run",
        "--image",
        IMAGE,
        "--name",
        "cardless",
        "--no-display",
        "--no-snapshot",
        "--wait",
        "--",
        "ls",
        "/sys/class/net",
      ];
      expect((await run(...words)).out).toBe("lo\n");
      expect((await run("network", "cardless", "lan")).status).toBe(66);
      const refused = await run("run", "--sandbox", "net", "--network", "lan", "--no-display", "--", "true");
      expect(refused.errors).toContain("fix: vitrine network net POLICY");
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "has its network and its home when it goes on from a snapshot, as others do that go on from the same",
    async () => {
      const start = async (name: string): Promise<string> => {
        const words = ["--sandbox", name, "--no-display", "--timings", "--json", "--", "sleep", "100000"];
        const { status, out, errors } = await run("run", ...words);
        expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
        return JSON.parse(out).start;
      };
      const inHome = (name: string, script: string) => run("exec", name, "--", "sh", "-c", script);
      expect(await start("net")).toBe("cold");
      expect(await inHome("net", "echo kept > ~/kept")).toMatchObject({ status: 0 });
      const store = join(environment.XDG_DATA_HOME ?? "", "vitrine");
      const taken = () => readdirSync(store).filter((name) => /^snapshot-[0-9a-f]+$/.test(name));
      await eventually("waiting for the snapshot", BOOT_DEADLINE_MS, () => taken()[0]);
      expect((await run("stop", "net")).status).toBe(0);

      expect(await start("net")).toBe("restored");
      expect(await reach([www], [wwwIpv6], ["www.example.org"])).toEqual([www, wwwIpv6, www]);
      expect(await reach([near], [nearIpv6], ...ALWAYS_FORBIDDEN)).toEqual(["", "", ...NOTHING]);
      await setPolicy("none");
      expect(await reach([www])).toEqual([""]);
      expect((await inHome("net", "cat ~/kept; echo more > ~/more")).out).toBe("kept\n");

      // One whose disk has no file system yet, from the same snapshot, while the other runs.
      expect((await run("create", "second", "--image", IMAGE)).status).toBe(0);
      expect(await start("second")).toBe("restored");
      expect(taken()).toHaveLength(1);
      expect((await inHome("second", "ls ~; grep -c ' /home/user ext4 ' /proc/mounts; echo its > ~/its")).out).toBe(
        "1\n",
      );
      for (const name of ["net", "second"]) expect((await run("stop", name)).status).toBe(0);
      expect(await start("second")).toBe("restored");
      expect((await inHome("second", "cd; ls; cat its")).out).toBe("its\nits\n");
      expect(await start("net")).toBe("restored");
      expect((await inHome("net", "cd; cat kept more")).out).toBe("kept\nmore\n");
    },
    2 * BOOT_DEADLINE_MS,
  );
});
