/** Makes a sandbox that is what another one is, with a home of its own. */
import { constants, copyFileSync, fsyncSync, ftruncateSync, mkdirSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { dataRanges } from "../../sys/files.ts";
import { openFile, preadInto } from "../../sys/memory.ts";
import { lockStore, placeApps } from "../apps/commit.ts";
import { syncToDisk } from "../files/durable-file.ts";
import { checkSpace, noSpace } from "../image/store.ts";
import { makeWorkFolder } from "../image/work-folder.ts";
import { configDirectory, lockConfig, readConfig, type SandboxConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import { type HomeDisk, homeDiskName } from "../sandbox/home-disk.ts";
import { checkFree, freeColour, holdStopped, requireHomeDisk } from "../sandbox/make.ts";
import { BACKUP_CHUNK_BYTES } from "./format.ts";
import type { KeepOptions } from "./keep-options.ts";
import { sandboxFiles } from "./sandbox-files.ts";

/** Throws "already-exists", and "unavailable" when the first one runs. What that was allowed, the new one is not. */
export async function cloneSandbox(
  name: string,
  to: string,
  { environment, ...options }: KeepOptions & { environment: Environment },
): Promise<SandboxConfig> {
  readConfig(name, environment);
  checkFree(to, environment);
  using _lock = lockConfig(name, environment);
  const before = readConfig(name, environment);
  using newLock = lockConfig(to, environment);
  let free = false;
  try {
    checkFree(to, environment);
    free = true;
    using _stopped = await holdStopped(name, "clone", environment);
    const disk = requireHomeDisk(name, environment);
    using folder = makeWorkFolder();
    const tree = join(folder.path, "sandbox");
    mkdirSync(tree, { mode: 0o700 });
    await copyDisk(disk, join(tree, homeDiskName(disk)), options);
    for (const { path, absolute } of sandboxFiles(configDirectory(name, environment), before)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true, mode: 0o700 });
      copyFileSync(absolute, join(tree, path));
      syncToDisk(join(tree, path));
    }
    // Only one app can be the first choice for a file.
    const { opens: _opens, ...same } = before;
    const config = { ...same, name: to, colour: freeColour(environment), createdAt: Date.now(), previous: null };
    using _store = await lockStore(options.signal);
    return placeApps(config, undefined, tree, environment);
  } catch (error) {
    if (free) newLock.remove();
    throw noSpace(error) ?? error;
  }
}

/** Copies a disk with its holes; at once where the file system can let both files share what neither has changed. */
async function copyDisk(disk: HomeDisk, to: string, { signal, onProgress }: KeepOptions): Promise<void> {
  try {
    return copyFileSync(disk.path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch {
    // Most file systems cannot.
  }
  checkSpace(Math.ceil(disk.usedBytes / 2 ** 20));
  using input = openFile(disk.path, constants.O_RDONLY);
  using output = openFile(to, constants.O_RDWR | constants.O_CREAT);
  ftruncateSync(output.raw, disk.quotaBytes);
  const chunk = new Uint8Array(BACKUP_CHUNK_BYTES);
  let done = 0;
  for (const { offset, length } of dataRanges(input)) {
    for (let at = offset; at < offset + length; at += chunk.length) {
      await new Promise(setImmediate); // So that Ctrl-C is heard.
      if (signal.aborted) throw new VitrineError("cancelled", "Nothing was changed: cancelled");
      const count = preadInto(input, chunk.subarray(0, Math.min(chunk.length, offset + length - at)), at);
      writeSync(output.raw, chunk, 0, count, at);
      done += count;
      onProgress({ stage: "copying the home", fraction: Math.min(1, done / disk.usedBytes) });
    }
  }
  fsyncSync(output.raw);
}
