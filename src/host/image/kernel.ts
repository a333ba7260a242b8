/**
 * Kernel and initramfs. The kernel is the distribution's stock package, unpacked and otherwise as it is. The initramfs is made here: busybox,
 * the modules that the first mounts need, and the init script of src/guest/boot.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { ensureBootPackages } from "./boot-packages.ts";
import type { BuildOptions } from "./build-options.ts";
import { kernelPayload } from "./bzimage.ts";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import { probeEntries } from "./initramfs-probe.ts";
import { moduleFiles } from "./modules.ts";
import { runTool } from "./run-tool.ts";
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
] as const;

const BOOT_FILES = join(import.meta.dirname, "../../guest/boot");
/** Raised when the initramfs is put together in another way. */
const LAYOUT = 6;
const SPACE_MIB = 200;

export async function ensureKernel(options: BuildOptions = {}): Promise<Kernel> {
  const packages = await ensureBootPackages(options);
  const modulesRoot = join(packages, "usr/lib/modules");
  const version = readdirSync(modulesRoot)[0];
  if (version === undefined) throw new VitrineError("corrupt", `Cannot find a kernel in "${packages}"`);
  const init = readFileSync(join(BOOT_FILES, "init"));
  const digest = createHash("sha256")
    .update(JSON.stringify([LAYOUT, version, PLATFORM_MODULES, FIRST_MODULES, LATER_MODULES]))
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
      const modules = await linkModules(packages, version, work);
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

/** A folder with links to the modules, and with what the package leaves to its post-installation: modules.dep. */
async function linkModules(packages: string, version: string, work: string): Promise<string> {
  const folder = join(work, "lib/modules", version);
  mkdirSync(join(work, "lib/modules"), { recursive: true });
  await runTool("cp", ["-as", join(packages, "usr/lib/modules", version), folder]);
  await runTool("depmod", ["--basedir", work, version]);
  return folder;
}

/** `firstNames`: modules without which the agent cannot start. */
async function initramfsEntries(
  packages: string,
  folder: string,
  firstNames: readonly string[],
  init: Uint8Array,
  work: string,
): Promise<CpioEntry[]> {
  const files = (names: readonly string[]) =>
    moduleFiles(
      names,
      readFileSync(join(folder, "modules.dep"), "utf8"),
      readFileSync(join(folder, "modules.builtin"), "utf8"),
    );
  const first = files(firstNames);
  const later = files(LATER_MODULES).filter((file) => !first.includes(file));
  // The script loads them in the order of their names.
  const entriesOf = async (group: string, paths: readonly string[]) =>
    await Promise.all(
      paths.map(async (path, index) => {
        const data = await plainModule(join(folder, path), work);
        return { kind: "file", path: `modules/${group}/${String(index).padStart(2, "0")}.ko`, data } as const;
      }),
    );
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

/** A module's bytes, uncompressed: unpacking them in the guest takes longer than loading them. */
async function plainModule(path: string, work: string): Promise<Uint8Array> {
  if (path.endsWith(".ko")) return readFileSync(path);
  const tool = path.endsWith(".xz") ? "xz" : "zstd";
  const output = join(work, `${createHash("sha256").update(path).digest("hex").slice(0, 12)}.ko`);
  await unpack(tool, path, output);
  return readFileSync(output);
}

/** Both tools take standard input whatever the name of the file. */
async function unpack(tool: "zstd" | "xz", packed: string, target: string): Promise<void> {
  await runTool("sh", ["-c", `exec "$1" -dc < "$2" > "$3"`, "sh", tool, packed, target]);
}
