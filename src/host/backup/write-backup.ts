/** Writes a backup: a file that appears when it is whole and on the disk. */
import { createHash } from "node:crypto";
import { constants, createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import { VitrineError } from "../../base/error.ts";
import { dataRanges } from "../../sys/files.ts";
import { openFile, preadInto } from "../../sys/memory.ts";
import { syncToDisk } from "../files/durable-file.ts";
import { configDirectory, lockConfig, readConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import type { HomeDisk } from "../sandbox/home-disk.ts";
import { holdStopped, requireHomeDisk } from "../sandbox/make.ts";
import { BACKUP_CHUNK_BYTES, type BackupRecord, MAGIC } from "./format.ts";
import type { KeepOptions } from "./keep-options.ts";
import { sandboxFiles } from "./sandbox-files.ts";

/** Backs up a sandbox that does not run to `file`, which must not be there. Returns the file's size in bytes. */
export async function backUp(
  name: string,
  file: string,
  { environment, ...options }: KeepOptions & { environment: Environment },
): Promise<number> {
  // A name that nobody has gets no lock, which would stay.
  readConfig(name, environment);
  using _lock = lockConfig(name, environment);
  const config = { ...readConfig(name, environment), previous: null };
  const disk = requireHomeDisk(name, environment);
  if (existsSync(file)) {
    throw new VitrineError("already-exists", `Cannot write backup "${file}": there is a file of that name`, {
      fix: "choose another name, or remove it",
    });
  }
  using _stopped = await holdStopped(name, "back up", environment);
  const unfinished = `${file}.part`;
  try {
    const records = digested(recordsOf(config, configDirectory(name, environment), disk, options));
    const output = createWriteStream(unfinished, { mode: 0o600, flush: true });
    const compress = createZstdCompress();
    await pipeline(Readable.from(records, { objectMode: false }), compress, output, { signal: options.signal });
    const { size } = statSync(unfinished);
    syncToDisk(unfinished);
    renameSync(unfinished, file);
    syncToDisk(dirname(file));
    return size;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw readable(error, basename(file), options.signal);
  }
}

function readable(error: unknown, file: string, signal: AbortSignal): VitrineError {
  if (signal.aborted) return new VitrineError("cancelled", "No backup was written: cancelled");
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC") {
    return new VitrineError("no-space", `Cannot write backup "${file}": the disk is full`, { cause: error });
  }
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new VitrineError("not-found", `Cannot write backup "${file}": no such folder`, { cause: error });
  }
  return VitrineError.from(error);
}

/** Adds what comes before and after, and makes sure that it is known for what it was. */
async function* digested(records: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  const start = new TextEncoder().encode(MAGIC);
  hash.update(start);
  yield start;
  for await (const part of records) {
    hash.update(part);
    yield part;
  }
  yield line({ kind: "end", digest: hash.digest("hex") });
}

async function* recordsOf(
  config: ReturnType<typeof readConfig>,
  directory: string,
  disk: HomeDisk,
  { onProgress, signal }: KeepOptions,
): AsyncGenerator<Uint8Array> {
  using fd = openFile(disk.path, constants.O_RDONLY);
  const ranges = [...dataRanges(fd)];
  const dataBytes = ranges.reduce((sum, { length }) => sum + length, 0);
  const { quotaBytes, unused } = disk;
  yield line({ kind: "sandbox", config, home: { quotaBytes, unused, dataBytes } });
  for (const { path, absolute, bytes } of sandboxFiles(directory, config)) {
    yield line({ kind: "file", path, bytes });
    yield* exactly(createReadStream(absolute, { highWaterMark: BACKUP_CHUNK_BYTES }), bytes, path);
  }
  let done = 0;
  for (const { offset, length } of ranges) {
    for (let at = offset; at < offset + length; at += BACKUP_CHUNK_BYTES) {
      signal.throwIfAborted();
      const chunk = new Uint8Array(Math.min(BACKUP_CHUNK_BYTES, offset + length - at));
      if (preadInto(fd, chunk, at) !== chunk.length) throw changed(disk.path);
      yield line({ kind: "data", offset: at, bytes: chunk.length });
      yield chunk;
      done += chunk.length;
      onProgress({ stage: "backing up", fraction: done / dataBytes });
    }
  }
}

async function* exactly(input: AsyncIterable<Uint8Array>, bytes: number, what: string): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of input) {
    done += chunk.length;
    yield chunk;
  }
  if (done !== bytes) throw changed(what);
}

function changed(what: string): VitrineError {
  return new VitrineError("unavailable", `Cannot back up "${what}": it changes`, { fix: "try again" });
}

function line(record: BackupRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record)}\n`);
}
