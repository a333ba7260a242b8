/**
 * Kernel and initramfs. The kernel is the distribution's stock package, unpacked and otherwise as it is. The initramfs is made here: busybox,
 * the modules that the first mounts need, and the init script of src/guest/boot.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureBootPackages } from "./boot-packages.ts";
import type { BuildOptions } from "./build-options.ts";
import { kernelPayload } from "./bzimage.ts";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import { probeEntries } from "./initramfs-probe.ts";
import { kernelVersion, linkModules, moduleFilesIn, moduleName, readModules, unpack } from "./kernel-modules.ts";
import { ensureVersion } from "./versions.ts";

export interface Kernel {
  /** As `uname -r` says in the guest. */
  readonly version: string;
  /** File for the monitor's -kernel: the uncompressed kernel, an ELF file with a PVH entry point. */
  readonly image: string;
  /** File for QEMU's -initrd; see {@link initramfsFor}. */
  readonly initramfs: string;
  /** Names kernel and initramfs together, in caches. Hex. */
  readonly digest: string;
}

/**
 * What a monitor offers its guest: the bus that the devices are on, and the way to the host. Each has an initramfs with the
 * modules for just that: what is not loaded costs no time.
 */
export type GuestPlatform = "pci-serial" | "pci-vsock" | "mmio-vsock";

/** Modules of a platform, without which the agent finds no host; dependencies come by themselves. */
const PLATFORM_MODULES: Readonly<Record<GuestPlatform, readonly string[]>> = {
  "pci-serial": ["virtio_pci", "virtio_console"],
  "pci-vsock": ["virtio_pci", "vmw_vsock_virtio_transport", "virtio_balloon"],
  "mmio-vsock": ["virtio_mmio", "vmw_vsock_virtio_transport", "virtio_balloon"],
};

/** Modules that the agent cannot start without on any platform, each with what it is for. */
const FIRST_MODULES = [
  "virtio_blk", // the disks
  "erofs", // the file system on them
] as const;
/** Modules that are loaded while the agent starts. */
const LATER_MODULES = [
  "overlay", // the writable root over the app image
  "virtio_pmem", // the window arena ...
  "nd_pmem", // ... as a block device ...
  "ext4", // ... with a file system that can map it
  "virtio_rng", // entropy
  "virtio_mem", // memory that the guest gets once it runs
] as const;

const BOOT_FILES = join(import.meta.dirname, "../../guest/boot");
/** Raised when the initramfs is put together in another way. */
const LAYOUT = 6;
const SPACE_MIB = 200;

export async function ensureKernel(options: BuildOptions = {}): Promise<Kernel> {
  const packages = await ensureBootPackages(options);
  const version = kernelVersion(packages);
  const init = readFileSync(join(BOOT_FILES, "init"));
  const digest = createHash("sha256")
    .update(JSON.stringify([LAYOUT, version, PLATFORM_MODULES, FIRST_MODULES, LATER_MODULES]))
    .update(init)
    .digest("hex")
    .slice(0, 16);
  const path = await ensureVersion(
    "kernel",
    digest,
    async (directory) => {
      options.onProgress?.({ stage: "making the initramfs" });
      const work = join(directory, "work");
      mkdirSync(work);
      await unpackKernel(join(packages, "boot", `vmlinuz-${version}`), join(directory, "vmlinux"), work);
      const modules = await linkModules(packages, work);
      for (const [platform, names] of Object.entries(PLATFORM_MODULES)) {
        const entries = await initramfsEntries(packages, modules, [...names, ...FIRST_MODULES], init, work);
        writeFileSync(join(directory, initramfsName(platform as GuestPlatform)), cpioArchive(entries));
      }
      const busybox = readFileSync(join(packages, "usr/bin/busybox"));
      writeFileSync(join(directory, "probe"), cpioArchive(probeEntries(busybox)));
      rmSync(work, { recursive: true });
    },
    { ...options, spaceMib: SPACE_MIB },
  );
  return { version, image: join(path, "vmlinux"), initramfs: join(path, initramfsName("pci-serial")), digest };
}

/** The initramfs for another platform than QEMU's, which lies beside that. */
export function initramfsFor(kernel: Kernel, platform: GuestPlatform): string {
  return join(dirname(kernel.initramfs), initramfsName(platform));
}

/** The initramfs of the smallest guest there is (initramfs-probe.ts). */
export function probeInitramfs(kernel: Kernel): string {
  return join(dirname(kernel.initramfs), "probe");
}

function initramfsName(platform: GuestPlatform): string {
  return `initramfs-${platform}`;
}

async function unpackKernel(bzImage: string, target: string, work: string): Promise<void> {
  const { tool, data } = kernelPayload(readFileSync(bzImage));
  const packed = join(work, "kernel");
  writeFileSync(packed, data);
  await unpack(tool, packed, target);
}

/** `firstNames`: modules without which the agent cannot start. */
async function initramfsEntries(
  packages: string,
  folder: string,
  firstNames: readonly string[],
  init: Uint8Array,
  work: string,
): Promise<CpioEntry[]> {
  const first = moduleFilesIn(folder, firstNames);
  const later = moduleFilesIn(folder, LATER_MODULES).filter((file) => !first.includes(file));
  // The script loads them in the order of their names.
  const entriesOf = async (group: string, files: readonly string[]) => {
    const modules = await readModules(folder, files, work);
    return modules.map((data, index) => {
      return { kind: "file", path: `modules/${group}/${moduleName(index)}`, data } as const;
    });
  };
  return [
    ...["bin", "dev", "proc", "modules", "modules/first", "modules/later", "new"].map(directory),
    { kind: "file", path: "bin/busybox", data: readFileSync(join(packages, "usr/bin/busybox")), executable: true },
    { kind: "file", path: "init", data: init, executable: true },
    ...(await entriesOf("first", first)),
    ...(await entriesOf("later", later)),
    ...APP_DEVICES,
  ];
}

function directory(path: string): CpioEntry {
  return { kind: "directory", path };
}

/** What apps find in /dev; the script copies it there. */
const APP_DEVICES: readonly CpioEntry[] = [
  ...["devices", "devices/pts", "devices/shm"].map(directory),
  ...(
    [
      ["null", 1, 3],
      ["zero", 1, 5],
      ["full", 1, 7],
      ["random", 1, 8],
      ["urandom", 1, 9],
      ["tty", 5, 0],
    ] as const
  ).map(([name, major, minor]) => ({ kind: "device", path: `devices/${name}`, major, minor }) as const),
  { kind: "link", path: "devices/ptmx", target: "pts/ptmx" },
  { kind: "link", path: "devices/fd", target: "/proc/self/fd" },
  { kind: "link", path: "devices/stdin", target: "fd/0" },
  { kind: "link", path: "devices/stdout", target: "fd/1" },
  { kind: "link", path: "devices/stderr", target: "fd/2" },
];
