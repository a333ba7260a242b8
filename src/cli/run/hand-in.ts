/**
 * Hands files to an app: a copy of each goes into the sandbox, and comes back whenever the app has saved it. The app sees
 * that file and none beside it; what comes back goes to that file and nowhere else.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  createReadStream,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { VitrineError } from "../../base/error.ts";
import { taint, type Untrusted, validate } from "../../base/untrusted.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { LaunchedProcess, SandboxConnection } from "../../host/sandbox/supervisor/control-client.ts";
import { interruptible } from "../terminal/interrupt.ts";
import { launchCommand } from "./launch.ts";

/** Bytes of a file that goes in or comes back: what an office or a picture program still opens, and no more of the user's disk. */
export const MAX_HANDED_BYTES = 4_000_000_000;
/** Files handed to one app at a time: each is watched for as long as the app runs. */
export const MAX_HANDED_FILES = 64;
/** Characters of a line that the guest says: a path, or a number. */
export const MAX_HANDED_LINE_CHARS = 4096;

/**
 * Runs in the sandbox, once for each file. Standard input is the size, the file, and then open until the app has ended.
 * Standard output is the folder that the copy is in, then, each time it was saved, its size and its bytes.
 */
const SCRIPT = `
set -eu
umask 077
place=$HOME/.cache/vitrine/opened/$1
mkdir -p "$place/file"
file=$place/file/$2
read -r size
head -c "$size" > "$file"
mark() { stat -c '%.9Y %.9Z %s %i' -- "$file" 2>/dev/null || :; }
last=$(mark)
printf '%s\\n' "$place/file"
send() {
  now=$(mark)
  if [ -n "$now" ] && [ "$now" != "$last" ]; then
    last=$now
    cp -- "$file" "$place/saved"
    stat -c %s -- "$place/saved"
    cat -- "$place/saved"
    rm -f -- "$place/saved"
  fi
}
exec 3<&0
{ cat <&3 > /dev/null; : > "$place/end"; } &
while [ ! -e "$place/end" ]; do sleep 1; send; done
send
rm -rf -- "$place"
`;

/** A file that an app has a copy of. */
export interface HandedFile {
  /** Where the copy is, in the sandbox. */
  readonly guestPath: string;
  /** Brings back what was saved last, and removes the copy. */
  finish(): Promise<void>;
}

/** How often to look whether windows are left, in milliseconds: those of processes that the app has started and left. */
const WINDOWS_INTERVAL_MS = 500;

/**
 * Has an app open files: words that name files of this machine are handed in, others stay as they are. Returns what the
 * app is to be started with, and what must be called when it was: that resolves when the app has ended, its windows are
 * closed, and all is saved; Ctrl-C meanwhile ends the app.
 */
export async function handOver(
  connection: SandboxConnection,
  words: readonly string[],
  tell: (message: string) => void,
): Promise<{ words: string[]; finish: ((launched: LaunchedProcess) => Promise<void>) | undefined }> {
  const handed: HandedFile[] = [];
  const given: string[] = [];
  for (const word of words) {
    const path = fileOf(word);
    if (path !== undefined && handed.length === MAX_HANDED_FILES) {
      throw new VitrineError("limit", `Cannot open more than ${MAX_HANDED_FILES} files at a time`);
    }
    const file = path === undefined ? undefined : await handIn(connection, path, tell);
    if (file !== undefined) handed.push(file);
    given.push(file?.guestPath ?? word);
  }
  if (handed.length === 0) return { words: given, finish: undefined };
  const finish = (launched: LaunchedProcess) =>
    interruptible(async (signal) => {
      const interrupted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      // Rejected where the sandbox was stopped: then all has ended.
      const closed = launched.ended.then(() => windowsClosed(connection)).catch(() => {});
      await Promise.race([closed, interrupted]);
      // As a command in a terminal ends at Ctrl-C. What it has saved comes back all the same.
      if (signal.aborted) await launched.signal("SIGTERM").catch(() => {});
      await Promise.all(handed.map((file) => file.finish()));
    });
  return { words: given, finish };
}

/** Resolves when the sandbox has no window. */
export async function windowsClosed(connection: SandboxConnection): Promise<void> {
  while ((await connection.info()).windows > 0) await Bun.sleep(WINDOWS_INTERVAL_MS);
}

/** The path of a file of this machine that a word names, as a path or a file: address; undefined when it names none. */
export function fileOf(word: string): string | undefined {
  try {
    const path = /^file:/i.test(word) ? fileURLToPath(word) : word;
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** Brings a copy of the file at `path` into the sandbox. `tell`: for what the user should know. */
export async function handIn(
  connection: SandboxConnection,
  path: string,
  tell: (message: string) => void,
): Promise<HandedFile> {
  const { size } = statSync(path);
  if (size > MAX_HANDED_BYTES) {
    throw new VitrineError("limit", `Cannot open "${path}": it has ${size} bytes, at most ${MAX_HANDED_BYTES} wanted`);
  }
  const id = randomBytes(4).toString("hex");
  const launched = await launchCommand(connection, {
    argv: ["sh", "-c", SCRIPT, "sh", id, basename(path)],
    environment: {},
    user: "user",
    stdio: { kind: "streams" },
  });
  const back = new SavedFile(path, tell);
  const folder = listen(launched, back);
  const input = launched.streams.get("stdin");
  input?.write(new TextEncoder().encode(`${size}\n`));
  if (size > 0) for await (const chunk of createReadStream(path, { end: size - 1 })) await send(input, chunk);
  const lost = launched.ended.then(() => {
    throw new VitrineError("guest-failed", `Cannot open "${path}" in the sandbox: it could not be copied there`, {
      fix: "see whether the home is full: vitrine list",
    });
  });
  const guestPath = `${await Promise.race([folder, lost])}/${basename(path)}`;
  lost.catch(() => {});
  return {
    guestPath,
    finish: async () => {
      input?.end();
      await launched.ended.catch(() => {});
      await back.complete();
    },
  };
}

/** Resolves to the folder of the copy, once it is there; what follows is for `back`. */
function listen(launched: LaunchedProcess, back: SavedFile): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const output = launched.streams.get("stdout");
  let line: Uint8Array[] | undefined = [];
  let told = false;
  output?.end();
  output?.onData((chunk) => {
    for (let rest = chunk; rest.length > 0; ) {
      if (back.wants > 0) {
        const part = rest.subarray(0, back.wants);
        back.take(part);
        rest = rest.subarray(part.length);
        continue;
      }
      const end = rest.indexOf(10);
      line?.push(rest.slice(0, end < 0 ? rest.length : end));
      rest = end < 0 ? rest.subarray(rest.length) : rest.subarray(end + 1);
      const text = Buffer.concat(line ?? []);
      if (text.length > MAX_HANDED_LINE_CHARS) return void output.destroy();
      if (end < 0) continue;
      line = [];
      if (told && !back.begin(taint(text.toString()))) return void output.destroy();
      if (!told) resolve(text.toString());
      told = true;
    }
  });
  output?.onEnd(() => back.end());
  output?.onClose(() => back.end());
  launched.streams.get("stderr")?.end();
  launched.streams.get("stderr")?.onData(() => {});
  return promise;
}

async function send(stream: ByteStream | undefined, chunk: Uint8Array): Promise<void> {
  if (stream === undefined || stream.write(chunk)) return;
  await new Promise<void>((resolve) => {
    stream.onDrain(resolve);
    stream.onClose(() => resolve());
  });
}

/** What comes back of a file: put in its place when it is whole, unless somebody else has changed that meanwhile. */
class SavedFile {
  readonly #path: string;
  readonly #tell: (message: string) => void;
  readonly #ended = Promise.withResolvers<void>();
  #before: Stats;
  #unfinished: { readonly path: string; readonly fd: number } | undefined;
  /** Bytes that still belong to the content. */
  wants = 0;

  constructor(path: string, tell: (message: string) => void) {
    this.#path = path;
    this.#tell = tell;
    this.#before = statSync(path);
  }

  /** The guest says how many bytes come; false when that is no number, or too large a one. */
  begin(size: Untrusted<string>): boolean {
    const bytes = validate(size, (text) => (/^\d{1,10}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY));
    if (bytes > MAX_HANDED_BYTES) {
      this.#tell(`Cannot save "${this.#path}": at most ${MAX_HANDED_BYTES} bytes are taken back`);
      return false;
    }
    this.wants = bytes;
    const path = join(dirname(this.#path), `.${basename(this.#path)}.${randomBytes(4).toString("hex")}`);
    try {
      this.#unfinished = { path, fd: openSync(path, "wx", 0o600) };
    } catch (error) {
      this.#unfinished = undefined;
      this.#fail(error);
    }
    if (this.wants === 0) this.#place();
    return true;
  }

  take(part: Uint8Array): void {
    this.wants -= part.length;
    try {
      if (this.#unfinished !== undefined) writeSync(this.#unfinished.fd, part);
    } catch (error) {
      this.#drop();
      this.#fail(error);
    }
    if (this.wants === 0) this.#place();
  }

  /** Nothing more comes. */
  end(): void {
    this.#drop();
    this.#ended.resolve();
  }

  complete(): Promise<void> {
    return this.#ended.promise;
  }

  #place(): void {
    const { path, fd } = this.#unfinished ?? {};
    if (path === undefined || fd === undefined) return;
    this.#unfinished = undefined;
    closeSync(fd);
    try {
      const now = statSync(this.#path, { throwIfNoEntry: false });
      const untouched = now !== undefined && now.mtimeMs === this.#before.mtimeMs && now.size === this.#before.size;
      const target = untouched ? this.#path : `${this.#path}.from-sandbox`;
      // Whatever the app wants it to be: it stays as executable as it was.
      chmodSync(path, this.#before.mode & 0o777);
      renameSync(path, target);
      if (untouched) this.#before = statSync(this.#path);
      else this.#tell(`"${this.#path}" was changed by somebody else: what the app has saved is in "${target}"`);
    } catch (error) {
      rmSync(path, { force: true });
      this.#fail(error);
    }
  }

  #drop(): void {
    if (this.#unfinished === undefined) return;
    closeSync(this.#unfinished.fd);
    rmSync(this.#unfinished.path, { force: true });
    this.#unfinished = undefined;
  }

  #fail(error: unknown): void {
    this.#tell(`Cannot save "${this.#path}": ${(error as Error).message}`);
  }
}
