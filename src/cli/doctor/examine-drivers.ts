/** What `vitrine doctor` says of the drivers: each candidate, what speaks for or against it, and how to get it. */
import { accessSync, constants, existsSync } from "node:fs";
import { userInfo } from "node:os";
import { VitrineError } from "../../base/error.ts";
import { ensureKernel } from "../../host/image/kernel.ts";
import { DRIVER_NAMES, type DriverReport, examineDriver } from "../../host/vmm/drivers.ts";
import type { CliContext } from "../context.ts";
import { withProgress } from "../run/prepare.ts";
import type { Finding } from "./examine.ts";

/** Boots a kernel with each driver, as far as it is there. Without a kernel there is nothing to boot, so that is got first. */
export async function examineDrivers(context: CliContext): Promise<Finding[]> {
  try {
    const kernel = await withProgress(context, "kernel", AbortSignal.timeout(600_000), ensureKernel);
    const reports: DriverReport[] = [];
    for (const name of DRIVER_NAMES) reports.push(await examineDriver(name, kernel));
    const chosen = reports.find(({ accelerator }) => accelerator !== undefined);
    const kvm = reports.some(({ accelerator }) => accelerator === "kvm");
    return reports.map((report) => describeDriver(report, chosen, kvm));
  } catch (error) {
    return [{ name: "drivers", state: "fail", ...told(error) }];
  }
}

/** `kvm`: some driver runs guests under KVM, so that the ones before it in the order are worth having. */
function describeDriver(report: DriverReport, chosen: DriverReport | undefined, kvm: boolean): Finding {
  const { accelerator, reason, fix } = report;
  const name = `driver ${report.name}`;
  const used = report === chosen ? "used: " : "";
  switch (accelerator) {
    case "kvm":
      return { name, state: "ok", detail: `${used}boots a kernel under KVM` };
    case "tcg":
      return { name, state: "warn", detail: `${used}software emulation, which is slow: ${reason}`, fix: kvmFix() };
    case undefined:
      if (chosen === undefined) return { name, state: "fail", detail: `cannot be used: ${reason}`, ...fixOf(fix) };
      if (!kvm) return { name, state: "ok", detail: `not used: ${reason}; of no use without KVM`, ...fixOf(fix) };
      return { name, state: isBefore(report, chosen) ? "warn" : "ok", detail: `not used: ${reason}`, ...fixOf(fix) };
    default:
      return accelerator satisfies never;
  }
}

/** Drivers that come before the one that is used would be the better choice. */
function isBefore(report: DriverReport, chosen: DriverReport): boolean {
  return DRIVER_NAMES.indexOf(report.name) < DRIVER_NAMES.indexOf(chosen.name);
}

export function fixOf(fix: string | undefined): { fix?: string } {
  return fix === undefined ? {} : { fix };
}

function kvmFix(): string {
  if (!existsSync("/dev/kvm")) {
    return "switch virtualisation on in the firmware, or nested virtualisation in the machine around this one";
  }
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return "none on this machine: its KVM starts, but does not boot a stock kernel";
  } catch {
    return `sudo usermod --append --groups kvm ${userName()}, then log in anew`;
  }
}

/** The user's number, where the system has no name for it. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 0);
  }
}

export function told(error: unknown): { detail: string; fix?: string } {
  const { message, fix } = VitrineError.from(error);
  return { detail: message, ...fixOf(fix) };
}
