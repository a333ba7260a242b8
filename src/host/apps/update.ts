/** Bringing the apps of a sandbox up to date: a newer base and layer beside the old ones, which stay to go back to. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { archiveState, openBase } from "../image/base-image.ts";
import { makeWorkFolder } from "../image/work-folder.ts";
import { configDirectory, lockConfig, readConfig, type SandboxConfig, writeConfig } from "../sandbox/config.ts";
import { archivesOf, builderSources } from "./builder-sources.ts";
import { commit } from "./commit.ts";
import { type AppBuildOptions, buildSystem, requireApps, wantedAgain } from "./install.ts";
import { withBuilder } from "./layer-build.ts";
import type { Upgrade } from "./layer-contents.ts";
import { openLayer } from "./layers.ts";

export interface UpdateResult {
  readonly config: SandboxConfig;
  /** What is newer now; empty when nothing was. */
  readonly upgrades: readonly Upgrade[];
  /** False: it is as it was. */
  readonly changed: boolean;
}

/**
 * Updates the apps of a sandbox. Nothing is built when the archive has nothing newer for it, unless `force` says so. One
 * that runs keeps what it has until its next start.
 */
export async function updateApps(name: string, force: boolean, options: AppBuildOptions): Promise<UpdateResult> {
  const { environment } = options;
  using _lock = lockConfig(name, environment);
  const before = readConfig(name, environment);
  const system = requireApps(before);
  options.onProgress({ stage: "looking for news in the archive" });
  const archive = await archiveState(await archivesOf(system.release, environment));
  if (!force && system.archive === archive) return { config: before, upgrades: [], changed: false };
  using folder = makeWorkFolder();
  // With --force the old one may be damaged, so nothing is asked of it.
  const upgrades = force ? [] : await findUpgrades(before, join(folder.path, "look"), options);
  if (!force && upgrades.length === 0) {
    const config = { ...before, system: { ...system, archive } };
    writeConfig(config, environment);
    return { config, upgrades, changed: false };
  }
  const work = join(folder.path, "build");
  mkdirSync(work);
  const apps = system.apps.map((app) => wantedAgain(app, configDirectory(name, environment)));
  const { release, recommends } = system;
  const built = await buildSystem({ release, apps, recommends, refresh: true, force: false }, work, options);
  const config = await commit(before, { ...built, system: { ...built.system, archive } }, options);
  return { config, upgrades, changed: true };
}

/** What the archive has that is newer than what is in the sandbox. */
async function findUpgrades(before: SandboxConfig, folder: string, options: AppBuildOptions): Promise<Upgrade[]> {
  const system = requireApps(before);
  mkdirSync(folder);
  const images = [await openBase(system.base), await openLayer(system.layer, before.name)] as const;
  const sources = await builderSources(system.release, options.environment);
  return await withBuilder({ ...options, images, sources, folder }, async (steps) => {
    await steps.prepare(system.recommends);
    return await steps.upgrades();
  });
}
