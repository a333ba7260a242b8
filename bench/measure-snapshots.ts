/**
 * How long a machine takes until its agent answers, booted and restored, beside the shortest boot there is: busybox init
 * and nothing else, with the same kernel in the same machine.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAIN_LOOKS } from "../src/channel/contract/agent.ts";
import { fdStream } from "../src/channel/fd-stream.ts";
import { ARENA_BYTES, type ArenaTemplate, createArena } from "../src/host/image/arena-template.ts";
import { ensureBootPackages } from "../src/host/image/boot-packages.ts";
import { cpioArchive } from "../src/host/image/cpio.ts";
import { initramfsFor, type Kernel } from "../src/host/image/kernel.ts";
import { GuestLink } from "../src/host/sandbox/guest/guest-link.ts";
import { snapshotKey } from "../src/host/snapshot/snapshot-key.ts";
import { openSnapshot } from "../src/host/snapshot/snapshot-store.ts";
import { ensureSnapshot } from "../src/host/snapshot/take-snapshot.ts";
import { awaitBoot } from "../src/host/vmm/boot-watchdog.ts";
import type { RunningVm, VmSpec } from "../src/host/vmm/driver.ts";
import { QemuDriver } from "../src/host/vmm/qemu/qemu-driver.ts";
import { cpuMs } from "./processes.ts";

/** What the shortest guest prints. */
const SIGN = "VITRINE-BARE";
const BARE_DEADLINE_MS = 120_000;

export interface MachineFiles {
  readonly kernel: Kernel;
  readonly toolsImage: string;
  readonly appImage: string;
  readonly arena: ArenaTemplate;
}

/** Milliseconds until the machine is there, and milliseconds of processor time that its monitor has used until then. */
export interface MachineStart {
  readonly elapsed: number;
  readonly cpu: number;
}
export type StartKind = "bare" | "cold" | "restored";
export type MachineStarts = Readonly<Record<StartKind, MachineStart[]>>;

/** Starts machines of each kind in turn, `repeat` times. */
export async function measureMachineStarts(files: MachineFiles, repeat: number): Promise<MachineStarts> {
  const driver = new QemuDriver();
  const { arena: template, ...rest } = files;
  await ensureSnapshot(driver, { ...files, layerImages: [], network: false, confined: true });
  const folder = mkdtempSync(join(tmpdir(), "vitrine-bare-"));
  const bare = { ...files.kernel, initramfs: join(folder, "initramfs") };
  await makeBareInitramfs(initramfsFor(bare, "pci-serial"));
  const all = { bare: [], cold: [], restored: [] } as Record<StartKind, MachineStart[]>;
  try {
    for (let round = 0; round < repeat; round++) {
      for (const kind of ["bare", "cold", "restored"] as const) {
        using arena = createArena(template);
        const kernel = kind === "bare" ? bare : files.kernel;
        const place = { name: "bench", consoleLog: join(folder, "console"), workFolder: join(folder, "machine") };
        const spec: VmSpec = { ...rest, ...place, kernel, arena, confined: true };
        all[kind].push(await timeMachine(driver, spec, kind));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return all;
}

async function timeMachine(driver: QemuDriver, spec: VmSpec, kind: StartKind): Promise<MachineStart> {
  const began = performance.now();
  let vm: RunningVm;
  if (kind === "restored") {
    const snapshot = openSnapshot((await snapshotKey(driver, spec)) ?? "");
    if (snapshot === undefined) throw new Error("the snapshot is gone");
    vm = await driver.snapshots.restore(spec, snapshot.directory);
  } else {
    vm = await driver.start(spec);
  }
  try {
    if (kind === "bare") await printed(vm);
    else await agentAnswers(vm);
    return { elapsed: performance.now() - began, cpu: cpuMs([vm.pid]) };
  } finally {
    await vm.kill();
  }
}

async function printed(vm: RunningVm): Promise<void> {
  for (const end = performance.now() + BARE_DEADLINE_MS; !vm.console.tail().some((line) => line.includes(SIGN)); ) {
    if (performance.now() > end) throw new Error("the bare guest does not boot");
    await Bun.sleep(2);
  }
}

async function agentAnswers(vm: RunningVm): Promise<void> {
  const ignored = () => {};
  const link = new GuestLink(fdStream(await vm.channel), {
    exited: ignored,
    lost: ignored,
  });
  const identity = { hostname: "bench", machineId: "0".repeat(32), environment: {}, looks: PLAIN_LOOKS };
  await awaitBoot(vm, link.hello({ ...identity, pixels: "arena", arenaBytes: ARENA_BYTES }));
  link.close();
}

/** Busybox as the first program, which says that it is there. */
async function makeBareInitramfs(file: string): Promise<void> {
  const data = readFileSync(join(await ensureBootPackages(), "usr/bin/busybox"));
  const inittab = new TextEncoder().encode(`::sysinit:/bin/busybox echo ${SIGN}\n`);
  const archive = cpioArchive([
    ...["bin", "dev", "etc"].map((path) => ({ kind: "directory", path }) as const),
    { kind: "file", path: "bin/busybox", data, executable: true },
    { kind: "link", path: "init", target: "bin/busybox" },
    { kind: "file", path: "etc/inittab", data: inittab },
  ]);
  writeFileSync(file, archive);
}
