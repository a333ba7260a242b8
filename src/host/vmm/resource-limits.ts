/**
 * Bounds on the memory and the number of threads of a monitor, by a control group: systemd's user instance, where one
 * runs, puts the monitor into a scope of its own. Elsewhere there are none beyond the guest's own size.
 *
 * Reference: the D-Bus interface org.freedesktop.systemd1.Manager, StartTransientUnit.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sanitizeText } from "../../base/sanitize.ts";
import type { Accelerator } from "./driver.ts";
import { findProgram } from "./find-program.ts";

/**
 * Bytes that a monitor may take beyond the guest's memory and the arena: its own 50 MiB, with as much room again for a
 * guest that keeps every device busy; under emulation also the translated code, up to 1 GiB.
 */
export const MONITOR_MEMORY_BYTES: Readonly<Record<Accelerator, number>> = {
  kvm: 256 * 1024 * 1024,
  tcg: 1536 * 1024 * 1024,
};
/** Threads and processes of a monitor: one for each processor, at most 64 for disks, and a few for the devices. */
export const MAX_MONITOR_TASKS = 256;
/** How long systemd may take to answer. Nobody waits for it, and it is not asked twice. */
export const SCOPE_DEADLINE_MS = 10_000;

export interface ResourceLimits {
  readonly memoryBytes: number;
  readonly tasks: number;
}

/** What the monitor of a guest with `guestBytes` of memory, its arena included, may take. */
export function monitorLimits(guestBytes: number, accelerator: Accelerator): ResourceLimits {
  return { memoryBytes: guestBytes + MONITOR_MEMORY_BYTES[accelerator], tasks: MAX_MONITOR_TASKS };
}

/**
 * Puts the process `pid` under `limits`. Resolves to undefined when systemd has done so, else to the reason why there are
 * no limits; never rejects.
 */
export function limitProcess(pid: number, name: string, limits: ResourceLimits): Promise<string | undefined> {
  const busctl = findProgram("busctl");
  if (busctl === undefined) return Promise.resolve("systemd is not installed");
  const manager = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
  const properties = [
    ["Description", "s", `Vitrine's virtual machine "${name}"`],
    ["PIDs", "au", "1", String(pid)],
    ["MemoryMax", "t", String(limits.memoryBytes)],
    ["TasksMax", "t", String(limits.tasks)],
    ["CollectMode", "s", "inactive-or-failed"],
  ];
  const unit = [`vitrine-${name}-${pid}.scope`, "fail", String(properties.length), ...properties.flat(), "0"];
  const words = ["--user", "call", ...manager, "StartTransientUnit", "ssa(sv)a(sa(sv))", ...unit];
  return new Promise((resolve) => {
    execFile(busctl, words, { timeout: SCOPE_DEADLINE_MS }, (error, _output, errors) => {
      if (error === null) resolve(undefined);
      else resolve(sanitizeText(errors.trim().split("\n").pop() || error.message, 200));
    });
  });
}

/** Why limits cannot be set here; undefined when systemd --user may set them on memory and tasks. */
export function resourceLimitsMissing(uid: number = process.getuid?.() ?? 0): string | undefined {
  if (findProgram("busctl") === undefined) return "systemd is not installed";
  // What the system's instance lets the user's one divide further.
  const file = join("/sys/fs/cgroup/user.slice", `user-${uid}.slice`, `user@${uid}.service`, "cgroup.controllers");
  let controllers: string[];
  try {
    controllers = readFileSync(file, "utf8").trim().split(" ");
  } catch {
    return "no systemd --user runs here with a control group of its own";
  }
  const missing = ["memory", "pids"].filter((controller) => !controllers.includes(controller));
  return missing.length === 0 ? undefined : `systemd --user may not limit ${missing.join(" and ")}`;
}
