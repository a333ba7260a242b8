/** Which sandbox an app is in. */
import { VitrineError } from "../../base/error.ts";
import { configNames, findConfig, type InstalledApp, type SandboxConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";

export interface FoundApp {
  readonly config: SandboxConfig;
  readonly app: InstalledApp;
  /** The desktop entry that is meant; undefined for an app that has none. */
  readonly entry: string | undefined;
}

/** The app of a sandbox that `word` names: by its id, a desktop entry of it, its package, or its name. */
export function appOf(config: SandboxConfig, word: string): FoundApp | undefined {
  if (config.system.kind !== "apps") return undefined;
  const { apps } = config.system;
  const plain = word.replace(/\.desktop$/, "");
  const owner = apps.find((app) => app.entries.includes(plain));
  if (owner !== undefined) return { config, app: owner, entry: plain };
  const lower = word.toLowerCase();
  const app =
    apps.find(({ id }) => id === plain) ??
    apps.find(({ source }) => source.package === word) ??
    apps.find(({ id, name }) => id.toLowerCase() === lower || name.toLowerCase() === lower);
  return app === undefined ? undefined : { config, app, entry: app.entries[0] };
}

/** Everywhere that `word` names an app, in the order of the sandboxes' names. */
export function findApps(word: string, environment: Environment): FoundApp[] {
  return configNames(environment).flatMap((name) => {
    try {
      const config = findConfig(name, environment);
      return (config === undefined ? undefined : appOf(config, word)) ?? [];
    } catch {
      return []; // Damaged, or of a newer version: it says so when it is named.
    }
  });
}

/** The one that is meant. Throws "not-found", or "invalid-argument" when there are several. */
export function findApp(word: string, environment: Environment): FoundApp {
  const [found, ...others] = findApps(word, environment);
  if (found === undefined) {
    throw new VitrineError("not-found", `Cannot find app "${word}": it is not installed`, {
      fix: `vitrine install ${word}, or vitrine list`,
    });
  }
  if (others.length === 0) return found;
  const names = [found, ...others].map(({ config }) => config.name);
  throw new VitrineError("invalid-argument", `Cannot tell which "${word}" is meant: it is in several sandboxes`, {
    fix: `add --sandbox with one of: ${names.join(", ")}`,
  });
}

/** Ids of all apps, and names of all sandboxes. */
export function installedNames(environment: Environment): string[] {
  const apps = configNames(environment).flatMap((name) => {
    try {
      const system = findConfig(name, environment)?.system;
      return system?.kind === "apps" ? system.apps.map(({ id }) => id) : [];
    } catch {
      return [];
    }
  });
  return [...new Set([...apps, ...configNames(environment)])].sort();
}
