/** The command line of QEMU: no default devices, nothing that is not named here. */
import { AGENT_PORT, DISPLAY_PORT, REHEARSAL_OPTION } from "../../../channel/contract/agent.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { DATA_DISK, readOnlyDisks } from "../confinement.ts";
import { type Accelerator, DEFAULT_CPUS, DEFAULT_MEMORY_MIB, type VmSpec } from "../driver.ts";

/** Descriptors that QEMU inherits, by what they are for. */
export const INHERITED_FD = { channel: 3, display: 4, monitor: 5, console: 6, borrowed: 7 } as const;

/** What QEMU inherits behind those: what the spec has of these, in this order. */
export function borrowed(spec: VmSpec): OwnedFd[] {
  return [spec.arena, spec.network].filter((fd) => fd !== undefined);
}

function borrowedFd(spec: VmSpec, fd: OwnedFd): number {
  return INHERITED_FD.borrowed + borrowed(spec).indexOf(fd);
}

/**
 * How a machine begins: its kernel is booted ("boot", and "saveable" with a memory file that can be saved), or it goes on
 * where a saved one was, which needs no kernel ("restore"; "restore-writable" with a QEMU that can use a file as memory
 * only if it may write it, which is any before 8.2).
 */
export type QemuStart = "boot" | "saveable" | "restore" | "restore-writable";

/** The name in QEMU's view of the file that is the memory of a machine that is restored. */
export const MEMORY = "memory";

/** QEMU's own filter of system calls: nothing old, no rise of privileges, no other program, no change of its limits. */
const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

const WITHOUT_AVX = ["avx", "avx2", "f16c", "fma", "vaes", "vpclmulqdq"].map((name) => `-${name}`).join();

/**
 * The emulated processor does not claim that its string instructions are fast: the kernel then copies and clears memory in
 * words and not in single bytes, which the translator runs at a third of the speed.
 *
 * Nor does it claim AVX, of which QEMU 7.2 gets something wrong: what Mesa draws with AVX2 has stripes. Which other versions
 * do is not known, and without it nothing is slower: longer vectors are emulated in pieces. All that builds on AVX goes with
 * it, as on processors from before: programs that find one part take others for granted (Qt VAES for AVX2).
 */
const ACCELERATION: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: ["-accel", "tcg,thread=multi", "-cpu", `max,-erms,-fsrm,${WITHOUT_AVX}`],
};

/**
 * Options of the guest's kernel that only emulation needs.
 *
 * maxcpus: it starts with one processor, and init adds the others. QEMU's
 * translator can keep running code that the kernel has just patched, and the switch of the scheduler's clock, late in the
 * kernel's start, then meets a breakpoint on another processor: one boot in forty ended in a panic.
 *
 * noreplace-smp: nor does it write its locks out of its code while it has one processor, and in again for the second, after
 * which all of that would be translated anew: a fifth of a second.
 *
 * lpj: loops in a tick, for delays that the time stamp counter does not serve; a number at all is what matters, because the
 * kernel otherwise counts for a second while init adds a processor, and gives up.
 */
const KERNEL_OPTIONS_BY_ACCELERATOR: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: [],
  tcg: ["maxcpus=1", "lpj=10000000", "noreplace-smp"],
};

/**
 * The same for a machine that nobody will save. The kernel hands words that it does not know to init as its environment, and
 * so to the agent, whose runtime then makes no machine code of what it has run some hundred times: that code would be
 * translated once more, which a start pays for and seldom gets back. One that will be saved has the time.
 */
const UNSAVED_KERNEL_OPTIONS_BY_ACCELERATOR: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: [],
  tcg: ["BUN_JSC_useJIT=0"],
};

/**
 * What the guest's kernel need not do as it starts, because nothing here wants it: a source of random numbers for a mode
 * of cryptography that is not used, which it tries out at length; keys to check the signatures of modules with, which the
 * archive's signature covers; names for its own tracing.
 */
const LEFT_OUT = ["jent_mod_init", "load_system_certificate_list", "trace_eval_init"];

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
  "memhp_default_state=online_movable", // memory that can be taken back holds nothing that cannot be moved
  `initcall_blacklist=${LEFT_OUT.join()}`,
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
  start: QemuStart = "boot",
): string[] {
  const { fixed, elastic } = memoryParts(spec);
  const room = elastic * MIB + (arenaBytes === undefined ? 0 : arenaRoom(arenaBytes));
  const purpose = start === "saveable" ? [REHEARSAL_OPTION] : UNSAVED_KERNEL_OPTIONS_BY_ACCELERATOR[accelerator];
  const kernelOptions = [...KERNEL_OPTIONS, ...KERNEL_OPTIONS_BY_ACCELERATOR[accelerator], ...purpose].join(" ");
  return [
    ["-name", `vitrine-${spec.name}`],
    ["-M", `q35,usb=off,vmport=off,smbus=off,sata=off,hpet=off${start === "boot" ? "" : ",memory-backend=memory"}`],
    ACCELERATION[accelerator],
    ["-smp", String(spec.cpus ?? DEFAULT_CPUS)],
    ["-m", room === 0 ? `${fixed}M` : `${fixed}M,slots=1,maxmem=${fixed * MIB + room}B`],
    ["-nodefaults", "-no-user-config", "-nographic", "-no-reboot"],
    ["-sandbox", SANDBOX],
    isRestore(start)
      ? ["-incoming", "defer"]
      : ["-kernel", path("kernel"), "-initrd", path("initramfs"), "-append", kernelOptions],
    start === "boot" ? [] : memoryArguments(start, fixed, start === "saveable" ? inheritedMemory(spec) : path(MEMORY)),
    elastic === 0 ? [] : elasticMemory(elastic),
    // Tells the guest's kernel that it goes on as another machine, whereupon it takes fresh random numbers.
    ["-device", "vmgenid,guid=auto"],
    ["-chardev", `socket,id=console,fd=${INHERITED_FD.console}`, "-serial", "chardev:console"],
    ["-chardev", `socket,id=monitor,fd=${INHERITED_FD.monitor}`, "-mon", "chardev=monitor,mode=control"],
    ["-device", "virtio-serial-pci"],
    ["-chardev", `socket,id=channel,fd=${INHERITED_FD.channel}`],
    ["-device", `virtserialport,chardev=channel,name=${AGENT_PORT.name}`],
    ["-chardev", `socket,id=display,fd=${INHERITED_FD.display}`],
    ["-device", `virtserialport,chardev=display,name=${DISPLAY_PORT.name}`],
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

/** MiB of a guest's memory that it always has, which is what a snapshot holds; the rest comes and goes. */
export const FIXED_MEMORY_MIB = 512;
/** Of the device that is the rest of the memory, in QEMU. */
export const ELASTIC_MEMORY = "elastic";
const MIB = 1024 * 1024;

/** MiB of the pieces in which Linux takes memory in on x86 (its memory blocks). */
const MEMORY_BLOCK_MIB = 128;

/** How a guest's memory is made up, in MiB. */
export function memoryParts(spec: VmSpec): { readonly fixed: number; readonly elastic: number } {
  const memory = spec.memoryMib ?? DEFAULT_MEMORY_MIB;
  const blocks = Math.floor(Math.max(0, memory - FIXED_MEMORY_MIB) / MEMORY_BLOCK_MIB);
  return { fixed: memory - blocks * MEMORY_BLOCK_MIB, elastic: blocks * MEMORY_BLOCK_MIB };
}

/**
 * Memory that the guest gets once it runs, and from which parts are taken back when it does not need them (virtio-mem). It
 * is nobody else's, be the machine from a snapshot or not: what is taken back QEMU gives to the host. Of the fixed memory of
 * a restored machine it must give nothing back: it would punch holes into the snapshot's file.
 */
function elasticMemory(mib: number): string[] {
  return [
    ...["-object", `memory-backend-ram,id=${ELASTIC_MEMORY}-memory,size=${mib}M,reserve=off`],
    ...["-device", `virtio-mem-pci,id=${ELASTIC_MEMORY},memdev=${ELASTIC_MEMORY}-memory,requested-size=0`],
  ];
}

/**
 * The memory of a saved machine is a file: written by the one machine ("share=on", so that the file has it all), and
 * mapped privately by those that are restored, so that they share what they do not change.
 */
function memoryArguments(start: Exclude<QemuStart, "boot">, mib: number, path: string): string[] {
  const access = {
    saveable: "share=on",
    restore: "share=off,readonly=on,rom=off",
    "restore-writable": "share=off",
  }[start];
  return ["-object", `memory-backend-file,id=memory,${access},mem-path=${path},size=${mib}M`];
}

/** A machine that will be saved has a memory file, which it inherits after all others. */
function inheritedMemory(spec: VmSpec): string {
  return `/proc/self/fd/${INHERITED_FD.borrowed + borrowed(spec).length}`;
}

function isRestore(start: QemuStart): boolean {
  return start === "restore" || start === "restore-writable";
}

/** Address space for the arena; QEMU aligns what is plugged, so twice its size. */
function arenaRoom(bytes: number): number {
  return bytes * 2;
}
