/** The command line of QEMU: no default devices, nothing that is not named here. */
import { AGENT_PORT_NAME } from "../../../channel/contract/agent.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { DATA_DISK, readOnlyDisks } from "../confinement.ts";
import { type Accelerator, DEFAULT_CPUS, DEFAULT_MEMORY_MIB, type VmSpec } from "../driver.ts";

/** Descriptors that QEMU inherits, by what they are for. */
export const INHERITED_FD = { channel: 3, monitor: 4, console: 5, borrowed: 6 } as const;

/** What QEMU inherits behind those: what the spec has of these, in this order. */
export function borrowed(spec: VmSpec): OwnedFd[] {
  return [spec.arena, spec.network].filter((fd) => fd !== undefined);
}

function borrowedFd(spec: VmSpec, fd: OwnedFd): number {
  return INHERITED_FD.borrowed + borrowed(spec).indexOf(fd);
}

/** QEMU's own filter of system calls: nothing old, no rise of privileges, no other program, no change of its limits. */
const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/**
 * The emulated processor does not claim that its string instructions are fast: the kernel then copies and clears memory in
 * words and not in single bytes, which the translator runs at a third of the speed.
 */
const ACCELERATION: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: ["-accel", "tcg,thread=multi", "-cpu", "max,-erms,-fsrm"],
};

/**
 * Options of the guest's kernel that only emulation needs.
 *
 * maxcpus: it starts with one processor, and init adds the others. QEMU's
 * translator can keep running code that the kernel has just patched, and the switch of the scheduler's clock, late in the
 * kernel's start, then meets a breakpoint on another processor: one boot in forty ended in a panic.
 *
 * lpj: loops in a tick, for delays that the time stamp counter does not serve; a number at all is what matters, because the
 * kernel otherwise counts for a second while init adds a processor, and gives up.
 */
const KERNEL_OPTIONS_BY_ACCELERATOR: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: [],
  tcg: ["maxcpus=1", "lpj=10000000"],
};

/** Options of the guest's kernel. */
const KERNEL_OPTIONS = [
  "console=ttyS0",
  "quiet",
  "panic=-1", // a panic reboots at once, and -no-reboot makes that an end
  "reboot=t",
  "cryptomgr.notests=1", // self tests of ciphers: half a second under emulation
  "random.trust_cpu=on",
  "8250.nr_uarts=1",
  "no_timer_check", // emulated timers are late now and then, which is no reason to stop
  "raid=noautodetect",
];

/**
 * `arenaBytes`: size of the inherited arena file, if there is one. `path`: how QEMU is told of kernel, initramfs, tools
 * and apps.
 */
export function qemuArguments(
  spec: VmSpec,
  accelerator: Accelerator,
  arenaBytes: number | undefined,
  path: (file: string) => string,
): string[] {
  const memory = spec.memoryMib ?? DEFAULT_MEMORY_MIB;
  const kernelOptions = [...KERNEL_OPTIONS, ...KERNEL_OPTIONS_BY_ACCELERATOR[accelerator]].join(" ");
  return [
    ["-name", `vitrine-${spec.name}`],
    ["-M", "q35,usb=off,vmport=off,smbus=off,sata=off,hpet=off"],
    ACCELERATION[accelerator],
    ["-smp", String(spec.cpus ?? DEFAULT_CPUS)],
    arenaBytes === undefined
      ? ["-m", `${memory}M`]
      : ["-m", `${memory}M,slots=1,maxmem=${memory * 1024 * 1024 + arenaRoom(arenaBytes)}B`],
    ["-nodefaults", "-no-user-config", "-nographic", "-no-reboot"],
    ["-sandbox", SANDBOX],
    ["-kernel", path("kernel"), "-initrd", path("initramfs"), "-append", kernelOptions],
    ["-chardev", `socket,id=console,fd=${INHERITED_FD.console}`, "-serial", "chardev:console"],
    ["-chardev", `socket,id=monitor,fd=${INHERITED_FD.monitor}`, "-mon", "chardev=monitor,mode=control"],
    ["-device", "virtio-serial-pci"],
    ["-chardev", `socket,id=channel,fd=${INHERITED_FD.channel}`],
    ["-device", `virtserialport,chardev=channel,name=${AGENT_PORT_NAME}`],
    ...readOnlyDisks(spec).map((id) => [
      ...[
        "-blockdev",
        JSON.stringify({
          driver: "raw",
          "node-name": id,
          "read-only": true,
          file: { driver: "file", filename: path(id), "read-only": true },
        }),
      ],
      ...["-device", `virtio-blk-pci,drive=${id}`],
    ]),
    spec.dataDisk === undefined ? [] : dataDisk(path(DATA_DISK)),
    spec.network === undefined
      ? []
      : [
          "-netdev",
          `socket,id=network,fd=${borrowedFd(spec, spec.network)}`,
          "-device",
          "virtio-net-pci,netdev=network,romfile=",
        ],
    ["-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"],
    spec.arena === undefined
      ? []
      : [
          ...[
            "-object",
            `memory-backend-file,id=arena,share=on,mem-path=/proc/self/fd/${borrowedFd(spec, spec.arena)},size=${arenaBytes}B`,
          ],
          ...["-device", "virtio-pmem-pci,memdev=arena"],
        ],
  ].flat();
}

/**
 * Written through the host's page cache, which a flush of the guest empties to the disk. What the guest discards or zeroes
 * gives its room back.
 */
function dataDisk(path: string): string[] {
  const node = {
    driver: "raw",
    "node-name": "data",
    discard: "unmap",
    "detect-zeroes": "unmap",
    file: { driver: "file", filename: path, discard: "unmap" },
  };
  return ["-blockdev", JSON.stringify(node), "-device", "virtio-blk-pci,drive=data"];
}

/** Address space for the arena; QEMU aligns what is plugged, so twice its size. */
function arenaRoom(bytes: number): number {
  return bytes * 2;
}
