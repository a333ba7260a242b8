/**
 * Putting apps into sandboxes, and taking them out. Every change is made the same way: a layer with all apps of the
 * sandbox is built anew in a folder of its own, and when it is whole, moved into the store and named by the sandbox's
 * configuration, in one step. Whatever is killed when, there is the old state or the new.
 */
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { Untrusted } from "../../base/untrusted.ts";
import { parseDesktopEntry } from "../desktop/desktop-entry.ts";
import { ensureBase, openBase } from "../image/base-image.ts";
import type { BuildProgress } from "../image/build-options.ts";
import { fileDigest } from "../image/erofs.ts";
import type { Kernel } from "../image/kernel.ts";
import { makeWorkFolder } from "../image/work-folder.ts";
import {
  type AppSystem,
  configDirectory,
  findConfig,
  type InstalledApp,
  lockConfig,
  MAX_APP_ENTRIES,
  MAX_SANDBOX_APPS,
  readConfig,
  type SandboxConfig,
  writeConfig,
} from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import type { NewSandbox } from "../sandbox/make.ts";
import type { Driver } from "../vmm/driver.ts";
import { builderSources } from "./builder-sources.ts";
import { commit, PACKAGES } from "./commit.ts";
import { type BuiltLayer, withBuilder } from "./layer-build.ts";
import type { LayerPaths } from "./layer-contents.ts";

/** An app that shall be installed. */
export interface WantedApp {
  readonly id: string;
  readonly name: string;
  /** A package of the archive, or the absolute path of a file. */
  readonly source:
    | { readonly kind: "archive"; readonly package: string }
    | { readonly kind: "file"; readonly path: string };
  /** The desktop entry that the catalog names for it. */
  readonly entry?: string | undefined;
}

/** What everything that builds needs. */
export interface AppBuildOptions {
  readonly driver: Driver;
  readonly confined: boolean;
  readonly kernel: Kernel;
  readonly toolsImage: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BuildProgress) => void;
  readonly environment: Environment;
}

/** What a layer is made for. */
interface SystemWishes {
  readonly release: string;
  readonly apps: readonly WantedApp[];
  readonly recommends: boolean;
  /** Look whether the archive has a newer base. */
  readonly refresh: boolean;
  readonly force: boolean;
}

/** A system whose layer lies in a work folder still. */
export interface BuiltSystem {
  readonly system: AppSystem;
  readonly layer: BuiltLayer;
  /** Files of packages that must be kept with the sandbox: by the name that the system has for each. */
  readonly files: ReadonlyMap<string, string>;
}

/** Builds base and layer in `folder`, which is the caller's. Nothing of it is in use yet. */
export async function buildSystem(
  wishes: SystemWishes,
  folder: string,
  options: AppBuildOptions,
): Promise<BuiltSystem> {
  const { environment, signal, onProgress } = options;
  const { release, apps, recommends } = wishes;
  if (apps.length > MAX_SANDBOX_APPS) {
    throw new VitrineError(
      "limit",
      `Cannot put ${apps.length} apps into one sandbox: at most ${MAX_SANDBOX_APPS} wanted`,
    );
  }
  const { built: _built, ...base } = await ensureBase(release, {
    signal,
    refresh: wishes.refresh,
    force: wishes.force,
    onProgress: ({ stage, ...rest }) => onProgress({ stage: `base of ${release}: ${stage}`, ...rest }),
  });
  const sources = await builderSources(release, environment);
  // Packages first, then files: as the builder reports them.
  const ordered = [...apps].sort((a, b) => Number(a.source.kind === "file") - Number(b.source.kind === "file"));
  const layer = await withBuilder({ ...options, images: [await openBase(base)], sources, folder }, async (steps) => {
    await steps.prepare(recommends);
    const packages = ordered.flatMap(({ source }) => (source.kind === "archive" ? [source.package] : []));
    const files = ordered.flatMap(({ source }) => (source.kind === "file" ? [source.path] : []));
    const chosen = (owned: readonly LayerPaths[], added: LayerPaths) =>
      ordered.flatMap((app, index) => entriesOf(app, owned[index], added, ordered.length === 1));
    return await steps.build({ packages, files, recommends }, chosen, iconNameOf);
  });
  const files = new Map<string, string>();
  const installed: InstalledApp[] = [];
  for (const [index, app] of ordered.entries()) {
    const { name: packageName = "", version = "" } = layer.installed[index] ?? {};
    const entries = entriesOf(app, layer.owned[index], layer.added, ordered.length === 1);
    const commands = entries.length > 0 ? [] : commandsOf(packageName, layer.owned[index], layer.added);
    const source = await keptSource(app, packageName, files);
    const id = app.source.kind === "file" ? packageName : app.id;
    const name = app.source.kind === "file" ? packageName : app.name;
    installed.push({ id, name, source, version, entries, commands });
  }
  const { digest, bytes } = layer;
  const system: AppSystem = {
    kind: "apps",
    release,
    base,
    layer: { digest, bytes },
    apps: installed,
    recommends,
    archive: "",
    builtAt: Date.now(),
  };
  return { system, layer, files };
}

/** The app's own entry, as the catalog knows it; else those that its package brings; of the only app else all there are. */
function entriesOf(app: WantedApp, owned: LayerPaths | undefined, added: LayerPaths, only: boolean): string[] {
  if (app.entry !== undefined && added.entries.includes(app.entry)) return [app.entry];
  const own = (owned?.entries ?? []).filter((entry) => added.entries.includes(entry));
  const all = own.length > 0 ? own : only ? added.entries : [];
  // The one that is called as the app is comes first: it is the one that is meant.
  const rank = (entry: string) => (entry === app.id ? 0 : entry.toLowerCase().includes(app.id.toLowerCase()) ? 1 : 2);
  return [...all].sort((a, b) => rank(a) - rank(b)).slice(0, MAX_APP_ENTRIES);
}

/** What a package has for the command line, the command that is called as it is first. */
function commandsOf(packageName: string, owned: LayerPaths | undefined, added: LayerPaths): string[] {
  const all = owned !== undefined && owned.commands.length > 0 ? owned.commands : added.commands;
  return [...all].sort((a, b) => Number(b === packageName) - Number(a === packageName)).slice(0, MAX_APP_ENTRIES);
}

async function keptSource(
  { source }: WantedApp,
  packageName: string,
  files: Map<string, string>,
): Promise<InstalledApp["source"]> {
  if (source.kind === "archive") return source;
  const file = `${packageName}-${(await fileDigest(source.path)).slice(0, 16)}.deb`;
  files.set(file, source.path);
  return { kind: "file", package: packageName, file };
}

/** Name of the icon that a guest's desktop entry has; undefined when it has none that could be shown, or is unusable. */
function iconNameOf(data: Untrusted<Uint8Array>): string | undefined {
  try {
    return parseDesktopEntry(data).icon;
  } catch {
    return undefined;
  }
}

export interface InstallRequest {
  /** The sandbox to put them into; made if there is none of that name. */
  readonly sandbox: string;
  readonly apps: readonly WantedApp[];
  readonly release: string;
  readonly recommends: boolean;
  /** For a new sandbox. */
  readonly settings: Pick<NewSandbox, "homeBytes" | "colour" | "network">;
}

/** Installs apps; resolves to the sandbox as it is then. Throws "already-exists" when all of them are there. */
export async function installApps(request: InstallRequest, options: AppBuildOptions): Promise<SandboxConfig> {
  const { sandbox, settings } = request;
  const { environment } = options;
  using lock = lockConfig(sandbox, environment);
  const before = findConfig(sandbox, environment);
  try {
    const system = before === undefined ? undefined : requireApps(before);
    const there =
      system === undefined ? [] : system.apps.map((app) => wantedAgain(app, configDirectory(sandbox, environment)));
    const fresh = request.apps.filter((app) => app.source.kind === "file" || !there.some(({ id }) => id === app.id));
    if (fresh.length === 0) {
      const names = request.apps.map(({ id }) => id).join('", "');
      throw new VitrineError("already-exists", `Cannot install "${names}": sandbox "${sandbox}" has it already`, {
        fix: `vitrine update ${sandbox}, or vitrine run ${request.apps[0]?.id}`,
      });
    }
    using folder = makeWorkFolder();
    const wishes = {
      release: system?.release ?? request.release,
      apps: [...there.filter(({ source }) => !replaces(fresh, source)), ...fresh],
      recommends: system?.recommends ?? request.recommends,
      refresh: false,
      force: false,
    };
    const built = await buildSystem(wishes, folder.path, options);
    return await commit(before ?? { name: sandbox, ...settings }, built, options);
  } catch (error) {
    // Without a sandbox there is nothing that a lock could be for.
    if (before === undefined) lock.remove();
    throw error;
  }
}

/** A file of a package that is there in another version takes its place. */
function replaces(fresh: readonly WantedApp[], source: WantedApp["source"]): boolean {
  return source.kind === "file" && fresh.some((app) => app.source.kind === "file" && app.source.path === source.path);
}

/** Takes apps out of a sandbox that keeps others. */
export async function removeApps(
  sandbox: string,
  ids: readonly string[],
  options: AppBuildOptions,
): Promise<SandboxConfig> {
  const { environment } = options;
  using _lock = lockConfig(sandbox, environment);
  const before = readConfig(sandbox, environment);
  const system = requireApps(before);
  const kept = system.apps.filter(({ id }) => !ids.includes(id));
  using folder = makeWorkFolder();
  const apps = kept.map((app) => wantedAgain(app, configDirectory(sandbox, environment)));
  const wishes = { release: system.release, apps, recommends: system.recommends, refresh: false, force: false };
  return await commit(before, await buildSystem(wishes, folder.path, options), options);
}

/** Goes back to what the apps were before the last change; once more, and that change is back. */
export async function rollBack(sandbox: string, environment: Environment): Promise<SandboxConfig> {
  using _lock = lockConfig(sandbox, environment);
  const before = readConfig(sandbox, environment);
  const system = requireApps(before);
  if (before.previous === null) {
    throw new VitrineError(
      "not-found",
      `Cannot go back with sandbox "${sandbox}": it was not changed since it was made`,
    );
  }
  const config: SandboxConfig = { ...before, system: before.previous, previous: system };
  writeConfig(config, environment);
  return config;
}

export function requireApps({ name, system }: SandboxConfig): AppSystem {
  if (system.kind === "apps") return system;
  throw new VitrineError(
    "invalid-argument",
    `Cannot change the apps of sandbox "${name}": it is made of image "${system.image}"`,
    {
      fix: "install them into a sandbox of their own",
    },
  );
}

/** An app of a sandbox, whose folder is given, to be installed again. */
export function wantedAgain(app: InstalledApp, directory: string): WantedApp {
  const { id, name, source, entries } = app;
  const entry = entries.length === 1 ? entries[0] : undefined;
  if (source.kind === "archive") return { id, name, source, entry };
  const path = join(directory, PACKAGES, source.file);
  return { id, name, source: { kind: "file", path }, entry };
}
