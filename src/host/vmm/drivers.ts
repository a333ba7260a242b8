/**
 * Which driver a sandbox gets: the first in the order below that has booted a kernel here. The order is that of trust in
 * the monitor: memory-safe and small first, QEMU where nothing else goes, software emulation last of all.
 */
import { VitrineError } from "../../base/error.ts";
import type { BuildOptions } from "../image/build-options.ts";
import type { Kernel } from "../image/kernel.ts";
import type { Accelerator, Driver } from "./driver.ts";
import { findProgram } from "./find-program.ts";
import { kvmMissing, probeAcceleration, probeDriver } from "./probe.ts";

export const DRIVER_NAMES = ["firecracker", "cloud-hypervisor", "qemu"] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];

const PROGRAMS: Readonly<Record<DriverName, string>> = {
  firecracker: "firecracker",
  "cloud-hypervisor": "cloud-hypervisor",
  qemu: "qemu-system-x86_64",
};

/** How to get each, where it is not installed. */
const HOW_TO_GET: Readonly<Record<DriverName, string>> = {
  firecracker:
    "Debian, Fedora: put the program of a Firecracker release into /usr/local/bin; Arch: pacman -S firecracker, or a release where that is older than 1.16.1",
  "cloud-hypervisor":
    "Debian, Fedora: put the program of a cloud-hypervisor release (its static one) into /usr/local/bin; Arch: the same, or cloud-hypervisor-bin of the AUR",
  qemu: "Debian: ./vitrine setup; Fedora: dnf install qemu-system-x86-core; Arch: pacman -S qemu-system-x86",
};

/** Loaded when needed: a supervisor carries one driver. VITRINE_FIRECRACKER_PCI=1 puts Firecracker's devices on a PCI bus. */
export async function createDriver(name: DriverName): Promise<Driver> {
  switch (name) {
    case "firecracker": {
      const { FirecrackerDriver } = await import("./firecracker/firecracker-driver.ts");
      return new FirecrackerDriver({ pci: process.env.VITRINE_FIRECRACKER_PCI === "1" });
    }
    case "cloud-hypervisor":
      return new (await import("./cloud-hypervisor/cloud-hypervisor-driver.ts")).CloudHypervisorDriver();
    case "qemu":
      return new (await import("./qemu/qemu-driver.ts")).QemuDriver();
    default:
      return name satisfies never;
  }
}

export interface DriverOptions extends BuildOptions {
  /** False: monitors run without walls here, the one that is tried as well. */
  readonly confined?: boolean;
  /** The guest shall have a network card. */
  readonly network?: boolean;
}

/** What was found of one driver. */
export interface DriverReport {
  readonly name: DriverName;
  /** How it runs guests; undefined when it runs none here. */
  readonly accelerator: Accelerator | undefined;
  /** Why not, or why only by emulation; undefined when there is nothing to say against it. */
  readonly reason: string | undefined;
  /** What may mend that. */
  readonly fix: string | undefined;
}

/** Tries one driver. Never rejects for what is wrong with the driver or the machine, only when cancelled. */
export async function examineDriver(
  name: DriverName,
  kernel: Kernel,
  options: DriverOptions = {},
): Promise<DriverReport> {
  const program = findProgram(PROGRAMS[name]);
  const unusable = (reason: string, fix?: string): DriverReport => ({ name, accelerator: undefined, reason, fix });
  if (program === undefined) return unusable(`"${PROGRAMS[name]}" is not installed`, HOW_TO_GET[name]);
  const driver = await createDriver(name);
  try {
    const { network } = await driver.probe();
    if (options.network === true && !network)
      return unusable("it has no network cards for guests", "use --network none");
    if (name === "qemu") {
      const { accelerator, reason } = await probeAcceleration(kernel, options);
      return { name, accelerator, reason, fix: undefined };
    }
    const missing = kvmMissing();
    if (missing !== undefined) return unusable(`it needs KVM: ${missing}`);
    const reason = await probeDriver(driver, program, kernel, options.confined ?? true, options);
    return reason === undefined ? { name, accelerator: "kvm", reason, fix: undefined } : unusable(reason);
  } catch (error) {
    const { code, message, fix } = VitrineError.from(error);
    if (code === "cancelled") throw error;
    return unusable(message, fix);
  }
}

/** The driver `wanted`, or else the first that runs guests here. Throws "unavailable" when it, or none, does. */
export async function chooseDriver(
  wanted: DriverName | undefined,
  kernel: Kernel,
  options: DriverOptions = {},
): Promise<DriverReport & { accelerator: Accelerator }> {
  const refused: string[] = [];
  for (const name of wanted === undefined ? DRIVER_NAMES : [wanted]) {
    const report = await examineDriver(name, kernel, options);
    const { accelerator, reason, fix } = report;
    if (accelerator !== undefined) return { ...report, accelerator };
    if (wanted !== undefined) {
      throw new VitrineError("unavailable", `Cannot use driver "${name}": ${reason}`, {
        fix: fix ?? "vitrine doctor says which drivers can be used",
      });
    }
    refused.push(`${name}: ${reason}`);
  }
  throw new VitrineError("unavailable", `Cannot run virtual machines: ${refused.join("; ")}`, {
    fix: "vitrine doctor",
  });
}
