/** Reads a backup, which may be cut short, damaged, or made by somebody who means ill: nothing of it is used before all of it was seen. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream";
import { createZstdDecompress } from "node:zlib";
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import { taint, validate } from "../../base/untrusted.ts";
import { formatPolicy, parsePolicy } from "../network/policy.ts";
import { homeDiskName } from "../sandbox/home-disk.ts";
import {
  type BackupRecord,
  MAGIC,
  MAX_BACKUP_FILES,
  MAX_BACKUP_LINE_BYTES,
  recordSchema,
  type SandboxRecord,
} from "./format.ts";
import type { KeepOptions } from "./keep-options.ts";

const NEWLINE = 10;

/** What a backup says of itself at its beginning; not verified. Throws "corrupt" when it is none. */
export async function peekBackup(file: string): Promise<SandboxRecord> {
  await using reader = openReader(file);
  return await reader.head();
}

/** Writes the folder of the sandbox to `folder`, which must not be there. Throws "corrupt" when the backup is not what was written. */
export async function unpackBackup(file: string, folder: string, options: KeepOptions): Promise<SandboxRecord> {
  const { signal, onProgress } = options;
  await using reader = openReader(file);
  const head = await reader.head();
  const { quotaBytes, dataBytes } = head.home;
  mkdirSync(folder, { mode: 0o700 });
  const disk = openSync(join(folder, homeDiskName(head.home)), "wx", 0o600);
  try {
    ftruncateSync(disk, quotaBytes);
    let [files, at, done] = [0, 0, 0];
    for (;;) {
      if (signal.aborted) throw new VitrineError("cancelled", "Nothing was changed: cancelled");
      const { record, digest } = await reader.record();
      if (record.kind === "end") {
        if (record.digest !== digest) throw damaged(file, "its digest is another");
        break;
      }
      if (record.kind === "file") {
        files++;
        if (files > MAX_BACKUP_FILES) throw damaged(file, `more than ${MAX_BACKUP_FILES} files`);
        await saveFile(reader, join(folder, record.path), record.bytes);
      } else if (record.kind === "data") {
        // In order and within the disk: so what is written is bounded, and no part is written twice.
        if (record.offset < at || record.offset + record.bytes > quotaBytes) throw damaged(file, "a part out of place");
        at = record.offset + record.bytes;
        let position = record.offset;
        await reader.payload(record.bytes, (part) => {
          writeSync(disk, part, 0, part.length, position);
          position += part.length;
        });
        done += record.bytes;
        onProgress({ stage: "restoring", fraction: Math.min(1, done / Math.max(1, dataBytes)) });
      } else {
        throw damaged(file, "two sandboxes");
      }
    }
    await reader.finish();
    fsyncSync(disk);
  } finally {
    closeSync(disk);
  }
  return head;
}

async function saveFile(reader: RecordReader, path: string, bytes: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(path, "wx", 0o600);
  try {
    await reader.payload(bytes, (part) => void writeSync(fd, part));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openReader(file: string): RecordReader {
  const input = createReadStream(file);
  const unpacked = createZstdDecompress();
  // Its errors come out where it is read.
  pipeline(input, unpacked, () => {});
  input.on("error", (error) => unpacked.destroy(error));
  return new RecordReader(file, unpacked);
}

/** Takes a stream of bytes apart into records. */
class RecordReader implements AsyncDisposable {
  readonly #file: string;
  readonly #parts: AsyncIterator<Uint8Array>;
  readonly #hash = createHash("sha256");
  #rest: Uint8Array = new Uint8Array(0);

  constructor(file: string, input: AsyncIterable<Uint8Array>) {
    this.#file = file;
    this.#parts = input[Symbol.asyncIterator]();
  }

  /** The beginning: what kind of file it is, and of which sandbox. */
  async head(): Promise<SandboxRecord> {
    const magic = await this.#line(MAGIC.length);
    if (magic !== MAGIC.slice(0, -1)) throw damaged(this.#file, "no backup of Vitrine, or of a newer version");
    const { record } = await this.record();
    if (record.kind !== "sandbox") throw damaged(this.#file, "it does not say of what");
    if (!isPlain(record.config)) throw damaged(this.#file, "a name in it cannot be shown");
    try {
      parsePolicy(formatPolicy(record.config.network));
    } catch (error) {
      throw damaged(this.#file, "its network is none that can be", error);
    }
    return record;
  }

  /** The next record, and the digest of all before it. */
  async record(): Promise<{ record: BackupRecord; digest: string }> {
    const digest = this.#hash.copy().digest("hex");
    const text = taint(await this.#line(MAX_BACKUP_LINE_BYTES));
    const record = validate(text, (raw) => {
      try {
        return recordSchema.safeParse(JSON.parse(raw)).data;
      } catch {
        return undefined;
      }
    });
    if (record === undefined) throw damaged(this.#file, "a record cannot be read");
    return { record, digest };
  }

  /** Hands over the bytes that follow a record. */
  async payload(bytes: number, take: (part: Uint8Array) => void): Promise<void> {
    for (let left = bytes; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#more())) throw damaged(this.#file, "cut short");
      const part = this.#take(Math.min(left, this.#rest.length));
      take(part);
      left -= part.length;
    }
  }

  /** Throws when something follows the end. */
  async finish(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#more())) throw damaged(this.#file, "something follows its end");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.return?.();
  }

  async #line(most: number): Promise<string> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE);
      const part = this.#take(end < 0 ? this.#rest.length : end + 1);
      parts.push(part);
      length += part.length;
      if (length > most) throw damaged(this.#file, "a record is too long");
      if (end >= 0) return Buffer.concat(parts).toString().slice(0, -1);
      if (!(await this.#more())) throw damaged(this.#file, "cut short");
    }
  }

  #take(bytes: number): Uint8Array {
    const part = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    this.#hash.update(part);
    return part;
  }

  async #more(): Promise<boolean> {
    try {
      const { done, value } = await this.#parts.next();
      if (done === true) return false;
      this.#rest = value;
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") throw new VitrineError("not-found", `Cannot read backup "${this.#file}": no such file`);
      if (code === "EACCES" || code === "EISDIR") throw VitrineError.from(error);
      throw damaged(this.#file, "it cannot be unpacked", error);
    }
  }
}

/** Every text in it is one that may be written to a terminal. */
function isPlain(value: unknown): boolean {
  if (typeof value === "string") return sanitizeText(value, value.length + 1) === value;
  return typeof value !== "object" || value === null || Object.values(value).every(isPlain);
}

function damaged(file: string, why: string, cause?: unknown): VitrineError {
  return new VitrineError("corrupt", `Cannot use backup "${file}": ${why}`, { cause, fix: "use another backup" });
}
