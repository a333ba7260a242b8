/** Files that are there whole or not at all, and stay after a power cut. */
import { closeSync, constants, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Waits until a file, or the list of names in a folder, is on the disk. */
export function syncToDisk(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts `text` in the place of what is at `path`, in one step. One writer at a time: the unfinished file has one name. */
export function writeDurably(path: string, text: string): void {
  const unfinished = `${path}.new`;
  writeFileSync(unfinished, text, { mode: 0o600, flush: true });
  renameSync(unfinished, path);
  syncToDisk(dirname(path));
}
