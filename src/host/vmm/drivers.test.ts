import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Kernel } from "../image/kernel.ts";
import { chooseDriver, examineDriver } from "./drivers.ts";
import { layMonitorFiles, type MonitorFiles } from "./monitor-files.test-support.ts";

const DEADLINE_MS = 30_000;
const kept = { ...process.env };
let files: MonitorFiles | undefined;

function install(program: "firecracker" | "cloud-hypervisor"): Kernel {
  files = layMonitorFiles(program, join(import.meta.dirname, program, "checker-main.test-support.ts"));
  process.env.XDG_CACHE_HOME = join(files.folder, "cache");
  return files.spec().kernel;
}

beforeEach(() => {
  process.env.VITRINE_ACCELERATOR = "kvm";
  process.env.VITRINE_CHECKER = "smallest";
});
afterEach(() => {
  files?.remove();
  for (const name of ["VITRINE_ACCELERATOR", "VITRINE_CHECKER", "XDG_CACHE_HOME"]) {
    if (kept[name] === undefined) delete process.env[name];
    else process.env[name] = kept[name];
  }
});

describe("the choice of a driver", () => {
  for (const program of ["firecracker", "cloud-hypervisor"] as const) {
    test(
      `${program} is taken before QEMU when the smallest guest boots; that is tried once, unless it is asked for`,
      async () => {
        const kernel = install(program);
        const choose = (force = false) => chooseDriver(undefined, kernel, { confined: false, force });
        expect(await choose()).toMatchObject({ name: program, accelerator: "kvm" });
        process.env.VITRINE_CHECKER = "no-kvm";
        expect(await choose()).toMatchObject({ name: program, accelerator: "kvm" });
        expect(await choose(true)).toMatchObject({ name: "qemu" });
        expect(await choose()).toMatchObject({ name: "qemu" });
      },
      DEADLINE_MS,
    );
  }

  test(
    "what speaks against a driver is told: not installed, too old, fails, no KVM",
    async () => {
      const kernel = install("firecracker");
      const examine = async () => (await examineDriver("firecracker", kernel, { confined: false, force: true })).reason;
      expect(await examineDriver("cloud-hypervisor", kernel)).toMatchObject({
        accelerator: undefined,
        reason: '"cloud-hypervisor" is not installed',
        fix: expect.stringContaining("Arch:"),
      });
      process.env.VITRINE_CHECKER_VERSION = "1.14.1";
      expect(await examine()).toContain("want 1.16.1 or later");
      delete process.env.VITRINE_CHECKER_VERSION;
      process.env.VITRINE_CHECKER = "fails";
      expect(await examine()).toContain("SIGSYS");
      process.env.VITRINE_ACCELERATOR = "tcg";
      expect(await examine()).toBe("it needs KVM: VITRINE_ACCELERATOR says so");
    },
    DEADLINE_MS,
  );

  test(
    "a driver that was asked for is the only one that is tried",
    async () => {
      const kernel = install("firecracker");
      expect(await chooseDriver("qemu", kernel)).toMatchObject({ name: "qemu", accelerator: "kvm" });
      const outcome = await chooseDriver("cloud-hypervisor", kernel).catch((error: unknown) => error);
      expect(outcome).toMatchObject({
        code: "unavailable",
        message: expect.stringContaining('Cannot use driver "cloud-hypervisor"'),
      });
      process.env.VITRINE_ACCELERATOR = "tcg";
      expect(await chooseDriver(undefined, kernel)).toMatchObject({
        name: "qemu",
        accelerator: "tcg",
        reason: "VITRINE_ACCELERATOR says so",
      });
    },
    DEADLINE_MS,
  );
});
