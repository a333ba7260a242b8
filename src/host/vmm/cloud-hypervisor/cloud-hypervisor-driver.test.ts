import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { fdStream } from "../../../channel/fd-stream.ts";
import { memfdCreate } from "../../../sys/memory.ts";
import { listenUnix } from "../../../sys/socket.ts";
import type { VmExit } from "../driver.ts";
import { ARENA_BYTES, layMonitorFiles, MACHINE_SHAPES, type MonitorFiles } from "../monitor-files.test-support.ts";
import { CloudHypervisorDriver } from "./cloud-hypervisor-driver.ts";

const DEADLINE_MS = 30_000;
const execute = promisify(execFile);
const MAIN = join(import.meta.dirname, "checker-main.test-support.ts");

let files: MonitorFiles;
beforeEach(() => {
  files = layMonitorFiles("cloud-hypervisor", MAIN);
});
afterEach(() => files.remove());

describe("cloud-hypervisor, held against the facts of its API", () => {
  for (const withArena of [false, true]) {
    for (const [name, options] of MACHINE_SHAPES) {
      test(
        `${name}, ${withArena ? "with" : "without"} an arena: accepted; the guest's connection is the channel`,
        async () => {
          using arena = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
          const spec = files.spec({ ...options(files), ...(withArena ? { arena } : {}) });
          const vm = await new CloudHypervisorDriver().start(spec);
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

  test(
    "a machine stands still and goes on; one that does not stand still cannot go on",
    async () => {
      const vm = await new CloudHypervisorDriver().start(files.spec());
      await vm.pause?.();
      await vm.resume?.();
      await expect(vm.resume?.()).rejects.toMatchObject({ code: "guest-failed" });
      fdStream(await vm.channel).end();
      expect(await vm.exited).toEqual({ reason: "guest-exit" });
    },
    DEADLINE_MS,
  );

  test(
    "inside its walls it finds its files, its arena and its sockets",
    async () => {
      // A program of one file, as cloud-hypervisor may be; nothing else of this tree is in its view.
      await execute(process.execPath, [
        "build",
        "--compile",
        MAIN,
        "--outfile",
        join(files.folder, "cloud-hypervisor"),
      ]);
      using arena = memfdCreate("arena", ARENA_BYTES, ["shrink", "grow", "seal"]);
      const vm = await new CloudHypervisorDriver().start(
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
    },
    DEADLINE_MS,
  );

  test(
    "shares folders with the guest through the sockets of their servers",
    async () => {
      const socket = join(files.folder, "share.sock");
      using server = listenUnix(socket);
      const vm = await new CloudHypervisorDriver().start(files.spec({ fsShares: [{ tag: "documents", socket }] }));
      expect(server.isOpen).toBe(true);
      expect(await vm.stop()).toEqual({ reason: "stopped" });
      rmSync(socket);
      const outcome = await new CloudHypervisorDriver()
        .start(files.spec({ fsShares: [{ tag: "documents", socket }] }))
        .catch((error: unknown) => error);
      expect(outcome).toMatchObject({ message: expect.stringContaining('refused "PUT /vm.create"') });
    },
    DEADLINE_MS,
  );

  test(
    "without KVM everything is accepted but the start, and that is told",
    async () => {
      process.env.VITRINE_CHECKER = "no-kvm";
      const outcome = await new CloudHypervisorDriver().start(files.spec()).catch((error: unknown) => error);
      expect(outcome).toMatchObject({
        code: "guest-failed",
        message: expect.stringMatching(/refused "PUT \/vm.boot" with status 500: .*Failed to open KVM/),
      });
      expect(existsSync(join(files.folder, "machine"))).toBe(false);
    },
    DEADLINE_MS,
  );

  const ends: [fate: string, exit: VmExit][] = [
    ["panic", { reason: "panic", message: "Kernel panic - not syncing: sysrq triggered crash" }],
    ["powers-off", { reason: "guest-exit" }],
    ["fails", { reason: "monitor-failed", status: 1, message: "VMM thread panicked" }],
  ];
  for (const [fate, exit] of ends) {
    test(
      `how it ended is told: ${fate}`,
      async () => {
        process.env.VITRINE_CHECKER = fate;
        const vm = await new CloudHypervisorDriver().start(files.spec());
        expect(await vm.exited).toEqual(exit);
        expect(existsSync(`/proc/${vm.pid}`)).toBe(false);
      },
      DEADLINE_MS,
    );
  }

  test(
    "kill ends it, and leaves nothing",
    async () => {
      const vm = await new CloudHypervisorDriver().start(files.spec());
      expect(await vm.kill()).toEqual({ reason: "killed", signal: "SIGKILL" });
      expect(existsSync(join(files.folder, "machine"))).toBe(false);
    },
    DEADLINE_MS,
  );

  test(
    "releases that are too old are not used",
    async () => {
      expect(await new CloudHypervisorDriver().probe()).toMatchObject({ fsShare: true, vsock: true });
      process.env.VITRINE_CHECKER_VERSION = "cloud-hypervisor v48.0.0";
      const outcome = await new CloudHypervisorDriver().probe().catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: "unavailable", message: expect.stringContaining("53.0.0 or later") });
    },
    DEADLINE_MS,
  );
});
