import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { fdStream } from "../../../channel/fd-stream.ts";
import { memfdCreate } from "../../../sys/memory.ts";
import type { VmSpec } from "../driver.ts";
import { ARENA_BYTES, layMonitorFiles, MACHINE_SHAPES, type MonitorFiles } from "../monitor-files.test-support.ts";
import { FirecrackerDriver } from "./firecracker-driver.ts";

const DEADLINE_MS = 30_000;
const execute = promisify(execFile);
const MAIN = join(import.meta.dirname, "checker-main.test-support.ts");

let files: MonitorFiles;
beforeEach(() => {
  files = layMonitorFiles("firecracker", MAIN);
});
afterEach(() => files.remove());

describe("Firecracker, held against the facts of its API", () => {
  for (const pci of [false, true]) {
    for (const withArena of [false, true]) {
      for (const [name, options] of MACHINE_SHAPES) {
        test(
          `${name}, ${withArena ? "with" : "without"} an arena, ${pci ? "PCI" : "MMIO"}: accepted; the guest's connection is the channel`,
          async () => {
            using arena = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
            const spec = files.spec({ ...options(files), ...(withArena ? { arena } : {}) });
            const vm = await new FirecrackerDriver({ pci }).start(spec);
            const channel = fdStream(await vm.channel);
            const { promise, resolve } = Promise.withResolvers<string>();
            channel.onData((chunk) => resolve(new TextDecoder().decode(chunk)));
            channel.write(new TextEncoder().encode("to the guest and back"));
            expect(await promise).toBe("to the guest and back");
            expect(existsSync(`/proc/${vm.pid}`)).toBe(true);
            channel.end();
            expect(await vm.exited).toEqual({ reason: "guest-exit" });
            expect(vm.console.tail()).toEqual(["guest: hello"]);
            expect(existsSync(spec.workFolder)).toBe(false);
          },
          DEADLINE_MS,
        );
      }
    }
  }

  test(
    "inside its walls it finds its files, its arena and its sockets",
    async () => {
      // A program of one file, as Firecracker is; nothing else of this tree is in its view.
      await execute(process.execPath, ["build", "--compile", MAIN, "--outfile", join(files.folder, "firecracker")]);
      using arena = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
      const vm = await new FirecrackerDriver().start(
        files.spec({
          confined: true,
          appImage: join(files.folder, "apps"),
          dataDisk: join(files.folder, "data"),
          arena,
        }),
      );
      const channel = fdStream(await vm.channel);
      expect(readFileSync(`/proc/${vm.pid}/status`, "utf8")).toMatch(/^NSpid:.*\t1$/m);
      channel.end();
      expect(await vm.exited).toEqual({ reason: "guest-exit" });
      await saveAndRestore(true);
    },
    DEADLINE_MS,
  );

  test(
    "a machine is saved, and goes on in another process with another arena",
    () => saveAndRestore(false),
    DEADLINE_MS,
  );

  async function saveAndRestore(confined: boolean): Promise<void> {
    const { snapshots } = new FirecrackerDriver();
    const directory = mkdtempSync(join(files.folder, "saved-"));
    using arena = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
    const apps = { appImage: join(files.folder, "apps"), confined };
    const first = await snapshots.startSaveable(files.spec({ ...apps, arena }));
    const link = await first.channel;
    await first.save(directory);
    expect(await first.exited).toEqual({ reason: "stopped" });
    link.close();
    expect(readdirSync(directory).toSorted()).toEqual(["memory", "state"]);
    for (const name of ["one", "two"]) {
      using another = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
      const spec = files.spec({ ...apps, name, arena: another, workFolder: join(files.folder, name) });
      const restored = await snapshots.restore(spec, directory);
      fdStream(await restored.channel).end();
      expect(await restored.exited).toEqual({ reason: "guest-exit" });
    }
  }

  test(
    "a machine stands still and goes on, as often as it is asked",
    async () => {
      const vm = await new FirecrackerDriver().start(files.spec());
      for (let round = 0; round < 2; round++) {
        await vm.pause?.();
        await vm.resume?.();
      }
      fdStream(await vm.channel).end();
      expect(await vm.exited).toEqual({ reason: "guest-exit" });
    },
    DEADLINE_MS,
  );

  test(
    "what a saved machine depends on differs where the machine does",
    async () => {
      const facts = async (options: Partial<VmSpec>, pci = false) =>
        JSON.stringify(await new FirecrackerDriver({ pci }).snapshots.facts(files.spec(options)));
      const usual = await facts({});
      expect(await facts({ name: "another", consoleLog: "elsewhere" })).toBe(usual);
      const others = [
        await facts({ cpus: 4 }),
        await facts({ memoryMib: 256 }),
        await facts({}, true),
        await facts({ confined: true }),
      ];
      expect(new Set([usual, ...others]).size).toBe(5);
    },
    DEADLINE_MS,
  );

  test(
    "without KVM everything is accepted but the start, and that is told",
    async () => {
      process.env.VITRINE_CHECKER = "no-kvm";
      const outcome = await new FirecrackerDriver().start(files.spec()).catch((error: unknown) => error);
      expect(outcome).toMatchObject({
        code: "guest-failed",
        message: expect.stringMatching(/refused "PUT \/actions" with status 400: .*creating KVM object/),
      });
      expect(existsSync(join(files.folder, "machine"))).toBe(false);
    },
    DEADLINE_MS,
  );

  test(
    "a kernel that panics is told by its own words",
    async () => {
      process.env.VITRINE_CHECKER = "panic";
      const vm = await new FirecrackerDriver().start(files.spec());
      expect(await vm.exited).toEqual({
        reason: "panic",
        message: "Kernel panic - not syncing: sysrq triggered crash",
      });
      await expect(vm.channel).rejects.toMatchObject({ code: "guest-failed" });
    },
    DEADLINE_MS,
  );

  test(
    "a Firecracker that ends by itself is told with its status and its log",
    async () => {
      process.env.VITRINE_CHECKER = "fails";
      const vm = await new FirecrackerDriver().start(files.spec());
      expect(await vm.exited).toEqual({
        reason: "monitor-failed",
        status: 148,
        message: expect.stringMatching(/SIGSYS.*bad syscall \(317\)/),
      });
    },
    DEADLINE_MS,
  );

  test(
    "stop and kill end it, and leave nothing; what a crash left is no hindrance",
    async () => {
      mkdirSync(join(files.folder, "machine"));
      for (const name of ["api.sock", "vsock", "vsock_1024"]) writeFileSync(join(files.folder, "machine", name), "");
      const stopped = await new FirecrackerDriver().start(files.spec());
      expect(await stopped.stop()).toEqual({ reason: "stopped" });
      const killed = await new FirecrackerDriver().start(files.spec());
      expect(await killed.kill()).toEqual({ reason: "killed", signal: "SIGKILL" });
      for (const { pid } of [stopped, killed]) expect(existsSync(`/proc/${pid}`)).toBe(false);
      expect(existsSync(join(files.folder, "machine"))).toBe(false);
    },
    DEADLINE_MS,
  );

  test(
    "a file that is missing is refused in Firecracker's words",
    async () => {
      rmSync(join(files.folder, "tools"));
      const outcome = await new FirecrackerDriver().start(files.spec()).catch((error: unknown) => error);
      expect(outcome).toMatchObject({ message: expect.stringContaining('refused "PUT /drives/tools"') });
    },
    DEADLINE_MS,
  );

  test(
    "releases that are too old are not used",
    async () => {
      expect(await new FirecrackerDriver().probe()).toMatchObject({ sharedMemory: true, vsock: true, gpu: false });
      process.env.VITRINE_CHECKER_VERSION = "1.14.1";
      const outcome = await new FirecrackerDriver().probe().catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: "unavailable", message: expect.stringContaining("1.16.1 or later") });
    },
    DEADLINE_MS,
  );
});
