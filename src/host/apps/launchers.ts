/** The launchers of a sandbox's apps on the user's desktop. */
import { VitrineError } from "../../base/error.ts";
import { validate } from "../../base/untrusted.ts";
import { parseDesktopEntry } from "../desktop/desktop-entry.ts";
import { exportApp, exportedApps, unexportApps } from "../desktop/exported.ts";
import { launcherId } from "../desktop/launcher.ts";
import { SANDBOX_COLOURS } from "../sandbox/colour.ts";
import { configDirectory, configNames, findConfig, type InstalledApp, type SandboxConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import { typesFor } from "./default-apps.ts";
import { exportedFolder, readExported } from "./exported-files.ts";

export interface LauncherOptions {
  /** Absolute path of the program that launchers start. */
  readonly program: string;
  /** PNG files of an app's icon that are better than the guest's: verified. */
  readonly iconsOf: (app: InstalledApp) => readonly Uint8Array[];
  readonly environment: Environment;
}

/** Makes the launchers what the sandbox's apps are: new ones appear, those of apps that have gone go. Returns their ids. */
export function exportLaunchers(config: SandboxConfig, options: LauncherOptions): string[] {
  const { name, system, colour } = config;
  const { environment, program, iconsOf } = options;
  const wanted: string[] = [];
  for (const app of system.kind === "apps" ? system.apps : []) {
    for (const guestAppId of app.entries) {
      const found =
        system.kind === "apps"
          ? readExported(exportedFolder(configDirectory(name, environment), system), guestAppId)
          : undefined;
      const entry = found === undefined ? undefined : tryParse(found.entry);
      if (found === undefined || entry?.shown !== true || entry.terminal) continue;
      const verified = iconsOf(app);
      const icons = verified.length > 0 ? verified : found.icons.map((icon) => validate(icon, (bytes) => bytes));
      wanted.push(
        exportApp(
          {
            sandbox: name,
            guestAppId,
            entry,
            command: (action) => [
              ...[program, "run", "--sandbox", name],
              ...(action === undefined ? [] : ["--action", action]),
              ...[guestAppId, "--"],
            ],
            trial: [program, "try", "--sandbox", name, guestAppId, "--"],
            mimeTypes: typesFor(config, guestAppId),
            suffix: isElsewhere(app, name, environment) ? name : undefined,
            icons,
            color: SANDBOX_COLOURS[colour],
          },
          environment,
        ),
      );
    }
  }
  const own = launcherId(name, "x").slice(0, -1);
  for (const id of exportedApps(name, environment)) {
    if (!wanted.includes(id)) unexportApps(name, id.slice(own.length), environment);
  }
  return wanted;
}

/** A guest may write what it likes; an app whose entry is unusable has no launcher. */
function tryParse(data: Parameters<typeof parseDesktopEntry>[0]) {
  try {
    return parseDesktopEntry(data);
  } catch (error) {
    if (VitrineError.from(error).code === "invalid-argument") return undefined;
    throw error;
  }
}

/** The same app in another sandbox: then the names must tell them apart. */
function isElsewhere({ id }: InstalledApp, sandbox: string, environment: Environment): boolean {
  return configNames(environment).some((name) => {
    if (name === sandbox) return false;
    try {
      const system = findConfig(name, environment)?.system;
      return system?.kind === "apps" && system.apps.some((app) => app.id === id);
    } catch {
      return false;
    }
  });
}

/** Removes every launcher of a sandbox, with icons and defaults. */
export function removeLaunchers(sandbox: string, environment: Environment): void {
  unexportApps(sandbox, undefined, environment);
}
