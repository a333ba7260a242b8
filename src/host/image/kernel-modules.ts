/** Modules of the kernel, ready to be loaded in the guest one after the other. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { moduleFiles } from "./modules.ts";
import { runTool } from "./run-tool.ts";

const MODULES = "usr/lib/modules";

/** As `uname -r` says of the kernel in the unpacked packages. */
export function kernelVersion(packages: string): string {
  const version = readdirSync(join(packages, MODULES))[0];
  if (version === undefined) throw new VitrineError("corrupt", `Cannot find a kernel in "${packages}"`);
  return version;
}

/**
 * A folder with links to the modules, and with what the package leaves to its post-installation: modules.dep. `work` is an
 * empty folder.
 */
export async function linkModules(packages: string, work: string): Promise<string> {
  const version = kernelVersion(packages);
  const folder = join(work, "lib/modules", version);
  mkdirSync(join(work, "lib/modules"), { recursive: true });
  await runTool("cp", ["-as", join(packages, MODULES, version), folder]);
  await runTool("depmod", ["--basedir", work, version]);
  return folder;
}

/**
 * Files of the modules `names` and of all they depend on, in the order in which they must be loaded. `folder` is of
 * linkModules().
 */
export function moduleFilesIn(folder: string, names: readonly string[]): string[] {
  return moduleFiles(
    names,
    readFileSync(join(folder, "modules.dep"), "utf8"),
    readFileSync(join(folder, "modules.builtin"), "utf8"),
  );
}

/** The bytes of those files, in their order. */
export async function readModules(folder: string, files: readonly string[], work: string): Promise<Uint8Array[]> {
  return await Promise.all(files.map(async (file) => await plainModule(join(folder, file), work)));
}

/** Name of the module at `index` of that order: files are loaded in the order of their names. */
export function moduleName(index: number): string {
  return `${String(index).padStart(2, "0")}.ko`;
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
export async function unpack(tool: "zstd" | "xz", packed: string, target: string): Promise<void> {
  await runTool("sh", ["-c", `exec "$1" -dc < "$2" > "$3"`, "sh", tool, packed, target]);
}
