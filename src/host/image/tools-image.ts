/**
 * The tools image: the guest's own root, read-only and the same for every sandbox. Busybox, the compiled agent, and what
 * the agent needs. Apps do not see it: their root is the app root, which can so be of any distribution.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ensureBootPackages } from "./boot-packages.ts";
import type { BuildOptions } from "./build-options.ts";
import { makeErofs } from "./erofs.ts";
import { kernelVersion, linkModules, moduleFilesIn, moduleName, readModules } from "./kernel-modules.ts";
import { runTool } from "./run-tool.ts";
import { ensureVersion } from "./versions.ts";

/** The read-only file system with the agent and what it needs. */
export interface ToolsImage {
  readonly path: string;
  /** Names its content. Hex. */
  readonly digest: string;
}

const SOURCE = join(import.meta.dirname, "../..");
const NODE_MODULES = join(SOURCE, "../node_modules");
/** Folders of src/ that the agent is made of. */
const AGENT_SOURCES = ["base", "sys", "wayland", "channel", "guest"] as const;
const SPACE_MIB = 500;

/** Files taken from the packages, as they lie there. */
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
const FILES = [
  "usr/bin/busybox",
  "usr/bin/mkfs.erofs",
  "usr/sbin/e2fsck",
  "usr/sbin/mke2fs",
  "usr/sbin/resize2fs",
  "usr/lib64/ld-linux-x86-64.so.2",
  ...[
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    // e2fsprogs
    ...["libblkid.so.1", "libcom_err.so.2", "libe2p.so.2", "libext2fs.so.2", "libuuid.so.1"],
    // mkfs.erofs
    ...["libdeflate.so.0", "liblz4.so.1", "liblzma.so.5", "libpcre2-8.so.0", "libselinux.so.1", "libxxhash.so.0"],
    ...["libz.so.1", "libzstd.so.1"],
  ].map((name) => `${LIBRARIES}/${name}`),
];
const FOLDERS = [
  "agent",
  "app",
  "arena",
  "build",
  "data",
  "dev",
  "etc",
  "layers",
  "proc",
  "root",
  "run",
  "sys",
  "tmp",
  "usr/sbin",
];
/** Loaded by the agent, when there is a network card. */
const NETWORK_MODULES = ["virtio_net"];
const BUSYBOX_NAMES = ["usr/bin/sh", "usr/sbin/init"];

export async function ensureToolsImage(options: BuildOptions = {}): Promise<ToolsImage> {
  const packages = await ensureBootPackages(options);
  const digest = toolsDigest(kernelVersion(packages));
  const path = await ensureVersion(
    "tools",
    digest,
    async (directory) => {
      const root = join(directory, "root");
      options.onProgress?.({ stage: "compiling the agent" });
      layTree(packages, root);
      await layModules(packages, join(root, "modules/network"), join(directory, "work"));
      await compileAgent(join(root, "agent"), options.signal);
      options.onProgress?.({ stage: "packing" });
      await makeErofs(join(directory, "tools.erofs"), root, { allRoot: true, signal: options.signal });
      rmSync(root, { recursive: true, force: true });
    },
    { ...options, spaceMib: SPACE_MIB },
  );
  return { path: join(path, "tools.erofs"), digest };
}

/** Names everything that the image is made of but the packages, which change only with their list. */
function toolsDigest(kernel: string): string {
  const hash = createHash("sha256").update(JSON.stringify([FILES, FOLDERS, BUSYBOX_NAMES, kernel]));
  hash.update(readFileSync(import.meta.filename));
  hash.update(readFileSync(join(SOURCE, "../package-lock.json")));
  for (const folder of AGENT_SOURCES) {
    const files = readdirSync(join(SOURCE, folder), { recursive: true, encoding: "utf8", withFileTypes: true });
    const paths = files.filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"));
    for (const path of paths.map((entry) => join(entry.parentPath, entry.name)).sort()) {
      hash.update(path.slice(SOURCE.length)).update(readFileSync(path));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

function layTree(packages: string, root: string): void {
  for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
  for (const file of FILES) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(join(packages, file), join(root, file), { dereference: true });
  }
  for (const link of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${link}`, join(root, link));
  for (const name of BUSYBOX_NAMES) symlinkSync("/usr/bin/busybox", join(root, name));
  const boot = join(SOURCE, "guest/boot");
  for (const name of ["build-layer", "inittab", "open-network", "run-agent"])
    copyFileSync(join(boot, name), join(root, "etc", name));
}

async function layModules(packages: string, target: string, work: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  mkdirSync(work);
  const folder = await linkModules(packages, work);
  const modules = await readModules(folder, moduleFilesIn(folder, NETWORK_MODULES), work);
  for (const [index, data] of modules.entries()) writeFileSync(join(target, moduleName(index)), data);
  rmSync(work, { recursive: true });
}

/** The agent as one executable, with the native library where it looks for it (src/sys/koffi-native.ts). */
async function compileAgent(target: string, signal: AbortSignal | undefined): Promise<void> {
  const executable = join(target, "agent");
  // Bytecode: parsing the source would cost a third of the agent's start.
  const form = ["--compile", "--bytecode", "--format=esm", "--minify"];
  const flags = [...form, "--no-compile-autoload-bunfig", "--no-compile-autoload-dotenv"];
  const entry = join(SOURCE, "guest/agent/main.ts");
  await runTool(process.execPath, ["build", ...flags, `--outfile=${executable}`, entry], {
    cwd: join(SOURCE, ".."),
    environment: { HOME: target },
    signal,
  });
  chmodSync(executable, 0o755);
  const native = join(target, "koffi/linux_x64");
  mkdirSync(native, { recursive: true });
  copyFileSync(join(NODE_MODULES, "@koromix/koffi-linux-x64/linux_x64/koffi.node"), join(native, "koffi.node"));
}
