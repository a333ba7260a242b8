/** The emulated host: a Debian 13 system on a processor with SVM, which QEMU's translator offers, with this product in it. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ensureArenaTemplate } from "../../src/host/image/arena-template.ts";
import { ensureBootPackages } from "../../src/host/image/boot-packages.ts";
import { type CpioEntry, cpioArchive } from "../../src/host/image/cpio.ts";
import { makeErofs } from "../../src/host/image/erofs.ts";
import { buildImage, openImage } from "../../src/host/image/images.ts";
import { ensureKernel } from "../../src/host/image/kernel.ts";
import { linkModules, moduleFilesIn, moduleName, readModules } from "../../src/host/image/kernel-modules.ts";
import { ensureToolsImage } from "../../src/host/image/tools-image.ts";
import { runTool } from "../support/processes.ts";

const ROOT = join(import.meta.dirname, "../..");
const HOST_IMAGE = "vitrine-test-kvm-host";
/** What an ordinary machine with Vitrine has: a monitor, walls, a desktop, and what the tests of virtual machines use. */
const HOST_PACKAGES = [
  ...["qemu-system-x86", "seabios", "bubblewrap", "sway", "grim", "wtype", "procps", "e2fsprogs", "iproute2"],
  ...["busybox-static", "kmod", "util-linux"],
];
const APPS_IMAGE = "vitrine-test";
const APPS_PACKAGES = ["adwaita-icon-theme", "fonts-dejavu-core", "foot", "gnome-calculator"];
const MODULES = ["virtio_pci", "virtio_blk", "erofs", "overlay", "kvm_amd"];
const STAGE_DEADLINE_MS = 300_000;

export interface HostOptions {
  /** An empty folder. */
  readonly folder: string;
  /** Environment of the session inside. */
  readonly environment: Readonly<Record<string, string>>;
  /** Programs that are put into the host's path, by their names there. */
  readonly programs: Readonly<Record<string, string>>;
  readonly memoryMib: number;
}

/** Builds what is missing and starts it; its console is the child's output. */
export async function startHost(options: HostOptions): Promise<ChildProcess> {
  const { folder } = options;
  await buildImage(HOST_IMAGE, { release: "trixie", packages: HOST_PACKAGES });
  await buildImage(APPS_IMAGE, { release: "trixie", packages: APPS_PACKAGES });
  const { path: root } = await openImage(HOST_IMAGE);
  const kernel = await ensureKernel();
  const product = join(folder, "product.erofs");
  await packProduct(options, product);
  const initramfs = join(folder, "initramfs");
  writeFileSync(initramfs, cpioArchive(await initramfsEntries(folder)));
  const disk = (file: string) => [
    ...["-drive", `file=${file},format=raw,if=none,readonly=on,id=${basename(file)}`],
    ...["-device", `virtio-blk-pci,drive=${basename(file)}`],
  ];
  const words = [
    ...["-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", `${options.memoryMib}M`],
    ...["-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio"],
    ...["-kernel", kernel.image, "-initrd", initramfs],
    ...["-append", "console=ttyS0 quiet panic=-1 no_timer_check maxcpus=2 cryptomgr.notests=1"],
    ...disk(root),
    ...disk(product),
  ];
  return spawn("qemu-system-x86_64", words, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The source tree with its packages, and the parts of the store that a start needs. */
async function packProduct({ folder, environment, programs }: HostOptions, target: string): Promise<void> {
  const tree = join(folder, "product");
  const store = join(tree, "data/vitrine");
  mkdirSync(join(store, "images"), { recursive: true });
  mkdirSync(join(tree, "cache"));
  const files = (await runTool("git", ["-C", ROOT, "ls-files", "-co", "--exclude-standard"])).trim().split("\n");
  for (const file of files) cpSync(join(ROOT, file), join(tree, file));
  await runTool("cp", ["-a", join(ROOT, "node_modules"), tree], {}, STAGE_DEADLINE_MS);
  const kernel = await ensureKernel();
  const parts = [
    dirname(kernel.image),
    dirname((await ensureToolsImage()).path),
    dirname((await ensureArenaTemplate()).path),
    dirname(await ensureBootPackages()),
    dirname((await openImage(APPS_IMAGE)).path),
  ];
  for (const part of parts) await runTool("cp", ["-a", part, store], {}, STAGE_DEADLINE_MS);
  const record = join(dirname(dirname(kernel.image)), "images", `${APPS_IMAGE}.json`);
  cpSync(record, join(store, "images", `${APPS_IMAGE}.json`));
  mkdirSync(join(tree, "bin"));
  for (const [name, path] of Object.entries(programs)) cpSync(path, join(tree, "bin", name));
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  writeFileSync(join(tree, "environment"), words.join(" "));
  await makeErofs(target, tree, { allRoot: false });
}

async function initramfsEntries(folder: string): Promise<CpioEntry[]> {
  const packages = await ensureBootPackages();
  const work = join(folder, "modules");
  mkdirSync(work);
  const linked = await linkModules(packages, work);
  const modules = await readModules(linked, moduleFilesIn(linked, MODULES), work);
  return [
    ...["bin", "dev", "proc", "modules", "layers", "new"].map((path) => ({ kind: "directory", path }) as const),
    { kind: "file", path: "bin/busybox", data: readFileSync(join(packages, "usr/bin/busybox")), executable: true },
    { kind: "file", path: "init", data: readFileSync(join(import.meta.dirname, "boot-init")), executable: true },
    ...modules.map((data, index) => ({ kind: "file", path: `modules/${moduleName(index)}`, data }) as const),
  ];
}
