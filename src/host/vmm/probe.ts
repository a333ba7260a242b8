/**
 * Whether KVM works here, for each monitor. That /dev/kvm opens proves nothing: some machines create virtual machines under
 * it that never get anywhere. So the smallest guest there is is booted, once, and must say that it lives; the answer is
 * kept for this machine, monitor and kernel.
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { BuildOptions } from "../image/build-options.ts";
import { PROBE_SIGN } from "../image/initramfs-probe.ts";
import { type Kernel, probeInitramfs } from "../image/kernel.ts";
import { makeWorkFolder } from "../image/work-folder.ts";
import { probesDirectory } from "../sandbox/directories.ts";
import type { Accelerator, Driver } from "./driver.ts";
import { findProgram } from "./find-program.ts";
import { rememberedProbe } from "./probe-cache.ts";

export interface AccelerationProbe {
  readonly accelerator: Accelerator;
  /** Why not KVM; absent with KVM. */
  readonly reason?: string;
}

/** A kernel under KVM is alive within a second, in milliseconds; within ten where the host itself is emulated. */
export const PROBE_DEADLINE_MS = 20_000;
/** MiB of memory of the guest that is booted. */
const PROBE_MEMORY_MIB = 256;

/** Why KVM cannot even be tried here, as far as can be seen from outside. VITRINE_ACCELERATOR=kvm|tcg overrides. */
export function kvmMissing(): string | undefined {
  const forced = forcedAccelerator();
  if (forced !== undefined) return forced === "kvm" ? undefined : "VITRINE_ACCELERATOR says so";
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES" ? "/dev/kvm may not be opened by this user" : "there is no /dev/kvm";
  }
}

/** How QEMU runs guests here. VITRINE_ACCELERATOR=kvm|tcg overrides. */
export async function probeAcceleration(kernel: Kernel, options: BuildOptions = {}): Promise<AccelerationProbe> {
  if (forcedAccelerator() === "kvm") return { accelerator: "kvm" };
  const missing = kvmMissing();
  if (missing !== undefined) return { accelerator: "tcg", reason: missing };
  const program = findProgram("qemu-system-x86_64");
  if (program === undefined) {
    throw new VitrineError("unavailable", 'Cannot run "qemu-system-x86_64"', { fix: "./vitrine setup" });
  }
  const reason = await rememberedProbe({ name: "qemu", program, kernel, force: options.force === true }, () => {
    options.onProgress?.({ stage: "trying KVM" });
    return bootUnderKvm(program, kernel);
  });
  return reason === undefined ? { accelerator: "kvm" } : { accelerator: "tcg", reason };
}

/**
 * Undefined when the smallest guest boots with `driver`, whose program is at `program`, and switches itself off; else why
 * not. For drivers that know nothing but KVM.
 */
export async function probeDriver(
  driver: Driver,
  program: string,
  kernel: Kernel,
  confined: boolean,
  options: BuildOptions = {},
): Promise<string | undefined> {
  return await rememberedProbe({ name: driver.name, program, kernel, force: options.force === true }, async () => {
    options.onProgress?.({ stage: `trying ${driver.name}` });
    try {
      return await bootOnce(driver, kernel, confined);
    } catch (error) {
      return VitrineError.from(error).message;
    }
  });
}

async function bootOnce(driver: Driver, kernel: Kernel, confined: boolean): Promise<string | undefined> {
  using folder = makeWorkFolder(probesDirectory());
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const vm = await driver.start({
      name: "probe",
      kernel,
      smallestGuest: true,
      // Something to read: this guest mounts nothing.
      toolsImage: probeInitramfs(kernel),
      workFolder: join(folder.path, "machine"),
      consoleLog: join(folder.path, "console"),
      memoryMib: PROBE_MEMORY_MIB,
      confined,
    });
    timer = setTimeout(() => void vm.kill(), PROBE_DEADLINE_MS);
    const exit = await vm.exited;
    const lived = vm.console.tail().some((line) => line.includes(PROBE_SIGN));
    if (lived && exit.reason === "guest-exit") return undefined;
    if (lived) return `a kernel lived, but did not end by itself within ${PROBE_DEADLINE_MS / 1000} s`;
    if (exit.reason === "monitor-failed" || exit.reason === "panic") return exit.message;
    return `a kernel gave no sign of life within ${PROBE_DEADLINE_MS / 1000} s`;
  } finally {
    clearTimeout(timer);
  }
}

function forcedAccelerator(): Accelerator | undefined {
  const forced = process.env.VITRINE_ACCELERATOR;
  if (forced === undefined || forced === "") return undefined;
  if (forced === "kvm" || forced === "tcg") return forced;
  throw new VitrineError("invalid-argument", `Cannot use VITRINE_ACCELERATOR "${forced}": want "kvm" or "tcg"`);
}

/** Undefined when a kernel lived, else why not. */
function bootUnderKvm(qemu: string, kernel: Kernel): Promise<string | undefined> {
  return new Promise((resolve) => {
    const machine = ["-M", "q35,usb=off,vmport=off", "-accel", "kvm", "-cpu", "host", "-smp", "2", "-m", "256M"];
    const bare = ["-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio"];
    const boot = [
      "-kernel",
      kernel.image,
      "-initrd",
      probeInitramfs(kernel),
      "-append",
      "console=ttyS0 quiet panic=-1",
    ];
    const child = spawn("setpriv", ["--pdeathsig", "KILL", qemu, ...machine, ...bare, ...boot], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const timer = setTimeout(
      () => finish(`a kernel gave no sign of life within ${PROBE_DEADLINE_MS / 1000} s under KVM`),
      PROBE_DEADLINE_MS,
    );
    const finish = (reason: string | undefined) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve(reason);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-8192);
        if (output.includes(PROBE_SIGN)) finish(undefined);
      });
    }
    child.on("error", (error) => finish(`QEMU cannot be run: ${error.message}`));
    child.on("close", () => finish(`QEMU gave up under KVM: ${output.trim().split("\n").pop()?.slice(0, 200) ?? ""}`));
  });
}
