/** A log with a bounded size. When it is full it becomes FILE.1, in place of the FILE.1 before it, and starts anew. */
import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { sanitizeText } from "../../base/sanitize.ts";
import { type Environment, logPaths } from "./directories.ts";

/** Bytes of one log before it is put aside; a sandbox has two logs of two files each. */
export const MAX_LOG_BYTES = 1024 * 1024;
/** Characters of one line of a log; what a guest writes in one line beyond that is cut. */
export const MAX_LOG_LINE_CHARS = 1000;

export type Severity = "info" | "warning" | "error";

/** Removes the logs of a sandbox that does not run. */
export function removeLogs(name: string, environment: Environment): void {
  for (const path of Object.values(logPaths(name, environment))) {
    for (const file of [path, `${path}.1`]) rmSync(file, { force: true });
  }
}

/** Gives the logs of a sandbox that does not run to one of another name. */
export function moveLogs(name: string, to: string, environment: Environment): void {
  const [from, into] = [logPaths(name, environment), logPaths(to, environment)];
  for (const kind of ["supervisor", "console"] as const) {
    for (const suffix of ["", ".1"]) {
      if (existsSync(`${from[kind]}${suffix}`)) renameSync(`${from[kind]}${suffix}`, `${into[kind]}${suffix}`);
    }
  }
}

export class LogFile {
  readonly path: string;
  #fd: number;
  #bytes: number;

  /** Opens `path` to append to it; only the user can read it. */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Adds a line with time and severity. `message` may quote a guest: it is made safe to show here. */
  entry(severity: Severity, message: string): void {
    this.line(`${new Date().toISOString()} ${severity === "info" ? "" : `${severity}: `}${message}`);
  }

  /** Adds one line, made safe to show. */
  line(text: string): void {
    if (this.#fd < 0) return;
    const bytes = Buffer.from(`${sanitizeText(text, MAX_LOG_LINE_CHARS)}\n`);
    if (this.#bytes + bytes.length > MAX_LOG_BYTES) this.#rotate();
    try {
      writeSync(this.#fd, bytes);
      this.#bytes += bytes.length;
    } catch {
      // A full disk costs log lines, not the sandbox.
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #rotate(): void {
    closeSync(this.#fd);
    renameSync(this.path, `${this.path}.1`);
    this.#fd = openSync(this.path, "a", 0o600);
    this.#bytes = 0;
  }
}

/** Cuts bytes that arrive in any pieces into lines of text; a line longer than a log line is handed over in parts. */
export class LineCutter {
  readonly #decoder = new TextDecoder();
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/\r*\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line);
    while (this.#rest.length > MAX_LOG_LINE_CHARS) {
      this.#onLine(this.#rest.slice(0, MAX_LOG_LINE_CHARS));
      this.#rest = this.#rest.slice(MAX_LOG_LINE_CHARS);
    }
  }

  /** Hands over what has come without a line end. */
  end(): void {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    if (rest !== "") this.#onLine(rest);
  }
}
