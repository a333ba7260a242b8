/**
 * The files that the index is made of, each named for its SHA-256. A file gets its name only when it is whole, its digest
 * compared and its bytes on the disk. What a broken download has left is gone on with, or thrown away when its end does not
 * fit its beginning. One writer at a time: the lock of the refresh.
 */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { type HttpAnswer, httpGet, shown } from "./http.ts";
import type { ListedFile } from "./release-file.ts";

const PART = ".part";

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that have come, as they come. */
  readonly onBytes?: (count: number) => void;
}

export class FileStore {
  readonly #directory: string;

  /** Creates `directory` if it is missing. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    this.#directory = directory;
  }

  path(sha256: string): string {
    return join(this.#directory, sha256);
  }

  has({ sha256, size }: Pick<ListedFile, "sha256" | "size">): boolean {
    return statSync(this.path(sha256), { throwIfNoEntry: false })?.size === size;
  }

  /** The content of a file that is here, its digest compared again. */
  async read(sha256: string): Promise<Buffer> {
    const data = await readFile(this.path(sha256));
    if (createHash("sha256").update(data).digest("hex") !== sha256) {
      rmSync(this.path(sha256), { force: true });
      throw new VitrineError("corrupt", `Cannot use "${this.path(sha256)}": it was changed since it was downloaded`, {
        fix: "vitrine catalog refresh --force",
      });
    }
    return data;
  }

  /** Stores `data`, whose digest the caller has computed. */
  async write(sha256: string, data: Uint8Array): Promise<void> {
    if (this.has({ sha256, size: data.length })) return;
    const part = `${this.path(sha256)}${PART}`;
    const handle = await open(part, "w", 0o644);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    renameSync(part, this.path(sha256));
  }

  /** Makes sure that `file` is here, from the first of `addresses` that has it. */
  async fetch(file: ListedFile, addresses: readonly string[], options: FetchOptions = {}): Promise<void> {
    if (this.has(file)) return;
    for (const [index, address] of addresses.entries()) {
      try {
        return await this.#fetchFrom(file, address, options);
      } catch (error) {
        const last = index === addresses.length - 1;
        if (last || VitrineError.from(error).code !== "not-found") throw asNoSpace(error, this.#directory);
      }
    }
  }

  /** Removes every file but `kept`, digests. */
  prune(kept: ReadonlySet<string>): void {
    for (const name of readdirSync(this.#directory)) {
      if (!kept.has(name)) rmSync(join(this.#directory, name), { force: true });
    }
  }

  async #fetchFrom(file: ListedFile, address: string, options: FetchOptions): Promise<void> {
    const part = `${this.path(file.sha256)}${PART}`;
    const resumed = await this.#download(file, address, part, options);
    let found = await digestOf(part);
    if (found !== file.sha256 && resumed) {
      // The beginning may be of another file, or of a crash that lost blocks: once more from the start.
      rmSync(part, { force: true });
      await this.#download(file, address, part, options);
      found = await digestOf(part);
    }
    if (found !== file.sha256) {
      const size = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
      rmSync(part, { force: true });
      const why =
        size === file.size
          ? "its digest is not the one that is signed"
          : `it has ${size} bytes, ${file.size} are signed`;
      throw new VitrineError("corrupt", `Cannot use "${shown(address)}": ${why}`, {
        fix: "try again in some minutes (a mirror that is being changed), or choose another with VITRINE_DEBIAN_MIRROR",
      });
    }
    renameSync(part, this.path(file.sha256));
  }

  /** Downloads to `part`, which may hold the beginning already; true when that was gone on with. */
  async #download(file: ListedFile, address: string, part: string, options: FetchOptions): Promise<boolean> {
    const { signal, onBytes } = options;
    const had = Math.min(statSync(part, { throwIfNoEntry: false })?.size ?? 0, file.size);
    if (had === file.size && had > 0) return true;
    const headers: Record<string, string> = had > 0 ? { range: `bytes=${had}-` } : {};
    const answer = await httpGet({ address, headers, signal });
    const resumed = had > 0 && continues(answer, had);
    if (answer.status === 206 && !resumed) {
      throw new VitrineError(
        "unavailable",
        `Cannot fetch "${shown(address)}": the server sends another part than asked for`,
      );
    }
    if (resumed) onBytes?.(had);
    const handle = await open(part, resumed ? "r+" : "w", 0o644);
    try {
      await writeBody(handle, answer, resumed ? had : 0, file.size, onBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return resumed;
  }
}

/** Writes what comes from `start` on; one byte more than `size` is "limit". */
async function writeBody(
  handle: FileHandle,
  answer: HttpAnswer,
  start: number,
  size: number,
  onBytes: FetchOptions["onBytes"],
): Promise<void> {
  let at = start;
  for await (const chunk of answer.chunks(size - start)) {
    // On a disk that is nearly full a part of it is written, without an error.
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at);
      done += bytesWritten;
      at += bytesWritten;
    }
    onBytes?.(chunk.length);
  }
  await handle.truncate(at);
}

function continues(answer: HttpAnswer, had: number): boolean {
  return answer.status === 206 && (answer.headers.get("content-range") ?? "").startsWith(`bytes ${had}-`);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** `error`, or "no-space" when that is what it means. */
export function asNoSpace(error: unknown, where: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new VitrineError("no-space", `Cannot store the catalog in "${where}": the disk is full`, {
    cause: error,
    fix: "free disk space, or set XDG_DATA_HOME to a place that has some",
  });
}
