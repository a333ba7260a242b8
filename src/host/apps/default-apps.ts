/** Which kinds of files an app opens on the user's desktop: none, until the user says so. */
import { VitrineError } from "../../base/error.ts";
import { parseDesktopEntry } from "../desktop/desktop-entry.ts";
import { launcherId } from "../desktop/launcher.ts";
import { forgetApps, setDefaultApp } from "../desktop/mime-defaults.ts";
import { configDirectory, lockConfig, readConfig, type SandboxConfig, writeConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import { exportedFolder, readExported } from "./exported-files.ts";
import type { FoundApp } from "./find-app.ts";

/** An app's desktop entry, in its sandbox. */
export interface Opener {
  readonly sandbox: string;
  readonly entry: string;
  /** Media types that it says it can open. */
  readonly can: readonly string[];
  /** Those that the user lets it open. */
  readonly does: readonly string[];
}

/** Throws "invalid-argument" for an app that has no launcher. */
export function openerOf({ config, app, entry }: FoundApp, environment: Environment): Opener {
  const { name, system } = config;
  const found =
    system.kind === "apps" && entry !== undefined
      ? readExported(exportedFolder(configDirectory(name, environment), system), entry)
      : undefined;
  if (found === undefined || entry === undefined) {
    throw new VitrineError("invalid-argument", `Cannot open files with "${app.id}": it is not in the menu`);
  }
  const can = parseDesktopEntry(found.entry).mimeTypes;
  return { sandbox: name, entry, can, does: typesFor(config, entry).filter((type) => can.includes(type)) };
}

/** The types that the user lets an entry open. */
export function typesFor({ opens }: SandboxConfig, entry: string): readonly string[] {
  return opens?.find((one) => one.entry === entry)?.types ?? [];
}

/**
 * Notes what an app shall open; its launcher has to be exported again, and {@link applyDefaults} makes it the first choice.
 * Throws "invalid-argument" for a type that it does not say it can open.
 */
export function letOpen(
  { sandbox, entry, can }: Opener,
  types: readonly string[],
  environment: Environment,
): SandboxConfig {
  const unknown = types.find((type) => !can.includes(type));
  if (unknown !== undefined) {
    throw new VitrineError(
      "invalid-argument",
      `Cannot open "${unknown}" with "${entry}": it does not say that it can`,
      {
        fix: can.length === 0 ? "it opens no files" : `one of: ${can.join(", ")}`,
      },
    );
  }
  using _lock = lockConfig(sandbox, environment);
  const config = readConfig(sandbox, environment);
  const others = (config.opens ?? []).filter((one) => one.entry !== entry);
  const changed = { ...config, opens: types.length === 0 ? others : [...others, { entry, types: [...types] }] };
  writeConfig(changed, environment);
  return changed;
}

/** Makes the launchers of a sandbox the first choice for what they shall open, and for nothing else. */
export function applyDefaults(config: SandboxConfig, environment: Environment): void {
  const entries = config.system.kind === "apps" ? config.system.apps.flatMap((app) => app.entries) : [];
  forgetApps(
    entries.map((entry) => launcherId(config.name, entry)),
    environment,
  );
  for (const { entry, types } of config.opens ?? []) {
    if (entries.includes(entry)) setDefaultApp(launcherId(config.name, entry), types, environment);
  }
}
