/** A ByteStream over streams of Node: the standard streams of a process, or the pipes of a child. */
import type { Readable, Writable } from "node:stream";
import { VitrineError } from "../base/error.ts";
import { type ByteStream, MAX_QUEUED_BYTES } from "./byte-stream.ts";

/** Joins what can be read from and what can be written to; either may be absent. */
export function duplexStream(ends: { readable?: Readable | undefined; writable?: Writable | undefined }): ByteStream {
  return new DuplexStream(ends.readable, ends.writable);
}

class DuplexStream implements ByteStream {
  readonly #readable: Readable | undefined;
  readonly #writable: Writable | undefined;
  #onEnd: (() => void) | undefined;
  #onDrain: (() => void) | undefined;
  #onClose: ((error: VitrineError | undefined) => void) | undefined;
  #closed: { error: VitrineError | undefined } | undefined;
  #readEnded: boolean;
  #writeEnded: boolean;

  constructor(readable: Readable | undefined, writable: Writable | undefined) {
    this.#readable = readable;
    this.#writable = writable;
    this.#readEnded = readable === undefined;
    this.#writeEnded = writable === undefined;
    readable?.on("end", () => this.#ended());
    readable?.on("close", () => this.#ended());
    readable?.on("error", (error) => this.destroy(lost(error)));
    writable?.on("drain", () => this.#onDrain?.());
    writable?.on("finish", () => this.#finished());
    writable?.on("error", (error) => this.destroy(lost(error)));
    writable?.on("close", () => this.#finished());
  }

  write(bytes: Uint8Array): boolean {
    const writable = this.#writable;
    if (writable === undefined || this.#closed !== undefined || this.#writeEnded) return true;
    const more = writable.write(Buffer.from(bytes));
    if (writable.writableLength > MAX_QUEUED_BYTES)
      this.destroy(new VitrineError("limit", "Cannot queue more: the reader does not read"));
    return more;
  }

  onData(handler: (chunk: Uint8Array) => void): void {
    this.#readable?.on("data", (chunk: Buffer) => handler(chunk));
  }

  pause(): void {
    this.#readable?.pause();
  }

  resume(): void {
    this.#readable?.resume();
  }

  onDrain(handler: () => void): void {
    this.#onDrain = handler;
  }

  end(): void {
    if (this.#closed === undefined && !this.#writeEnded) this.#writable?.end();
  }

  onEnd(handler: () => void): void {
    this.#onEnd = handler;
    if (this.#readEnded && this.#readable !== undefined) queueMicrotask(handler);
  }

  onClose(handler: (error: VitrineError | undefined) => void): void {
    this.#onClose = handler;
    const closed = this.#closed;
    if (closed !== undefined) queueMicrotask(() => handler(closed.error));
  }

  destroy(error?: VitrineError): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    this.#readable?.destroy();
    this.#writable?.destroy();
    this.#onClose?.(error);
  }

  #ended(): void {
    if (this.#readEnded || this.#closed !== undefined) return;
    this.#readEnded = true;
    this.#onEnd?.();
    this.#closeWhenDone();
  }

  #finished(): void {
    this.#writeEnded = true;
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#readEnded && this.#writeEnded) this.destroy();
  }
}

function lost(cause: Error): VitrineError {
  return new VitrineError("io", `The stream was lost: ${cause.message}`, { cause });
}
