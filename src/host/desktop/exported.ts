/**
 * What of a sandbox's apps is on the user's desktop: launchers in $XDG_DATA_HOME/applications, icons in the theme hicolor.
 * Every file is named for the application id, so all of a sandbox are found by their names, whatever became of its record.
 */
import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { pngSize } from "../catalog/png-header.ts";
import { checkSandboxName, type Environment } from "../sandbox/directories.ts";
import { badgeIcon } from "./badge.ts";
import { formatLauncher, type LauncherSpec, launcherId } from "./launcher.ts";
import { forgetApps } from "./mime-defaults.ts";

/** Sizes of icons in the theme, in pixels. */
const ICON_SIZES = [16, 22, 24, 32, 48, 64, 96, 128, 192, 256, 512] as const;
/** How long the desktop's own tools may take to note the change, in milliseconds; they take a tenth of a second. */
export const UPDATE_DEADLINE_MS = 10_000;
const DESKTOP = ".desktop";
/** Shown when an app has no icon of its own. */
const GENERIC_ICON = "application-x-executable";

export interface ExportedApp extends Omit<LauncherSpec, "icon"> {
  /** PNG files of its icon, verified or from the guest: they are decoded and written anew. */
  readonly icons: readonly Uint8Array[];
  /** The sandbox's, "#rrggbb". */
  readonly color: string;
}

interface Places {
  readonly applications: string;
  readonly theme: string;
}

/** Puts the app into the menus, or brings up to date what is there. Returns the launcher's id. */
export function exportApp(app: ExportedApp, environment: Environment): string {
  const places = placesOf(environment);
  checkSandboxName(app.sandbox);
  const id = launcherId(app.sandbox, app.guestAppId);
  removeIcons(places, (name) => name === `${id}.png`);
  const written = app.icons.filter((icon) => exportIcon(icon, app.color, id, places)).length;
  const text = formatLauncher({ ...app, icon: written > 0 ? id : GENERIC_ICON });
  // Last: a launcher that is seen has its icon.
  replaceFile(places.applications, `${id}${DESKTOP}`, text);
  announce(places, app.mimeTypes.length > 0);
  return id;
}

/** Removes every trace of the app; of all apps of the sandbox without `guestAppId`. Returns the ids that were there. */
export function unexportApps(sandbox: string, guestAppId: string | undefined, environment: Environment): string[] {
  const places = placesOf(environment);
  checkSandboxName(sandbox);
  // A sandbox's name has no dot: what follows is the app's.
  const prefix = launcherId(sandbox, "x").slice(0, -1);
  const matches = (id: string): boolean =>
    guestAppId === undefined ? id.startsWith(prefix) : id === launcherId(sandbox, guestAppId);
  const found = exportedIn(places).filter(matches);
  for (const id of found) rmSync(join(places.applications, `${id}${DESKTOP}`), { force: true });
  const icons = removeIcons(places, (name) => name.endsWith(".png") && matches(name.slice(0, -".png".length)));
  if (found.length === 0 && icons === 0) return [];
  forgetApps(found, environment);
  announce(places, false);
  return found;
}

/** Ids of all launchers of the sandbox that are there. */
export function exportedApps(sandbox: string, environment: Environment): string[] {
  const prefix = launcherId(checkSandboxName(sandbox), "x").slice(0, -1);
  return exportedIn(placesOf(environment)).filter((id) => id.startsWith(prefix));
}

function exportedIn({ applications }: Places): string[] {
  return readNames(applications)
    .filter((name) => name.endsWith(DESKTOP))
    .map((name) => name.slice(0, -DESKTOP.length));
}

function placesOf(environment: Environment): Places {
  const configured = environment.XDG_DATA_HOME;
  const usable = configured !== undefined && isAbsolute(configured);
  const base = usable ? configured : join(environment.HOME || homedir(), ".local/share");
  return { applications: join(base, "applications"), theme: join(base, "icons/hicolor") };
}

/** False when the icon is unusable, or of no size that themes have. */
function exportIcon(icon: Uint8Array, color: string, id: string, { theme }: Places): boolean {
  const size = pngSize(icon);
  const fitting = size !== undefined && size.width === size.height && ICON_SIZES.some((side) => side === size.width);
  const badged = fitting ? badgeIcon(icon, color) : undefined;
  if (badged === undefined) return false;
  replaceFile(join(theme, `${size?.width}x${size?.height}`, "apps"), `${id}.png`, badged);
  return true;
}

function removeIcons({ theme }: Places, matches: (name: string) => boolean): number {
  let count = 0;
  for (const side of ICON_SIZES) {
    const folder = join(theme, `${side}x${side}`, "apps");
    for (const name of readNames(folder).filter(matches)) {
      rmSync(join(folder, name), { force: true });
      count++;
    }
  }
  return count;
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The whole file or none: menus read it the moment it appears. */
function replaceFile(directory: string, name: string, data: string | Uint8Array): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const unfinished = join(directory, `.${name}.${process.pid}`);
  try {
    writeFileSync(unfinished, data, { mode: 0o644 });
    renameSync(unfinished, join(directory, name));
  } catch (error) {
    rmSync(unfinished, { force: true });
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new VitrineError("no-space", `Cannot write "${join(directory, name)}": the disk is full`, { cause: error });
  }
}

/**
 * Lets desktops know: the caches that map types to apps and names to icons are made anew where the tools for that are, and
 * the theme's folder gets a new time, by which toolkits see that it has changed. Menus watch the folder themselves.
 */
function announce({ applications, theme }: Places, hasTypes: boolean): void {
  const options: SpawnSyncOptions = { stdio: "ignore", timeout: UPDATE_DEADLINE_MS };
  // The cache is made for types only: without it apps that open no files leave no trace.
  if (hasTypes || existsSync(join(applications, "mimeinfo.cache"))) {
    spawnSync("update-desktop-database", ["--quiet", applications], options);
  }
  const now = new Date();
  if (existsSync(theme)) utimesSync(theme, now, now);
  // Only where there is a cache already: without one toolkits look into the folders.
  if (existsSync(join(theme, "icon-theme.cache"))) spawnSync("gtk-update-icon-cache", ["-q", "-t", theme], options);
}
