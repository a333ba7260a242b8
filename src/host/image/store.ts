/**
 * The store of everything built: folders named for what they were made from, $XDG_DATA_HOME/vitrine/KIND-KEY. A folder
 * is built beside its place and renamed into it when it is whole and on the disk, so what is there is complete, whatever
 * happened to whoever built it. One builder at a time for each kind and key; what a killed one left is removed by the next.
 */
import { constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import { syncToDisk } from "../files/durable-file.ts";
import type { BuildOptions } from "./build-options.ts";

/** How often a waiting builder looks whether the other one is done. */
const LOCK_POLL_MS = 200;

/** $XDG_DATA_HOME/vitrine, created if missing. */
export function storeDirectory(): string {
  const configured = process.env.XDG_DATA_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".local/share");
  const directory = join(base, "vitrine");
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  return directory;
}

/** Where the thing of that kind and key is or will be. */
export function storedPath(kind: string, key: string): string {
  return join(storeDirectory(), `${kind}-${key}`);
}

/**
 * Makes sure that KIND-KEY is there: calls `build` with an empty folder to fill if not, and publishes that. Returns the
 * folder's path and whether it was built now. `spaceMib` must be free on the disk before a build begins.
 */
export async function ensureStored(
  kind: string,
  key: string,
  build: (directory: string) => Promise<void>,
  options: BuildOptions & { spaceMib: number },
): Promise<{ path: string; built: boolean }> {
  const path = storedPath(kind, key);
  if (existsSync(path) && options.force !== true) return { path, built: false };
  using lock = await acquire(`${path}.lock`, options);
  if (existsSync(path) && options.force !== true) return { path, built: false };
  void lock;
  checkSpace(options.spaceMib);
  const building = `${path}.building`;
  removeTree(building);
  mkdirSync(building);
  try {
    await build(building);
    if (options.signal?.aborted) throw new VitrineError("cancelled", `Cannot finish ${kind}: cancelled`);
    publish(building, path);
    return { path, built: true };
  } catch (error) {
    removeTree(building);
    throw noSpace(error) ?? error;
  }
}

/** Puts a folder in its place, the one that was there aside and away. */
function publish(building: string, path: string): void {
  for (const name of readdirSync(building)) syncToDisk(join(building, name));
  syncToDisk(building);
  const old = `${path}.old`;
  removeTree(old);
  if (existsSync(path)) renameSync(path, old);
  renameSync(building, path);
  syncToDisk(storeDirectory());
  removeTree(old);
}

/** Removes a folder with all in it, if it is there. */
export function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Throws "no-space" when less than that is free on the store's disk. */
export function checkSpace(wantedMib: number): void {
  const { bavail, bsize } = statfsSync(storeDirectory());
  const freeMib = Math.floor((bavail * bsize) / (1024 * 1024));
  if (freeMib >= wantedMib) return;
  throw new VitrineError(
    "no-space",
    `Cannot build in "${storeDirectory()}": ${freeMib} MiB free, ${wantedMib} MiB wanted`,
    {
      fix: "free disk space, or set XDG_DATA_HOME to a place that has some",
    },
  );
}

/** The error for a disk that became full, when `error` says so. */
export function noSpace(error: unknown): VitrineError | undefined {
  if ((error as NodeJS.ErrnoException | undefined)?.code !== "ENOSPC") return undefined;
  return new VitrineError("no-space", `Cannot build in "${storeDirectory()}": the disk is full`, {
    cause: error,
    fix: "free disk space, or set XDG_DATA_HOME to a place that has some",
  });
}

/** Waits for the lock file at `path`. The kernel lets go of it when its holder dies. */
export async function acquire(path: string, { signal, onProgress }: BuildOptions): Promise<Disposable> {
  const fd = openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
  while (!tryLock(fd)) {
    onProgress?.({ stage: "waiting for another build of the same" });
    if (signal?.aborted) {
      fd.close();
      throw new VitrineError("cancelled", "Cannot build: cancelled");
    }
    await Bun.sleep(LOCK_POLL_MS);
  }
  return fd;
}
