/** What `vitrine remove` does. */
import { VitrineError } from "../../base/error.ts";
import { cleanStore } from "../../host/apps/commit.ts";
import { findApp } from "../../host/apps/find-app.ts";
import { removeApps } from "../../host/apps/install.ts";
import { removeLaunchers } from "../../host/apps/launchers.ts";
import { configDirectory, configNames, findConfig } from "../../host/sandbox/config.ts";
import { findHomeDisk } from "../../host/sandbox/home-disk.ts";
import { removeSandbox } from "../../host/sandbox/make.ts";
import { endReady } from "../../host/sandbox/ready/ready-machines.ts";
import type { RemoveFlags } from "../commands/remove.ts";
import type { CliContext } from "../context.ts";
import { confirm } from "../terminal/confirm.ts";
import { formatBytes } from "../terminal/report.ts";
import { refreshLaunchers, withBuildOptions, withStages } from "./install-apps.ts";

export async function runRemove(this: CliContext, flags: RemoveFlags, ...words: string[]): Promise<void> {
  const environment = this.process.env;
  const { sandboxes, apps } = sortOut(this, words);
  if (sandboxes.length > 0) {
    const used = sandboxes.reduce(
      (sum, name) => sum + (findHomeDisk(configDirectory(name, environment))?.usedBytes ?? 0),
      0,
    );
    await confirm(`Remove ${sandboxes.join(", ")} with all that is in the home (${formatBytes(used)})?`, flags);
  }
  for (const name of sandboxes) {
    await removeSandbox(name, environment);
    removeLaunchers(name, environment);
  }
  if (sandboxes.length > 0) {
    await endReady(environment);
    await cleanStore(environment);
  }
  if (apps.size === 0) return;
  await withBuildOptions(this, flags.unconfined, async (options) => {
    for (const [sandbox, ids] of apps) {
      const config = await withStages(this, `removing ${ids.join(", ")}`, (onProgress) =>
        removeApps(sandbox, ids, { ...options, onProgress }),
      );
      refreshLaunchers(this, config);
    }
  });
}

/** Whole sandboxes, and apps that share theirs with others. */
function sortOut(context: CliContext, words: readonly string[]): { sandboxes: string[]; apps: Map<string, string[]> } {
  const environment = context.process.env;
  const names = configNames(environment);
  const sandboxes = new Set(words.filter((word) => names.includes(word)));
  const apps = new Map<string, string[]>();
  for (const word of words.filter((one) => !sandboxes.has(one))) {
    const { config, app } = findApp(word, environment);
    apps.set(config.name, [...(apps.get(config.name) ?? []), app.id]);
  }
  for (const [name, ids] of apps) {
    const system = findConfig(name, environment)?.system;
    const all = system?.kind === "apps" ? system.apps.map(({ id }) => id) : [];
    if (all.every((id) => ids.includes(id))) sandboxes.add(name);
    if (sandboxes.has(name)) apps.delete(name);
  }
  if (sandboxes.size === 0 && apps.size === 0) throw new VitrineError("invalid-argument", "Cannot remove: name an app");
  return { sandboxes: [...sandboxes], apps };
}
