/**
 * Kernel and initramfs. The kernel is the distribution's stock package, unpacked and otherwise as it is. The initramfs is made here: busybox,
 * the modules that the first mounts need, and the init script of src/guest/boot.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
  /** File for the monitor's -initrd. */
  readonly initramfs: string;
  /** Names kernel and initramfs together, in caches. Hex. */
  readonly digest: string;
}

/** Modules that the init script loads, each with what it is for; dependencies come by themselves. */
const MODULES = [
  "virtio_pci", // the bus all devices are on
  "virtio_console", // the agent's port
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
const LAYOUT = 4;
const SPACE_MIB = 200;

export async function ensureKernel(options: BuildOptions = {}): Promise<Kernel> {
  const packages = await ensureBootPackages(options);
  const modulesRoot = join(packages, "usr/lib/modules");
  const version = readdirSync(modulesRoot)[0];
  if (version === undefined) throw new VitrineError("corrupt", `Cannot find a kernel in "${packages}"`);
  const init = readFileSync(join(BOOT_FILES, "init"));
  const digest = createHash("sha256")
    .update(JSON.stringify([LAYOUT, version, MODULES]))
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
      const entries = await initramfsEntries(packages, version, init, work);
      writeFileSync(join(directory, "initramfs"), cpioArchive(entries));
      const busybox = readFileSync(join(packages, "usr/bin/busybox"));
      writeFileSync(join(directory, "probe"), cpioArchive(probeEntries(busybox)));
      rmSync(work, { recursive: true });
    },
    { ...options, spaceMib: SPACE_MIB },
  );
  return { version, image: join(path, "vmlinux"), initramfs: join(path, "initramfs"), digest };
}

async function unpackKernel(bzImage: string, target: string, work: string): Promise<void> {
  const { tool, data } = kernelPayload(readFileSync(bzImage));
  const packed = join(work, "kernel");
  writeFileSync(packed, data);
  await unpack(tool, packed, target);
}

async function initramfsEntries(
  packages: string,
  version: string,
  init: Uint8Array,
  work: string,
): Promise<CpioEntry[]> {
  // The package leaves modules.dep to its post-installation; made here in a copy of the folder's links.
  const folder = join(work, "lib/modules", version);
  mkdirSync(join(work, "lib/modules"), { recursive: true });
  await runTool("cp", ["-as", join(packages, "usr/lib/modules", version), folder]);
  await runTool("depmod", ["--basedir", work, version]);
  const files = moduleFiles(
    MODULES,
    readFileSync(join(folder, "modules.dep"), "utf8"),
    readFileSync(join(folder, "modules.builtin"), "utf8"),
  );
  const modules = await Promise.all(files.map(async (file) => await plainModule(join(folder, file), work)));
  return [
    ...["bin", "dev", "proc", "sys", "modules", "new"].map((path) => ({ kind: "directory", path }) as const),
    { kind: "file", path: "bin/busybox", data: readFileSync(join(packages, "usr/bin/busybox")), executable: true },
    { kind: "file", path: "init", data: init, executable: true },
    // The script loads them in the order of their names.
    ...modules.map((data, index) => {
      const name = `${String(index).padStart(2, "0")}.ko`;
      return { kind: "file", path: `modules/${name}`, data } as const;
    }),
  ];
}

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
