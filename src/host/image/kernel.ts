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
import { kernelVersion, linkModules, moduleName, readModules, unpack } from "./kernel-modules.ts";
import { ensureStored } from "./store.ts";

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

/** Modules of a platform; dependencies come by themselves. */
const PLATFORM_MODULES: Readonly<Record<GuestPlatform, readonly string[]>> = {
  "pci-serial": ["virtio_pci", "virtio_console"],
  "pci-vsock": ["virtio_pci", "vmw_vsock_virtio_transport", "virtio_balloon"],
  "mmio-vsock": ["virtio_mmio", "vmw_vsock_virtio_transport", "virtio_balloon"],
};

/** Modules that the init script loads on every platform, each with what it is for. */
const MODULES = [
  "virtio_blk", // the disks
  "erofs", // the file system on them
  "overlay", // the writable root over it
  "virtio_pmem", // the window arena ...
  "nd_pmem", // ... as a block device ...
  "ext4", // ... with a file system that can map it
  "virtio_rng", // entropy
] as const;

const BOOT_FILES = join(import.meta.dirname, "../../guest/boot");
/** Raised when the initramfs is put together in another way. */
const LAYOUT = 5;
const SPACE_MIB = 200;

export async function ensureKernel(options: BuildOptions = {}): Promise<Kernel> {
  const packages = await ensureBootPackages(options);
  const version = kernelVersion(packages);
  const init = readFileSync(join(BOOT_FILES, "init"));
  const digest = createHash("sha256")
    .update(JSON.stringify([LAYOUT, version, PLATFORM_MODULES, MODULES]))
    .update(init)
    .digest("hex")
    .slice(0, 16);
  const { path } = await ensureStored(
    "kernel",
    digest,
    async (directory) => {
      options.onProgress?.({ stage: "making the initramfs" });
      const work = join(directory, "work");
      mkdirSync(work);
      await unpackKernel(join(packages, "boot", `vmlinuz-${version}`), join(directory, "vmlinux"), work);
      const modules = await linkModules(packages, work);
      for (const [platform, names] of Object.entries(PLATFORM_MODULES)) {
        const entries = await initramfsEntries(packages, modules, [...names, ...MODULES], init, work);
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

async function initramfsEntries(
  packages: string,
  folder: string,
  names: readonly string[],
  init: Uint8Array,
  work: string,
): Promise<CpioEntry[]> {
  const modules = await readModules(folder, names, work);
  return [
    ...["bin", "dev", "proc", "sys", "modules", "new"].map((path) => ({ kind: "directory", path }) as const),
    { kind: "file", path: "bin/busybox", data: readFileSync(join(packages, "usr/bin/busybox")), executable: true },
    { kind: "file", path: "init", data: init, executable: true },
    // The script loads them in the order of their names.
    ...modules.map((data, index) => {
      return { kind: "file", path: `modules/${moduleName(index)}`, data } as const;
    }),
  ];
}
