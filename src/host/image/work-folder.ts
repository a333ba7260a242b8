/**
 * Folders that are there while a process works: `build-...`, in the store unless said otherwise, each locked by its process.
 * The lock goes with the process, so that what a killed one has left is known, and removed by the next.
 */
import { constants, mkdtempSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { openFile } from "../../sys/memory.ts";
import { tryLock } from "../../sys/process.ts";
import { removeTree, storeDirectory } from "./store.ts";

const PREFIX = "build-";
const LOCK = "lock";

export interface WorkFolder extends Disposable {
  readonly path: string;
}

/** Makes an empty folder in `directory`; disposing of it removes it. */
export function makeWorkFolder(directory = storeDirectory()): WorkFolder {
  removeAbandoned(directory);
  const path = mkdtempSync(join(directory, PREFIX));
  // It gets its name when it is locked: who sees it unlocked may remove all of this.
  const lock = openFile(join(path, `${LOCK}.new`), constants.O_RDWR | constants.O_CREAT);
  if (!tryLock(lock)) throw new VitrineError("internal", `Cannot lock "${path}", which was just made`);
  renameSync(join(path, `${LOCK}.new`), join(path, LOCK));
  return {
    path,
    [Symbol.dispose]: () => {
      removeTree(path);
      lock.close();
    },
  };
}

/** Removes the folders whose processes are gone. */
function removeAbandoned(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(directory, name);
    try {
      // One without a lock is being made just now, or removed.
      using lock = openFile(join(path, LOCK), constants.O_RDWR);
      if (tryLock(lock)) removeTree(path);
    } catch (error) {
      if (VitrineError.from(error).code !== "not-found") throw error;
    }
  }
}
