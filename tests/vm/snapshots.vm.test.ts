/** Starts from snapshots, in real virtual machines: what two sandboxes share, what they do not, and what damage does. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { PLAIN_LOOKS } from "../../src/channel/contract/agent.ts";
import { ARENA_BYTES } from "../../src/channel/contract/display.ts";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { startVitrine } from "../../src/cli/test-support.ts";
import { openImage } from "../../src/host/image/images.ts";
import { ensureKernel } from "../../src/host/image/kernel.ts";
import { ensureToolsImage } from "../../src/host/image/tools-image.ts";
import { GuestLink } from "../../src/host/sandbox/guest/guest-link.ts";
import { snapshotKey } from "../../src/host/snapshot/snapshot-key.ts";
import { describeSnapshot, openSnapshot } from "../../src/host/snapshot/snapshot-store.ts";
import { ensureSnapshot } from "../../src/host/snapshot/take-snapshot.ts";
import type { RunningVm } from "../../src/host/vmm/driver.ts";
import { QemuDriver } from "../../src/host/vmm/qemu/qemu-driver.ts";
import { eventually } from "../support/deadline.ts";
import { descendants } from "../support/processes.ts";
import { commandLine } from "../support/snapshot-takers.ts";
import {
  BUILD_DEADLINE_MS,
  DEADLINE_MS,
  IMAGE,
  over,
  SNAPSHOT_DEADLINE_MS,
  SnapshotSession,
} from "./snapshot-session.ts";

/** Taken by an app, which then ends. */
const APP_BYTES = 150_000_000;
const DISK_BYTES = 8 * 1024 * 1024;
/** How far a guest's clock may be off, in milliseconds, the time included that asking for it takes on a busy machine. */
const CLOCK_TOLERANCE_MS = 5000;

let session: SnapshotSession;
beforeAll(async () => {
  session = await SnapshotSession.start();
}, BUILD_DEADLINE_MS);
afterAll(() => session.stop(), DEADLINE_MS);

function digestOf(path: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");
}

/** Writes over a few bytes in the middle of a file. */
function scratch(path: string): void {
  const file = openSync(path, constants.O_WRONLY);
  writeSync(file, "scratched", 100_000);
  closeSync(file);
}

/** Each line: what must differ between two sandboxes, as a name and what the guest says. */
const IDENTITY = [
  'echo "machine $(cat /etc/machine-id)"',
  'echo "boot $(cat /proc/sys/kernel/random/boot_id)"',
  'echo "uuid $(cat /proc/sys/kernel/random/uuid)"',
  'echo "hostname $(cat /proc/sys/kernel/hostname)"',
  'echo "urandom $(head -c 32 /dev/urandom | od -An -tx1 | tr -d " \\n")"',
  'echo "random $(head -c 32 /dev/random | od -An -tx1 | tr -d " \\n")"',
  'echo "getrandom $(mktemp -u XXXXXXXXXXXXXXXXXXXX)"',
  'echo "layout $(grep stack /proc/self/maps | cut -d " " -f 1)"',
].join("; ");

describe("from a snapshot", () => {
  test(
    "the first start boots, and a snapshot is taken beside it; with --no-snapshot none is",
    async () => {
      expect(await session.start("plain", "--no-snapshot")).toBe("cold");
      expect(session.snapshotTakers()).toEqual([]);
      expect(await session.start("first")).toBe("cold");
      expect(readdirSync(await session.snapshot()).toSorted()).toEqual(
        expect.arrayContaining(["memory", "snapshot.json", "state"]),
      );
      expect(session.unfinished()).toEqual([]);
      await session.run("stop", "--all", "--force");
    },
    DEADLINE_MS,
  );

  test(
    "two sandboxes share no identity and no random number",
    async () => {
      expect(await session.start("one")).toBe("restored");
      expect(await session.start("two")).toBe("restored");
      const [one, two] = [await session.exec("one", IDENTITY), await session.exec("two", IDENTITY)].map((text) =>
        text.split("\n"),
      );
      expect(one).toHaveLength(8);
      expect(one?.map((line) => line.split(" ")[0])).toEqual(two?.map((line) => line.split(" ")[0]));
      for (const [index, line] of (one ?? []).entries()) {
        expect(line).toMatch(/^\w+ [\w-]+$/);
        expect(line).not.toBe(two?.[index] ?? "");
      }
      for (const [sandbox, lines] of [
        ["one", one],
        ["two", two],
      ] as const) {
        expect(lines).toContain(`hostname ${sandbox}`);
        expect(lines?.[0]).toMatch(/^machine [0-9a-f]{32}$/);
        expect(lines?.[0]).not.toMatch(/0{32}/);
        // The monitor has told the kernel that it is another machine now.
        expect(await session.exec(sandbox, "dmesg")).toContain("crng reseeded due to virtual machine fork");
      }
    },
    DEADLINE_MS,
  );

  test(
    "their clocks are right, their apps are nobody else's, and what they wrote before is not there",
    async () => {
      for (const sandbox of ["one", "two"]) {
        const before = Date.now();
        const clock = Number(await session.exec(sandbox, "date +%s")) * 1000;
        expect(clock).toBeGreaterThan(before - CLOCK_TOLERANCE_MS);
        expect(clock).toBeLessThan(Date.now() + CLOCK_TOLERANCE_MS);
        const processes = (await session.exec(sandbox, "ps -e -o comm=")).split("\n").map((name) => name.trim());
        expect(processes.filter((name) => name === "sleep")).toEqual(["sleep"]);
        expect(processes).not.toContain("true");
      }
      await session.exec("one", "echo secret > /tmp/secret; echo secret > /home/user/secret; sync");
      expect(await session.exec("two", "ls /tmp /home/user")).not.toContain("secret");
    },
    DEADLINE_MS,
  );

  test(
    "they share the memory that neither has written",
    async () => {
      const { ino } = statSync(join(await session.snapshot(), "memory"));
      for (const sandbox of ["one", "two"]) {
        const { monitorPid } = await session.listed(sandbox);
        const maps = readFileSync(`/proc/${monitorPid}/smaps`, "utf8").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
        // By its number: inside its walls the monitor knows the file by another name.
        const memory = maps.filter((map) => map.split("\n")[0]?.split(/ +/)[4] === String(ino));
        const kib = (name: string) =>
          memory.reduce((sum, map) => sum + Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(map)?.[1] ?? 0), 0);
        expect(kib("Rss")).toBeGreaterThan(20_000);
        expect(kib("Shared_Clean") + kib("Shared_Dirty")).toBeGreaterThan(kib("Rss") / 2);
      }
    },
    DEADLINE_MS,
  );

  test(
    "an app's memory is the host's again some time after the app has ended, and the snapshot stays as it was",
    async () => {
      const memory = join(await session.snapshot(), "memory");
      const before = { digest: digestOf(memory), own: (await session.listed("one")).ownMemory };
      await session.exec("one", `perl -e '$x = "a" x ${APP_BYTES}'`);
      const taken = (await session.listed("one")).ownMemory - before.own;
      expect(taken).toBeGreaterThan(APP_BYTES);
      await eventually("waiting for memory to be given back", DEADLINE_MS, async () =>
        (await session.log("one")).includes("the guest has given back") ? true : undefined,
      );
      expect((await session.listed("one")).ownMemory).toBeLessThan(before.own + taken - APP_BYTES * 0.9);
      // It has all of its memory again.
      expect(Number(await session.exec("one", "sed -n 's/MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"))).toBe(
        Number(await session.exec("two", "sed -n 's/MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo")),
      );
      expect(digestOf(memory)).toBe(before.digest);
    },
    DEADLINE_MS,
  );

  test(
    "they end as others do, and leave the snapshot as it was",
    async () => {
      const before = await session.listed("one");
      expect((await session.run("stop", "one")).status).toBe(0);
      expect(await session.log("one")).toContain("ended: stopped on request");
      await over([before.supervisorPid, before.monitorPid]);
      // The guest itself switches off, as after a boot.
      await session.run("exec", "--user", "root", "two", "--", "sh", "-c", "kill -9 $(pidof agent)");
      await eventually("waiting for the end", DEADLINE_MS, async () =>
        (await session.run("list")).errors === "No app is installed, and no sandbox runs.\n" ? true : undefined,
      );
      expect(await session.start("again")).toBe("restored");
      await session.run("stop", "again", "--force");
    },
    DEADLINE_MS,
  );
});

test(
  "each machine has a disk of its own, though it goes on from a machine with another",
  async () => {
    const before = process.env.XDG_DATA_HOME;
    process.env.XDG_DATA_HOME = session.environment.XDG_DATA_HOME;
    const others = session.snapshots();
    const driver = new QemuDriver();
    try {
      const { path: appImage } = await openImage(IMAGE);
      const files = { kernel: await ensureKernel(), toolsImage: (await ensureToolsImage()).path, appImage };
      const spec = { ...files, layerImages: [], confined: true };
      expect(await ensureSnapshot(driver, { ...spec, arena: null, network: false, dataDiskBytes: DISK_BYTES })).toBe(
        "taken",
      );
      for (const name of ["first", "second"]) {
        const dataDisk = join(session.folder, name);
        writeFileSync(dataDisk, `${name} disk\n`);
        truncateSync(dataDisk, DISK_BYTES);
        const place = {
          name,
          consoleLog: join(session.folder, "console"),
          workFolder: join(session.folder, "machine"),
        };
        const vmSpec = { ...spec, ...place, dataDisk };
        const directory = openSnapshot((await snapshotKey(driver, vmSpec)) ?? "")?.directory ?? "";
        const vm = await driver.snapshots.restore(vmSpec, directory);
        const device = "/proc/1/root/dev/vdc";
        expect(await outputOf(vm, `head -n 1 ${device}; echo ${name} was here > ${device}; sync`)).toBe(
          `${name} disk\n`,
        );
        await vm.stop();
        expect(readFileSync(dataDisk, "utf8")).toStartWith(`${name} was here\n`);
      }
    } finally {
      if (before === undefined) delete process.env.XDG_DATA_HOME;
      else process.env.XDG_DATA_HOME = before;
      // Those who follow look for the one of their sandboxes.
      for (const name of session.snapshots())
        if (!others.includes(name)) rmSync(join(session.store, name), { recursive: true });
    }
  },
  DEADLINE_MS,
);

/** What a shell of root in the machine prints. */
async function outputOf(vm: RunningVm, script: string): Promise<string> {
  const ended = Promise.withResolvers<void>();
  const link = new GuestLink(fdStream(await vm.channel), {
    exited: () => ended.resolve(),
    lost: (error) => ended.reject(error),
  });
  const identity = { hostname: "disk", machineId: "1".repeat(32), environment: {}, looks: PLAIN_LOOKS };
  await link.hello({ ...identity, pixels: "stream", arenaBytes: ARENA_BYTES });
  const stdout = link.openStdio(1, "stdout");
  let output = "";
  stdout.onData((chunk) => {
    output += new TextDecoder().decode(chunk);
  });
  const request = { argv: ["sh", "-c", script], environment: {}, user: "root", stdio: { kind: "streams" } } as const;
  await link.rpc.call("spawn", { process: 1, ...request, argv: [...request.argv] });
  await ended.promise;
  link.close();
  return output;
}

describe("damage and sudden ends", () => {
  test(
    "a snapshot that was written to is not used; the sandbox boots, and another is taken",
    async () => {
      const old = await session.snapshot();
      const taken = JSON.parse(readFileSync(join(old, "snapshot.json"), "utf8")).takenAt;
      scratch(join(old, "memory"));
      expect(await session.start("damaged")).toBe("cold");
      await eventually("waiting for another snapshot", SNAPSHOT_DEADLINE_MS, () =>
        session
          .snapshots()
          .some((name) => JSON.parse(readFileSync(join(session.store, name, "snapshot.json"), "utf8")).takenAt > taken)
          ? true
          : undefined,
      );
      await session.run("stop", "damaged", "--force");
      expect(await session.start("mended")).toBe("restored");
      await session.run("stop", "mended", "--force");
    },
    DEADLINE_MS,
  );

  test(
    "the supervisor is killed while it restores: nothing is left, and the next start is as good",
    async () => {
      const words = ["run", "--image", IMAGE, "--name", "cut", "--no-display", "--", "sleep", "100000"];
      const child = startVitrine(words, session.environment);
      const cut = await eventually("waiting for the supervisor", DEADLINE_MS, () =>
        session.listed("cut").catch(() => undefined),
      );
      const started = await eventually("waiting for the monitor", DEADLINE_MS, () => {
        const pids = descendants(cut.supervisorPid);
        return pids.length > 0 ? pids : undefined;
      });
      const closed = new Promise((resolve) => child.once("close", resolve));
      process.kill(cut.supervisorPid, "SIGKILL");
      await closed;
      await over([cut.supervisorPid, ...started]);
      expect((await session.run("list")).errors).toBe("No app is installed, and no sandbox runs.\n");
      expect(await session.start("cut")).toBe("restored");
      await session.run("stop", "cut", "--force");
    },
    DEADLINE_MS,
  );

  test(
    "whoever takes a snapshot is killed: its machine goes too, nobody sees half a snapshot, the next start takes one",
    async () => {
      rmSync(await session.snapshot(), { recursive: true });
      expect(await session.start("killed")).toBe("cold");
      await eventually("waiting for the snapshot to be begun", DEADLINE_MS, () => session.unfinished()[0]);
      const [taker = 0] = session.snapshotTakers();
      const started = await eventually("waiting for its machine", DEADLINE_MS, () => {
        const pids = descendants(taker);
        return pids.some((pid) => commandLine(pid).includes("vitrine-snapshot")) ? pids : undefined;
      });
      process.kill(taker, "SIGKILL");
      await over([taker, ...started]);
      expect(session.snapshots()).toEqual([]);
      await session.run("stop", "killed", "--force");
      expect(await session.start("next")).toBe("cold");
      await session.snapshot();
      expect(session.unfinished()).toEqual([]);
      await session.run("stop", "next", "--force");
    },
    DEADLINE_MS,
  );

  test(
    "a snapshot that looks whole and cannot be restored costs nobody the sandbox, and is not taken again at once",
    async () => {
      const directory = await session.snapshot();
      rmSync(join(directory, "snapshot.json"));
      truncateSync(join(directory, "state"), 200_000);
      describeSnapshot(directory, []);
      expect(await session.start("useless")).toBe("cold");
      expect(await session.log("useless")).toContain("warning: cannot start from the snapshot, booting: ");
      expect(session.snapshots()).toEqual([]);
      expect(session.snapshotTakers()).toEqual([]);
      await session.run("stop", "useless", "--force");
    },
    DEADLINE_MS,
  );
});
