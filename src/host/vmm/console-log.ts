/**
 * What a guest prints on its console: written to a bounded file as it is, for `vitrine logs`, which cleans it; the last
 * lines are kept, cleaned, for error messages.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";

/** Bytes of a console log; what a guest prints beyond is dropped. A boot takes about 2 KiB, a panic 8 KiB. */
export const MAX_CONSOLE_LOG_BYTES = 1024 * 1024;
/** Lines kept for error messages, and characters of a line. */
export const MAX_CONSOLE_TAIL_LINES = 200;
export const MAX_CONSOLE_LINE_CHARS = 400;

export class ConsoleLog {
  readonly #file: number;
  readonly #decoder = new TextDecoder();
  readonly #lines: string[] = [];
  #partial = "";
  #written = 0;
  #panic: string | undefined;
  #open = true;
  readonly #ended = Promise.withResolvers<void>();
  readonly #onPanic: () => void;

  /** Replaces the file at `path`; takes over `source`. `onPanic` is called once, when the kernel says that it panics. */
  constructor(path: string, source: ByteStream, onPanic: () => void) {
    this.#onPanic = onPanic;
    this.#file = openSync(path, "w", 0o600);
    source.onData((chunk) => this.#take(chunk));
    source.onEnd(() => source.end());
    source.onClose(() => this.#close());
  }

  /** The last lines, sanitised, oldest first. */
  tail(lines = MAX_CONSOLE_TAIL_LINES): string[] {
    return [...this.#lines, ...(this.#partial === "" ? [] : [clean(this.#partial)])].slice(-lines);
  }

  /** The line with which the kernel said that it panicked. */
  get panic(): string | undefined {
    return this.#panic;
  }

  /** Resolves when the guest can print no more. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  #take(chunk: Uint8Array): void {
    const room = Math.min(chunk.length, MAX_CONSOLE_LOG_BYTES - this.#written);
    if (room > 0) this.#written += writeSync(this.#file, chunk, 0, room);
    const text = this.#partial + this.#decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    this.#partial = (lines.pop() ?? "").slice(-MAX_CONSOLE_LINE_CHARS);
    for (const line of lines) {
      const cleaned = clean(line);
      this.#lines.push(cleaned);
      if (this.#lines.length > MAX_CONSOLE_TAIL_LINES) this.#lines.shift();
      if (this.#panic === undefined && /Kernel panic - not syncing/.test(cleaned)) {
        this.#panic = cleaned;
        this.#onPanic();
      }
    }
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
    this.#ended.resolve();
  }
}

function clean(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's control sequences begin with one
  return sanitizeText(line.replace(/\u001b\[[0-9;?]*[A-Za-z]|\r/g, ""), MAX_CONSOLE_LINE_CHARS);
}
