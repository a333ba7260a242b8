/**
 * Snapshots on the disk: folders snapshot-KEY of the store, each with what a driver saved and a description. A snapshot is
 * whole or not there (image/store.ts); one that has changed since it was taken is as good as none, and removed.
 */
import { createHash } from "node:crypto";
import { constants, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import { removeTree, storeDirectory, storedPath } from "../image/store.ts";
import { fileStamp } from "./file-stamp.ts";

export const SNAPSHOT_KIND = "snapshot";
/** Snapshots kept: those used last. Each start with other images, memory or monitor needs one of its own. */
export const MAX_SNAPSHOTS = 12;
/** Bytes of disk that all snapshots together may take; one takes 150 to 300 MB. */
export const MAX_SNAPSHOT_DISK_BYTES = 4 * 1024 ** 3;
/** How long, in milliseconds, no snapshot is taken where one could not be taken, or was of no use. */
export const SNAPSHOT_RETRY_MS = 6 * 60 * 60 * 1000;
/** Bytes of a file below which its digest is checked at every start; of larger ones only the stamp. */
export const MAX_DIGESTED_BYTES = 4 * 1024 * 1024;

const DESCRIPTION = "snapshot.json";

const descriptionSchema = z.object({
  /** What the app root is made of: files. */
  images: z.array(z.string()),
  /** Milliseconds since 1970. */
  takenAt: z.number(),
  files: z.array(
    z.object({ name: z.string().check(z.regex(/^[a-z]+$/)), stamp: z.string(), digest: z.nullable(z.string()) }),
  ),
});

export interface StoredSnapshot {
  readonly key: string;
  /** For the driver that saved it. */
  readonly directory: string;
}

/** Describes what a driver has saved to `directory`, so that any later change is noticed. */
export function describeSnapshot(directory: string, images: readonly string[]): void {
  const files = readdirSync(directory).map((name) => ({ name, ...identify(join(directory, name)) }));
  const description: z.infer<typeof descriptionSchema> = { images: [...images], takenAt: Date.now(), files };
  writeFileSync(join(directory, DESCRIPTION), JSON.stringify(description));
}

/** The snapshot of that key, checked; undefined when there is none. One that is damaged is removed. */
export function openSnapshot(key: string): StoredSnapshot | undefined {
  const directory = storedPath(SNAPSHOT_KIND, key);
  if (!existsSync(directory)) return undefined;
  if (!isWhole(directory)) {
    removeTree(directory);
    return undefined;
  }
  const now = new Date();
  utimesSync(join(directory, DESCRIPTION), now, now);
  return { key, directory };
}

/** Removes a snapshot that turned out to be of no use. For some time none is taken in its place. */
export function refuseSnapshot(key: string): void {
  writeFileSync(refusalFile(key), "");
  removeTree(storedPath(SNAPSHOT_KIND, key));
}

/** True while it is too early to try again. */
export function isRefused(key: string): boolean {
  const status = statSync(refusalFile(key), { throwIfNoEntry: false });
  return status !== undefined && Date.now() - status.mtimeMs < SNAPSHOT_RETRY_MS;
}

/** Removes the snapshots of an image, which is the file at `image`. */
export function removeSnapshotsOf(image: string): void {
  for (const { key, description } of storedSnapshots()) if (description?.images.includes(image)) removeSnapshot(key);
}

/** Keeps to the bounds: what was used longest ago goes, and what killed builders have left. */
export function pruneSnapshots(): void {
  const snapshots = storedSnapshots().sort((a, b) => b.usedAt - a.usedAt);
  let bytes = 0;
  for (const [index, { key, diskBytes }] of snapshots.entries()) {
    bytes += diskBytes;
    if (index >= MAX_SNAPSHOTS || bytes > MAX_SNAPSHOT_DISK_BYTES) removeSnapshot(key);
  }
  for (const name of readdirSync(storeDirectory())) {
    const [, key, rest] = /^snapshot-([0-9a-f]{16})\.(building|old|refused|lock)$/.exec(name) ?? [];
    if (key === undefined || existsSync(storedPath(SNAPSHOT_KIND, key))) continue;
    if (rest === "refused" ? isRefused(key) : isBeingBuilt(key)) continue;
    removeTree(join(storeDirectory(), name));
  }
}

function isWhole(directory: string): boolean {
  const description = readDescription(directory);
  return (
    description?.files.every(({ name, stamp, digest }) => {
      const path = join(directory, name);
      return fileStamp(path) === stamp && (digest === null || digestOf(path) === digest);
    }) === true
  );
}

function identify(path: string): { stamp: string; digest: string | null } {
  const { size } = statSync(path);
  return { stamp: fileStamp(path) ?? "", digest: size > MAX_DIGESTED_BYTES ? null : digestOf(path) };
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function readDescription(directory: string): z.infer<typeof descriptionSchema> | undefined {
  try {
    return descriptionSchema.parse(JSON.parse(readFileSync(join(directory, DESCRIPTION), "utf8")));
  } catch {
    return undefined;
  }
}

function storedSnapshots() {
  const keys = readdirSync(storeDirectory()).flatMap((name) => /^snapshot-([0-9a-f]{16})$/.exec(name)?.[1] ?? []);
  return keys.map((key) => {
    const directory = storedPath(SNAPSHOT_KIND, key);
    const sizes = readdirSync(directory).map((name) => statSync(join(directory, name)).blocks * 512);
    const usedAt = statSync(join(directory, DESCRIPTION), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const diskBytes = sizes.reduce((sum, size) => sum + size, 0);
    return { key, description: readDescription(directory), usedAt, diskBytes };
  });
}

function removeSnapshot(key: string): void {
  const path = storedPath(SNAPSHOT_KIND, key);
  removeTree(path);
  if (!isBeingBuilt(key)) rmSync(`${path}.lock`, { force: true });
}

function refusalFile(key: string): string {
  return `${storedPath(SNAPSHOT_KIND, key)}.refused`;
}

function isBeingBuilt(key: string): boolean {
  const path = `${storedPath(SNAPSHOT_KIND, key)}.lock`;
  if (!existsSync(path)) return false;
  using lock = openFile(path, constants.O_RDWR | constants.O_NOFOLLOW);
  return !tryLock(lock);
}
