/** What `vitrine install` does. */
import { existsSync, readFileSync } from "node:fs";
import { basename, resolve as resolvePath } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { findApps } from "../../host/apps/find-app.ts";
import { type AppBuildOptions, installApps, type WantedApp } from "../../host/apps/install.ts";
import { exportLaunchers } from "../../host/apps/launchers.ts";
import { Catalog } from "../../host/catalog/catalog.ts";
import { catalogIcon } from "../../host/catalog/icons.ts";
import { userLanguages } from "../../host/catalog/locale.ts";
import { resolve } from "../../host/catalog/resolve.ts";
import type { InstalledApp, SandboxConfig } from "../../host/sandbox/config.ts";
import { MAX_SANDBOX_NAME_CHARS } from "../../host/sandbox/directories.ts";
import { findSandbox } from "../../host/sandbox/record.ts";
import { createDriver } from "../../host/vmm/drivers.ts";
import type { InstallFlags } from "../commands/install.ts";
import type { CliContext } from "../context.ts";
import { prepareMachine } from "../run/prepare.ts";
import { snapshotSandbox } from "../run/snapshot-sandbox.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { ProgressLine } from "../terminal/progress.ts";
import { formatBytes } from "../terminal/report.ts";
import { openCatalog } from "./catalog-access.ts";

/** The program that launchers start: the one that is at the root of this tree. */
export const PROGRAM = resolvePath(import.meta.dirname, "../../../vitrine");
/** Sizes of icons that launchers get from the catalog, in pixels. */
const ICON_SIZES = [48, 64, 128];

export async function runInstall(this: CliContext, flags: InstallFlags, ...words: string[]): Promise<void> {
  const apps = await findWanted(this, words);
  const groups =
    flags.sandbox === undefined
      ? apps.map((app) => [sandboxNameOf(app), [app]] as const)
      : [[flags.sandbox, apps] as const];
  for (const [sandbox, group] of groups) if (flags.sandbox === undefined) checkFree(this, sandbox, group);
  await withBuildOptions(this, flags.unconfined, async (options) => {
    for (const [sandbox, group] of groups) {
      const config = await withStages(this, group.map(({ id }) => id).join(", "), (onProgress) =>
        installApps(
          {
            sandbox,
            apps: group,
            release: flags.release,
            recommends: flags.recommends,
            settings: { homeBytes: flags.disk, colour: flags.colour, network: flags.network },
          },
          { ...options, onProgress },
        ),
      );
      refreshLaunchers(this, config);
      report(this, config, group);
      if (flags.snapshot) await snapshotSandbox(this, config.name, { confined: !flags.unconfined, ifUsed: false });
    }
  });
}

/** Prepares what a builder's machine needs, and runs `work` so that Ctrl-C leaves nothing behind. */
export async function withBuildOptions<T>(
  context: CliContext,
  unconfined: boolean,
  work: (options: Omit<AppBuildOptions, "onProgress">) => Promise<T>,
): Promise<T> {
  return await interruptible(async (signal) => {
    const confined = !unconfined;
    const machine = { name: "builder", driver: undefined, confined, network: true, warn: true };
    const { kernel, driver, toolsImage } = await prepareMachine(context, signal, machine);
    const environment = context.process.env;
    return await work({ driver: await createDriver(driver), confined, kernel, toolsImage, signal, environment });
  });
}

/** Shows how far something of several stages is. */
export async function withStages<T>(
  context: CliContext,
  what: string,
  work: (onProgress: AppBuildOptions["onProgress"]) => Promise<T>,
): Promise<T> {
  const progress = new ProgressLine(context, what);
  try {
    const result = await work(progress.report);
    progress.done();
    return result;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

/** Makes the launchers what the sandbox's apps are now. */
export function refreshLaunchers(context: CliContext, config: SandboxConfig): void {
  const environment = context.process.env;
  using catalog = Catalog.open(environment);
  const iconsOf = ({ id }: InstalledApp): Uint8Array[] => {
    if (catalog === undefined) return [];
    try {
      const paths = ICON_SIZES.map((size) => catalogIcon(catalog, id, size, environment));
      return [...new Set(paths.filter((path) => path !== undefined))].map((path) => new Uint8Array(readFileSync(path)));
    } catch {
      return []; // The catalog does not know it, or not any more.
    }
  };
  exportLaunchers(config, { program: PROGRAM, iconsOf, environment });
}

/** What the words name: apps of the catalog, packages, files. */
export async function findWanted(context: CliContext, words: readonly string[]): Promise<WantedApp[]> {
  const files = words.filter((word) => word.endsWith(".deb") && existsSync(word));
  const names = words.filter((word) => !files.includes(word));
  const fromFiles = files.map((file): WantedApp => {
    const path = resolvePath(file);
    const name = basename(file, ".deb").replace(/_.*$/, "");
    return { id: name, name, source: { kind: "file", path } };
  });
  if (names.length === 0) return fromFiles;
  using catalog = await openCatalog(context);
  const languages = userLanguages(context.process.env);
  return [...names.map((name) => wantedOf(catalog, name, languages)), ...fromFiles];
}

function wantedOf(catalog: Catalog, word: string, languages: readonly string[]): WantedApp {
  if (word.endsWith(".deb")) throw new VitrineError("not-found", `Cannot install "${word}": no such file`);
  const found = resolve(catalog, word, languages);
  if (found.kind === "package") {
    const { name } = found.row;
    return { id: name, name, source: { kind: "archive", package: name } };
  }
  const { id, package: packageName, number } = found.row;
  if (packageName === "") {
    throw new VitrineError("unavailable", `Cannot install "${id}": its source has no packages`, {
      fix: "vitrine info shows where it comes from",
    });
  }
  const entry = catalog.component(number).desktopId?.replace(/\.desktop$/, "");
  const { name } = catalog.text(number, languages);
  return { id, name: name === "" ? id : name, source: { kind: "archive", package: packageName }, entry };
}

/** A sandbox's name may have less than a package's. */
function sandboxNameOf({ id, source }: WantedApp): string {
  const name = (source.kind === "archive" ? source.package : id).toLowerCase();
  const plain = name.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return plain.slice(0, MAX_SANDBOX_NAME_CHARS).replace(/-+$/, "");
}

/** Each app gets a sandbox of its own: one of that name is another app's, or has the app already. */
function checkFree(context: CliContext, sandbox: string, [app]: readonly WantedApp[]): void {
  const elsewhere = app === undefined ? [] : findApps(app.id, context.process.env);
  const [there] = elsewhere.filter(({ config }) => config.name === sandbox);
  if (there === undefined && elsewhere[0] !== undefined) {
    const { name } = elsewhere[0].config;
    throw new VitrineError("already-exists", `Cannot install "${app?.id}": sandbox "${name}" has it already`, {
      fix: `vitrine update ${name}, or choose another sandbox for it with --sandbox`,
    });
  }
}

function report(context: CliContext, config: SandboxConfig, group: readonly WantedApp[]): void {
  const { name, system } = config;
  if (system.kind !== "apps") return;
  const { process } = context;
  const packages = new Set(group.map(({ id, source }) => (source.kind === "archive" ? source.package : id)));
  const fresh = system.apps.filter(
    ({ id, source }) => packages.has(source.package) || group.some((app) => app.id === id),
  );
  for (const app of fresh) {
    const what = app.entries.length > 0 ? `vitrine run ${app.id}` : commandHint(name, app);
    process.stdout.write(`${app.id} ${app.version} in sandbox ${name}; ${what}\n`);
  }
  process.stdout.write(
    `${formatBytes(system.layer.bytes)}, over a base of ${formatBytes(system.base.bytes)} for all apps\n`,
  );
  if (findSandbox(name, process.env) !== undefined) {
    process.stderr.write(`vitrine: sandbox "${name}" runs, and has this from its next start on\n`);
  }
}

function commandHint(sandbox: string, { commands }: InstalledApp): string {
  if (commands.length === 0) return "it has no program of its own";
  const shown = commands.slice(0, 5).join(", ");
  return `it has no window of its own but commands (${shown}): vitrine run --sandbox ${sandbox} -- ${commands[0]}`;
}
