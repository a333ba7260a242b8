/**
 * What apt says for programs while it works (APT::Status-Fd), line by line:
 *
 *     dlstatus:NUMBER:PERCENT:what is fetched          pmstatus:PACKAGE:PERCENT:what is done with it
 *     pmerror:PACKAGE:PERCENT:what went wrong
 *
 * Reference: README.progress-reporting of apt's documentation.
 */
import { sanitizeText } from "../../base/sanitize.ts";
import { type Untrusted, validate } from "../../base/untrusted.ts";

/** Characters of a line that are looked at; apt's own are shorter. */
export const MAX_STATUS_LINE_CHARS = 4096;

export interface AptStatus {
  readonly kind: "fetching" | "installing" | "failed";
  /** Of this kind of work, 0 to 1. */
  readonly fraction: number;
  /** Fit to be shown. */
  readonly text: string;
}

const KINDS: Readonly<Record<string, AptStatus["kind"]>> = {
  dlstatus: "fetching",
  pmstatus: "installing",
  pmerror: "failed",
};

/** Undefined: a line that says nothing of these. */
export function parseStatus(line: Untrusted<string>): AptStatus | undefined {
  return validate(line, (raw) => {
    const [, word = "", percent = "", text = ""] =
      /^(\w+):[^:]+(?::[a-z][^:]*)?:(\d{1,3}(?:\.\d+)?):(.*)$/.exec(raw.slice(0, MAX_STATUS_LINE_CHARS)) ?? [];
    const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
    if (kind === undefined) return undefined;
    return { kind, fraction: Math.min(1, Number(percent) / 100), text: sanitizeText(text) };
  });
}

/** Gives each line of a text that comes in chunks; one that is longer than `most` characters is cut. */
export class LineReader {
  readonly #onLine: (line: string) => void;
  readonly #most: number;
  readonly #decoder = new TextDecoder();
  #partial = "";

  constructor(onLine: (line: string) => void, most: number) {
    this.#onLine = onLine;
    this.#most = most;
  }

  readonly take = (chunk: Uint8Array): void => {
    const lines = (this.#partial + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#partial = (lines.pop() ?? "").slice(0, this.#most);
    for (const line of lines) this.#onLine(line.slice(0, this.#most));
  };

  /** What stands behind the last line end. */
  end(): void {
    if (this.#partial !== "") this.#onLine(this.#partial);
    this.#partial = "";
  }
}
