/**
 * The disk of a sandbox's home, as the host knows it: a sparse file that takes as much room as the guest has written, up
 * to its size, which is the quota. Its content is the guest's: the host never reads it, and moves it only as a whole.
 *
 * A disk that no guest has used yet has another name, so that the first one makes a file system on it, and no other does.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { syncToDisk } from "../files/durable-file.ts";

/** Quota of a home unless asked otherwise, in bytes: what is not used takes no room. */
export const DEFAULT_HOME_BYTES = 16_000_000_000;
/** Smaller than this, the file system's own structures would be most of it. */
export const MIN_HOME_BYTES = 64_000_000;
/** More than a desktop has, and far from where ext4 and sparse files end. */
export const MAX_HOME_BYTES = 8_000_000_000_000;
/** Homes are whole blocks of their file system. */
export const HOME_STEP_BYTES = 4096;

const DISK = "home.raw";
const UNUSED_DISK = "home.unused.raw";

export interface HomeDisk {
  /** Absolute. */
  readonly path: string;
  /** True: no guest has used it. */
  readonly unused: boolean;
  readonly quotaBytes: number;
  /** Bytes that it takes on the host's disk. */
  readonly usedBytes: number;
}

/** Makes an empty disk in a sandbox's folder, which must have none. Throws "invalid-argument" for a size out of bounds. */
export function createHomeDisk(directory: string, bytes: number): void {
  checkHomeBytes(bytes);
  const fd = openSync(join(directory, UNUSED_DISK), "wx", 0o600);
  try {
    ftruncateSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncToDisk(directory);
}

/** Puts an empty disk of the same size in the place of `disk`, whose content is gone then. */
export function renewHomeDisk(directory: string, disk: HomeDisk): void {
  if (disk.unused) return;
  // As long as the used one is there, it is the one that counts.
  rmSync(join(directory, UNUSED_DISK), { force: true });
  createHomeDisk(directory, disk.quotaBytes);
  rmSync(disk.path);
  syncToDisk(directory);
}

/** Name of the file of a disk in its sandbox's folder. */
export function homeDiskName({ unused }: Pick<HomeDisk, "unused">): string {
  return unused ? UNUSED_DISK : DISK;
}

/** The disk in a sandbox's folder; undefined when there is none. */
export function findHomeDisk(directory: string): HomeDisk | undefined {
  for (const name of [DISK, UNUSED_DISK]) {
    const path = join(directory, name);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status !== undefined) {
      return { path, unused: name === UNUSED_DISK, quotaBytes: status.size, usedBytes: status.blocks * 512 };
    }
  }
  return undefined;
}

/** Notes that a guest has made its file system on the disk at `path`, which may be in use. */
export function markUsed(path: string): void {
  const directory = dirname(path);
  renameSync(path, join(directory, DISK));
  syncToDisk(directory);
}

/** Gives a disk more room; the guest takes it at its next start. Throws "invalid-argument" when that would be less. */
export function growHomeDisk(disk: HomeDisk, bytes: number): void {
  checkHomeBytes(bytes);
  if (bytes < disk.quotaBytes) {
    throw new VitrineError(
      "invalid-argument",
      `Cannot shrink a home to ${bytes} bytes: it has ${disk.quotaBytes}, and more is wanted`,
    );
  }
  truncateSync(disk.path, bytes);
  syncToDisk(disk.path);
}

function checkHomeBytes(bytes: number): void {
  if (
    Number.isSafeInteger(bytes) &&
    bytes >= MIN_HOME_BYTES &&
    bytes <= MAX_HOME_BYTES &&
    bytes % HOME_STEP_BYTES === 0
  )
    return;
  throw new VitrineError(
    "invalid-argument",
    `Cannot make a home of ${bytes} bytes: ${MIN_HOME_BYTES} to ${MAX_HOME_BYTES} are wanted, in steps of ${HOME_STEP_BYTES}`,
  );
}
