/**
 * This process's own standard streams as bytes, whatever they are: terminal, pipe, socket, file. The runtime's own
 * process.stdin and process.stdout are not used for data: at times they lose or repeat some when copying from pipe to pipe
 * (seen with Bun 1.4.5 in 3 of 60 copies of 50 MB).
 *
 * Other processes share these open files, the user's shell among them, so they are not made non-blocking: pipes and
 * terminals are opened anew, which gives a file description of our own. Sockets cannot be; nothing else reads those.
 */
import { constants, fstatSync, readSync, writeSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { OwnedFd, setNonBlocking } from "../../sys/fd.ts";
import { type Watch, watch } from "../../sys/loop.ts";
import { openFile } from "../../sys/memory.ts";
import { writeSome } from "../../sys/socket.ts";

/** Bytes read from a file at a time. */
const FILE_CHUNK_BYTES = 64 * 1024;
/** Bytes waiting for a reader of our output before the sender is made to wait. */
export const MAX_WAITING_OUTPUT_BYTES = 256 * 1024;

/** What to do with what comes in: returns false when no more is wanted until resume(). */
export interface Input {
  resume(): void;
  close(): void;
}

/** Gives all that standard input holds to `onData`, then calls `onEnd`. */
export function readStandardInput(onData: (chunk: Uint8Array) => boolean, onEnd: () => void): Input {
  const fd = openPollable(0);
  if (fd === undefined) return readFile(onData, onEnd);
  const stream: ByteStream = fdStream(fd);
  stream.onData((chunk) => {
    if (!onData(chunk)) stream.pause();
  });
  stream.onEnd(onEnd);
  stream.onClose(onEnd);
  return { resume: () => stream.resume(), close: () => stream.destroy() };
}

/** Files and /dev/null: never make a reader wait, so epoll does not take them. */
function readFile(onData: (chunk: Uint8Array) => boolean, onEnd: () => void): Input {
  const buffer = new Uint8Array(FILE_CHUNK_BYTES);
  let state: "running" | "paused" | "ended" = "running";
  const next = () => {
    if (state !== "running") return;
    const length = readOrEnd(buffer);
    if (length === 0) {
      state = "ended";
      return onEnd();
    }
    if (!onData(buffer.subarray(0, length))) state = "paused";
    else setImmediate(next);
  };
  setImmediate(next);
  return {
    resume: () => {
      if (state !== "paused") return;
      state = "running";
      setImmediate(next);
    },
    close: () => {
      state = "ended";
    },
  };
}

/** A standard input that is closed, or a directory, is an empty one. */
function readOrEnd(buffer: Uint8Array): number {
  try {
    return readSync(0, buffer);
  } catch {
    return 0;
  }
}

/** Standard output or standard error. */
export class Output {
  readonly #number: 1 | 2;
  readonly #fd: OwnedFd | undefined;
  readonly #watch: Watch | undefined;
  #queue: Uint8Array[] = [];
  #waiting = 0;
  #onDrain: (() => void) | undefined;
  #finished: (() => void) | undefined;
  #broken: (() => void) | undefined;
  #isBroken = false;

  constructor(number: 1 | 2) {
    this.#number = number;
    this.#fd = openPollable(number);
    if (this.#fd !== undefined) this.#watch = watch(this.#fd, {}, () => this.#flush());
  }

  /** So much is waiting that the sender should. */
  get congested(): boolean {
    return this.#waiting >= MAX_WAITING_OUTPUT_BYTES;
  }

  /** False: enough is waiting, see onDrain. After the reader has gone everything is dropped. */
  write(bytes: Uint8Array): boolean {
    if (this.#isBroken) return true;
    if (this.#fd === undefined) {
      this.#writeFile(bytes);
      return true;
    }
    this.#queue.push(bytes.slice());
    this.#waiting += bytes.length;
    this.#flush();
    return !this.congested;
  }

  onDrain(handler: () => void): void {
    this.#onDrain = handler;
  }

  /** Called once when nobody reads any more. */
  onBroken(handler: () => void): void {
    this.#broken = handler;
  }

  /** Resolves when everything has been written or nobody reads it; nothing may be written afterwards. */
  async finish(): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => (this.#finished = resolve));
    this.close();
  }

  /** Lets go of the stream, whatever still waits. */
  close(): void {
    this.#watch?.close();
    this.#fd?.close();
  }

  #flush(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    try {
      for (let bytes = this.#queue[0]; bytes !== undefined; bytes = this.#queue[0]) {
        const count = writeSome(fd, bytes);
        if (count === "again") break;
        this.#waiting -= count;
        if (count < bytes.length) this.#queue[0] = bytes.subarray(count);
        else this.#queue.shift();
      }
    } catch {
      return this.#break();
    }
    this.#watch?.update({ writable: this.#waiting > 0 });
    if (this.#waiting > 0) return;
    this.#finished?.();
    this.#onDrain?.();
  }

  #writeFile(bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#number, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOSPC") {
        throw new VitrineError("no-space", "Cannot write the output: the disk is full", { cause: error });
      }
      this.#break();
    }
  }

  #break(): void {
    this.#isBroken = true;
    this.#queue = [];
    this.#waiting = 0;
    this.#watch?.close();
    this.#finished?.();
    this.#onDrain?.();
    this.#broken?.();
  }
}

/** A non-blocking descriptor of what standard stream `number` is; undefined for files, which need none. */
function openPollable(number: 0 | 1 | 2): OwnedFd | undefined {
  let mode: number;
  try {
    mode = fstatSync(number).mode & constants.S_IFMT;
  } catch {
    return undefined;
  }
  if (mode === constants.S_IFREG || mode === constants.S_IFDIR || mode === constants.S_IFBLK) return undefined;
  const fd = mode === constants.S_IFSOCK ? duplicate(number) : reopen(number);
  try {
    watch(fd, number === 0 ? { readable: true } : { writable: true }, () => {}).close();
    return fd;
  } catch {
    // /dev/null and its like.
    fd.close();
    return undefined;
  }
}

function reopen(number: 0 | 1 | 2): OwnedFd {
  const access = number === 0 ? constants.O_RDONLY : constants.O_WRONLY;
  try {
    return openFile(`/proc/self/fd/${number}`, access | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // A terminal of another user (su), or a pipe whose reader has gone.
    return duplicate(number);
  }
}

function duplicate(number: 0 | 1 | 2): OwnedFd {
  const borrowed = OwnedFd.own(number);
  const copy = borrowed.dup();
  borrowed.take();
  setNonBlocking(copy, true);
  return copy;
}
