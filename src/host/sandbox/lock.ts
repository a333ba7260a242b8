/**
 * The lock of a sandbox says whether it runs: its supervisor holds it for life, and the kernel lets go of it whatever the
 * supervisor dies of. Whoever gets the lock owns the sandbox's directory, and may clean up what a crash left there.
 */
import { constants, fstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import type { SandboxPaths } from "./directories.ts";

/** How often to start again when the directory goes away while its lock is being taken. */
const MOST_ATTEMPTS = 16;

/** Ownership of a sandbox's directory, until {@link release}. */
export interface SandboxLock {
  /** Removes the directory with all that is in it, then lets go. */
  release(): void;
}

/** Takes the lock, creating the directory; undefined when another process holds it. What was in there is removed. */
export function acquireLock(paths: SandboxPaths): SandboxLock | undefined {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
    const fd = openLock(paths.lock, constants.O_CREAT);
    if (fd === undefined) continue;
    if (!tryLock(fd)) {
      fd.close();
      return undefined;
    }
    // The last owner removed this very file after we had opened it: what we have locked is no longer the lock.
    if (statSync(paths.lock, { throwIfNoEntry: false })?.ino !== fstatSync(fd.raw).ino) {
      fd.close();
      continue;
    }
    empty(paths);
    return { release: () => remove(paths, fd) };
  }
  throw new VitrineError("unavailable", `Cannot lock "${paths.directory}": other processes keep removing it`);
}

/** A command that looks whether the sandbox runs holds its lock for a moment: worth trying again this often, so far apart. */
const LOCK_ATTEMPTS = 20;
const LOCK_INTERVAL_MS = 25;

/** Takes the lock when nobody but a command that is looking has it; undefined while a supervisor lives. */
export async function awaitLock(paths: SandboxPaths): Promise<SandboxLock | undefined> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    const lock = acquireLock(paths);
    if (lock !== undefined) return lock;
    await Bun.sleep(LOCK_INTERVAL_MS);
  }
  return undefined;
}

/** True while a supervisor lives. What a crashed one has left is removed on the way. */
export function isLocked(paths: SandboxPaths): boolean {
  const fd = openLock(paths.lock, 0);
  if (fd === undefined) {
    removeEmpty(paths);
    return false;
  }
  fd.close();
  const lock = acquireLock(paths);
  lock?.release();
  return lock === undefined;
}

function openLock(path: string, flags: number): OwnedFd | undefined {
  try {
    return openFile(path, constants.O_RDWR | constants.O_NOFOLLOW | flags);
  } catch (error) {
    if (VitrineError.from(error).code === "not-found") return undefined;
    throw error;
  }
}

function empty(paths: SandboxPaths): void {
  for (const entry of readdirSync(paths.directory)) {
    const path = join(paths.directory, entry);
    if (path !== paths.lock) rmSync(path, { recursive: true, force: true });
  }
}

/** The lock file goes last but one: from that moment the directory may belong to somebody else. */
function remove(paths: SandboxPaths, fd: OwnedFd): void {
  if (!fd.isOpen) return;
  empty(paths);
  rmSync(paths.lock, { force: true });
  removeEmpty(paths);
  fd.close();
}

function removeEmpty(paths: SandboxPaths): void {
  try {
    rmdirSync(paths.directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOENT" && code !== "ENOTEMPTY") throw error;
  }
}
