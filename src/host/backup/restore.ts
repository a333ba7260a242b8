/** Brings a sandbox back from a backup, here or on another machine: it is there whole, or nothing has changed. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { lockStore, placeApps } from "../apps/commit.ts";
import { type BuiltSystem, wantedAgain } from "../apps/install.ts";
import { openSystem } from "../apps/open-system.ts";
import { checkSpace, noSpace } from "../image/store.ts";
import { makeWorkFolder } from "../image/work-folder.ts";
import { type AppSystem, configNames, lockConfig, type SandboxConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import { checkFree, freeColour, holdStopped } from "../sandbox/make.ts";
import type { KeepOptions } from "./keep-options.ts";
import { peekBackup, unpackBackup } from "./read-backup.ts";

export interface RestoreRequest {
  readonly file: string;
  /** The sandbox to make of it. */
  readonly name: string;
  /** Take the place of the one of that name; else there must be none. */
  readonly replace: boolean;
  readonly environment: Environment;
  /** Installs apps anew: needed where their layer is not in the store. */
  readonly build: (wishes: Parameters<RebuildApps>[0], folder: string) => ReturnType<RebuildApps>;
}

type RebuildApps = (
  wishes: Pick<AppSystem, "release" | "recommends"> & { apps: ReturnType<typeof wantedAgain>[] },
  folder: string,
) => Promise<BuiltSystem>;

/** Throws "corrupt", "already-exists", and "unavailable" when it runs. */
export async function restoreBackup(request: RestoreRequest, options: KeepOptions): Promise<SandboxConfig> {
  const { file, name, replace, environment, build } = request;
  using lock = lockConfig(name, environment);
  const there = configNames(environment).includes(name);
  try {
    if (!there || !replace) checkFree(name, environment);
    const { home } = await peekBackup(file);
    checkSpace(Math.ceil(home.dataBytes / 2 ** 20));
    using _stopped = await holdStopped(name, "restore", environment);
    using folder = makeWorkFolder();
    const tree = join(folder.path, "sandbox");
    // What may open the user's files is said here, not by a file.
    const { opens: _opens, ...config } = (await unpackBackup(file, tree, options)).config;
    const restored: SandboxConfig = {
      ...config,
      name,
      previous: null,
      colour: name === config.name ? config.colour : freeColour(environment),
    };
    const built = await missingSystem(restored, tree, folder.path, build);
    using _store = await lockStore(options.signal);
    if (options.signal.aborted) throw new VitrineError("cancelled", "Nothing was changed: cancelled");
    return placeApps({ ...restored, system: built?.system ?? restored.system }, built, tree, environment);
  } catch (error) {
    if (!there) lock.remove();
    throw noSpace(error) ?? error;
  }
}

/** The apps, installed anew, where this machine has not what they were. */
async function missingSystem(
  config: SandboxConfig,
  tree: string,
  folder: string,
  build: RestoreRequest["build"],
): Promise<BuiltSystem | undefined> {
  try {
    await openSystem(config);
    return undefined;
  } catch (error) {
    const { code } = VitrineError.from(error);
    if (config.system.kind === "image" || (code !== "corrupt" && code !== "not-found")) throw error;
  }
  const { release, recommends, apps } = config.system;
  const work = join(folder, "build");
  mkdirSync(work);
  return await build({ release, recommends, apps: apps.map((app) => wantedAgain(app, tree)) }, work);
}
