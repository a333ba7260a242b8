/**
 * Whether KVM works here. That /dev/kvm opens proves nothing: some machines create virtual machines under it that never
 * get anywhere. So a kernel is booted, once, and must say that it lives; the answer is kept for this machine, monitor and
 * kernel.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir, release } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
import type { BuildOptions } from "../image/build-options.ts";
import { PROBE_SIGN } from "../image/initramfs-probe.ts";
import { type Kernel, probeInitramfs } from "../image/kernel.ts";
import type { Accelerator } from "./driver.ts";

export interface AccelerationProbe {
  readonly accelerator: Accelerator;
  /** Why not KVM; absent with KVM. */
  readonly reason?: string;
}

/** A kernel under KVM is alive within a second. */
export const PROBE_DEADLINE_MS = 6000;

const cacheSchema = z.object({ key: z.string(), works: z.boolean(), reason: z.optional(z.string()) });

/** Boots once under KVM and remembers the answer for this machine, monitor and kernel. VITRINE_ACCELERATOR=kvm|tcg overrides. */
export async function probeAcceleration(kernel: Kernel, options: BuildOptions = {}): Promise<AccelerationProbe> {
  const forced = process.env.VITRINE_ACCELERATOR;
  if (forced === "kvm") return { accelerator: "kvm" };
  if (forced === "tcg") return { accelerator: "tcg", reason: "VITRINE_ACCELERATOR says so" };
  if (forced !== undefined && forced !== "") {
    throw new VitrineError("invalid-argument", `Cannot use VITRINE_ACCELERATOR "${forced}": want "kvm" or "tcg"`);
  }
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === "EACCES" ? "/dev/kvm may not be opened by this user" : "there is no /dev/kvm";
    return { accelerator: "tcg", reason };
  }
  const key = cacheKey(kernel);
  const known = readCache(key);
  if (known !== undefined && options.force !== true) return asProbe(known.works, known.reason);
  options.onProgress?.({ stage: "trying KVM" });
  const outcome = await bootUnderKvm(kernel);
  writeCache({ key, works: outcome === undefined, ...(outcome === undefined ? {} : { reason: outcome }) });
  return asProbe(outcome === undefined, outcome);
}

function asProbe(works: boolean, reason: string | undefined): AccelerationProbe {
  return works ? { accelerator: "kvm" } : { accelerator: "tcg", reason: reason ?? "a kernel did not boot under KVM" };
}

/** Undefined when a kernel lived, else why not. */
function bootUnderKvm(kernel: Kernel): Promise<string | undefined> {
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
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...machine, ...bare, ...boot], {
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

/** Everything on which the answer depends. */
function cacheKey(kernel: Kernel): string {
  const read = (path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  };
  const cpu = /^model name.*$/m.exec(read("/proc/cpuinfo"))?.[0] ?? "";
  const facts = [read("/etc/machine-id"), cpu, release(), qemuVersion(), kernel.digest];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

function qemuVersion(): string {
  try {
    return execFileSync("qemu-system-x86_64", ["--version"], { encoding: "utf8" });
  } catch (cause) {
    throw new VitrineError("unavailable", 'Cannot run "qemu-system-x86_64"', { cause, fix: "./vitrine setup" });
  }
}

function cacheFile(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".cache");
  return join(base, "vitrine", "acceleration.json");
}

/** A cache that cannot be read is no cache. */
function readCache(key: string): z.infer<typeof cacheSchema> | undefined {
  try {
    const known = cacheSchema.parse(JSON.parse(readFileSync(cacheFile(), "utf8")));
    return known.key === key ? known : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(known: z.infer<typeof cacheSchema>): void {
  const file = cacheFile();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(known));
  renameSync(`${file}.new`, file);
}
