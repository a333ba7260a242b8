/**
 * What every sandbox needs in one version, and each version of this program in its own: kernels, tools images and the like.
 * The ones in use stay; versions that have not been used for a while go when a new one is built.
 */
import { constants, existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import type { BuildOptions } from "./build-options.ts";
import { ensureStored, removeTree, storeDirectory } from "./store.ts";

/** Versions of one kind that are kept: those used last. More than anybody goes back and forth between; one takes 130 MB. */
export const MAX_STORED_VERSIONS = 8;
/** How long, in milliseconds, a version stays that nobody uses: somebody may go back after an update that was none. */
export const UNUSED_VERSION_MS = 14 * 24 * 60 * 60 * 1000;

type VersionKind = "arena" | "host" | "kernel" | "locale" | "packages" | "tools";

/** As {@link ensureStored}; marks the version as used, and removes old ones once one was built. */
export async function ensureVersion(
  kind: VersionKind,
  key: string,
  build: (directory: string) => Promise<void>,
  options: BuildOptions & { spaceMib: number },
): Promise<string> {
  const { path, built } = await ensureStored(kind, key, build, options);
  const now = new Date();
  utimesSync(path, now, now);
  if (built) pruneVersions(kind);
  return path;
}

/**
 * Keeps to the bounds. Machines that run hold the files of theirs open, so these stay for as long as they run whatever is
 * removed here; whoever starts one has marked its versions as used just before.
 */
export function pruneVersions(kind: VersionKind): void {
  const directory = storeDirectory();
  const isVersion = new RegExp(`^${kind}-[0-9a-f]{16}$`);
  const versions = readdirSync(directory)
    .filter((name) => isVersion.test(name))
    .flatMap((name) => {
      const path = join(directory, name);
      const status = statSync(path, { throwIfNoEntry: false });
      // Gone: another command removes old ones as well.
      return status === undefined ? [] : [{ path, usedAt: status.mtimeMs }];
    })
    .sort((a, b) => b.usedAt - a.usedAt);
  const oldest = Date.now() - UNUSED_VERSION_MS;
  for (const [index, { path, usedAt }] of versions.entries()) {
    if (index >= MAX_STORED_VERSIONS || (index > 0 && usedAt < oldest)) removeVersion(path);
  }
}

/** Unless somebody builds it anew just now. */
function removeVersion(path: string): void {
  using lock = openFile(`${path}.lock`, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
  if (!tryLock(lock)) return;
  // Aside first: what has its name is whole. What a killed command leaves of it goes with the next.
  removeTree(`${path}.old`);
  if (existsSync(path)) renameSync(path, `${path}.old`);
  removeTree(`${path}.old`);
  removeTree(`${path}.building`);
  rmSync(`${path}.lock`, { force: true });
}
