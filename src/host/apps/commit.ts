/**
 * How what was built comes into use: it is moved into the store, and named by a sandbox's configuration, in one step. What
 * nobody needs any more then goes.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { syncToDisk } from "../files/durable-file.ts";
import { acquire, storeDirectory } from "../image/store.ts";
import { configDirectory, placeSandbox, type SandboxConfig, writeConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import { makeSandbox, type NewSandbox } from "../sandbox/make.ts";
import { exportedFolder, saveExported } from "./exported-files.ts";
import { collectGarbage } from "./garbage.ts";
import type { AppBuildOptions, BuiltSystem, InstallRequest } from "./install.ts";
import { publishLayer } from "./layers.ts";

/** Folder of a sandbox with the packages that were installed from files. */
export const PACKAGES = "packages";

/** Moves what was built into place: from this moment on it is what the sandbox is made of. */
export async function commit(
  sandbox: SandboxConfig | (Pick<NewSandbox, "name"> & InstallRequest["settings"]),
  built: BuiltSystem,
  options: AppBuildOptions,
): Promise<SandboxConfig> {
  const { environment, signal } = options;
  const { system, layer } = built;
  using _store = await lockStore(signal);
  if (signal.aborted) throw new VitrineError("cancelled", "Nothing was changed: cancelled");
  publishLayer(layer);
  const fill = (directory: string) => {
    saveExported(exportedFolder(directory, system), layer);
    keepFiles(join(directory, PACKAGES), built.files);
  };
  let config: SandboxConfig;
  if ("system" in sandbox) {
    const directory = configDirectory(sandbox.name, environment);
    fill(directory);
    config = { ...sandbox, system, previous: sandbox.system.kind === "apps" ? sandbox.system : null };
    writeConfig(config, environment);
    forgetOthers(directory, config);
  } else {
    const { homeBytes: _homeBytes, ...made } = makeSandbox({ ...sandbox, system }, environment, fill);
    config = made;
  }
  collectGarbage(environment);
  return config;
}

/**
 * Puts the folder `made`, with a home and what else belongs into it, in the place of the sandbox's, and with it what was
 * built for its apps, if anything was. Only for the holder of the store's lock.
 */
export function placeApps(
  config: SandboxConfig,
  built: BuiltSystem | undefined,
  made: string,
  environment: Environment,
): SandboxConfig {
  if (built !== undefined) {
    publishLayer(built.layer);
    saveExported(exportedFolder(made, built.system), built.layer);
    forgetOthers(made, config);
  }
  placeSandbox(config, made, environment);
  collectGarbage(environment);
  return config;
}

/** One change of the store at a time, so that nothing is removed that is about to be named. */
export function lockStore(signal: AbortSignal): Promise<Disposable> {
  return acquire(join(storeDirectory(), "apps.lock"), { signal });
}

/** Removes what no sandbox needs any more. */
export async function cleanStore(environment: Environment): Promise<void> {
  using _store = await lockStore(new AbortController().signal);
  collectGarbage(environment);
}

function keepFiles(folder: string, files: ReadonlyMap<string, string>): void {
  if (files.size === 0) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, from] of files) {
    const to = join(folder, name);
    if (from === to) continue;
    copyFileSync(from, to);
    syncToDisk(to);
  }
  syncToDisk(folder);
}

/** Removes from a sandbox's folder what neither its apps need nor those that it can go back to. */
function forgetOthers(directory: string, { system, previous }: SandboxConfig): void {
  const systems = [system, previous].filter((one) => one?.kind === "apps");
  const exported = new Set(systems.map((one) => exportedFolder(directory, one)));
  const files = new Set(
    systems.flatMap(({ apps }) => apps.map(({ source }) => (source.kind === "file" ? source.file : ""))),
  );
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name.startsWith("exported-") && !exported.has(path)) rmSync(path, { recursive: true, force: true });
    if (name !== PACKAGES) continue;
    for (const file of readdirSync(path)) if (!files.has(file)) rmSync(join(path, file));
  }
}
