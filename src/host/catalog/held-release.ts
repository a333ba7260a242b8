/**
 * The release file that a source accepted last: one file holds its text, its date, and what a server needs to tell whether
 * it has a newer one, so that these never disagree.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Record {
  readonly text: string;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Milliseconds since 1970. */
  readonly date: number;
}

export class HeldRelease {
  readonly #path: string;
  readonly #held: Record | undefined;
  #candidate: Omit<Record, "date"> | undefined;

  /** Reads what is held under `name` in `directory`, which is created if it is missing. */
  constructor(directory: string, name: string) {
    mkdirSync(directory, { recursive: true });
    this.#path = join(directory, `${name.replace(/[^a-z0-9.-]/gi, "-")}.json`);
    this.#held = readRecord(this.#path);
    this.#candidate = this.#held;
  }

  /** Date of the last accepted one, in milliseconds since 1970. */
  get date(): number | undefined {
    return this.#held?.date;
  }

  /** Headers that ask a server for a newer one only. */
  get conditions(): Readonly<{ [header: string]: string }> {
    const { etag, lastModified } = this.#held ?? {};
    return {
      ...(etag === undefined ? {} : { "if-none-match": etag }),
      ...(lastModified === undefined ? {} : { "if-modified-since": lastModified }),
    };
  }

  /** `data` is to be checked now; without a call of this it is what is held already. */
  propose(data: Uint8Array, headers: Headers): void {
    this.#candidate = {
      text: Buffer.from(data).toString("latin1"),
      etag: headers.get("etag") ?? undefined,
      lastModified: headers.get("last-modified") ?? undefined,
    };
  }

  /** Calls `use` with a file that holds the candidate for so long. */
  async withFile<T>(use: (path: string) => Promise<T>): Promise<T> {
    const path = `${this.#path}.candidate`;
    try {
      writeFileSync(path, this.#candidate?.text ?? "", "latin1");
      return await use(path);
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** The candidate, of that date, is the held one from now on. */
  commit(date: number): void {
    if (this.#candidate === undefined) return;
    const unfinished = `${this.#path}.new`;
    writeFileSync(unfinished, JSON.stringify({ ...this.#candidate, date } satisfies Record));
    renameSync(unfinished, this.#path);
  }
}

function readRecord(path: string): Record | undefined {
  try {
    const { text, etag, lastModified, date } = JSON.parse(readFileSync(path, "utf8")) as { [name: string]: unknown };
    if (typeof text !== "string" || typeof date !== "number") return undefined;
    const header = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
    return { text, date, etag: header(etag), lastModified: header(lastModified) };
  } catch {
    // None yet, or damaged: then nothing is known of the last one.
    return undefined;
  }
}
