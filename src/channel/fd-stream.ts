/** A ByteStream over a descriptor: socket, pipe, terminal, or a virtio-serial port. */
import { VitrineError } from "../base/error.ts";
import { errnoName } from "../sys/errors.ts";
import type { OwnedFd } from "../sys/fd.ts";
import { type Watch, watch } from "../sys/loop.ts";
import { readSome, shutdownWrite, writeSome } from "../sys/socket.ts";
import { type ByteStream, HIGH_WATER_BYTES, MAX_QUEUED_BYTES } from "./byte-stream.ts";

/** One read. */
const READ_BYTES = 64 * 1024;
/** Reads of one stream before the others get their turn. */
const MAX_READS_PER_TURN = 16;

/** Takes ownership of `fd`, which must be non-blocking. */
export function fdStream(fd: OwnedFd): ByteStream {
  return new FdStream(fd);
}

/** All streams read into the same memory: a chunk is valid only during its handler. */
const readBuffer = new Uint8Array(READ_BYTES);

class FdStream implements ByteStream {
  readonly #fd: OwnedFd;
  readonly #watch: Watch;
  #onData: ((chunk: Uint8Array) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onClose: ((error: VitrineError | undefined) => void) | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #paused = false;
  #wantsDrain = false;
  #writeState: "open" | "ending" | "ended" = "open";
  #readState: "open" | "ended" = "open";
  #endTold = false;
  #closed: { error: VitrineError | undefined } | undefined;

  constructor(fd: OwnedFd) {
    this.#fd = fd;
    this.#watch = watch(fd, {}, (ready) => {
      if (ready.writable) this.#flush();
      if ((ready.readable || ready.hangup) && this.#reading) this.#read();
      else if (ready.hangup && this.#queue.length > 0) this.#flush();
    });
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed !== undefined || this.#writeState !== "open") return true;
    let rest = bytes;
    if (this.#queue.length === 0) {
      const sent = this.#send(bytes);
      if (sent === undefined) return true;
      rest = bytes.subarray(sent);
    }
    if (rest.length > 0) {
      this.#queue.push(rest.slice());
      this.#queued += rest.length;
      if (this.#queued > MAX_QUEUED_BYTES) {
        this.destroy(
          new VitrineError("limit", `Cannot queue ${this.#queued} bytes: at most ${MAX_QUEUED_BYTES} wanted`),
        );
        return true;
      }
      this.#interest();
    }
    // Stays until onDrain has been called, even if the queue is short by now: whoever was told "no" waits for that.
    this.#wantsDrain ||= this.#queued >= HIGH_WATER_BYTES;
    return !this.#wantsDrain;
  }

  onData(handler: (chunk: Uint8Array) => void): void {
    this.#onData = handler;
    this.#interest();
  }

  onDrain(handler: () => void): void {
    this.#onDrain = handler;
  }

  onEnd(handler: () => void): void {
    this.#onEnd = handler;
    if (this.#readState === "ended") queueMicrotask(() => this.#tellEnd());
  }

  onClose(handler: (error: VitrineError | undefined) => void): void {
    this.#onClose = handler;
    const closed = this.#closed;
    if (closed !== undefined) queueMicrotask(() => handler(closed.error));
  }

  pause(): void {
    this.#paused = true;
    this.#interest();
  }

  resume(): void {
    this.#paused = false;
    this.#interest();
  }

  end(): void {
    if (this.#closed !== undefined || this.#writeState !== "open") return;
    this.#writeState = "ending";
    if (this.#queue.length === 0) this.#finishWriting();
  }

  destroy(error?: VitrineError): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    this.#watch.close();
    this.#fd.close();
    this.#queue = [];
    this.#queued = 0;
    this.#onClose?.(error);
  }

  get #reading(): boolean {
    return this.#onData !== undefined && !this.#paused && this.#readState === "open";
  }

  #interest(): void {
    if (this.#closed === undefined) this.#watch.update({ readable: this.#reading, writable: this.#queue.length > 0 });
  }

  /** Bytes taken by the kernel, or undefined when the stream was lost. */
  #send(bytes: Uint8Array): number | undefined {
    let sent = 0;
    try {
      while (sent < bytes.length) {
        const count = writeSome(this.#fd, bytes.subarray(sent));
        if (count === "again") break;
        sent += count;
      }
      return sent;
    } catch (error) {
      this.destroy(VitrineError.from(error));
      return undefined;
    }
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const bytes = this.#queue[0] as Uint8Array;
      const sent = this.#send(bytes);
      if (sent === undefined) return;
      this.#queued -= sent;
      if (sent < bytes.length) {
        this.#queue[0] = bytes.subarray(sent);
        break;
      }
      this.#queue.shift();
    }
    this.#interest();
    if (this.#queue.length === 0 && this.#writeState === "ending") this.#finishWriting();
    if (this.#wantsDrain && this.#queued < HIGH_WATER_BYTES / 2) {
      this.#wantsDrain = false;
      this.#onDrain?.();
    }
  }

  #finishWriting(): void {
    this.#writeState = "ended";
    try {
      shutdownWrite(this.#fd);
    } catch {
      // Not a socket: a pipe or a device has one end only, so ending it is closing it.
      this.destroy();
      return;
    }
    this.#closeWhenDone();
  }

  #read(): void {
    for (let reads = 0; reads < MAX_READS_PER_TURN && this.#reading && this.#closed === undefined; reads += 1) {
      let length: number | "again";
      try {
        length = readSome(this.#fd, readBuffer);
      } catch (error) {
        // A terminal whose other side has closed answers EIO: that is its end of file.
        if (errnoName(error) !== "EIO") return this.destroy(VitrineError.from(error));
        length = 0;
      }
      if (length === "again") return;
      if (length === 0) {
        this.#readState = "ended";
        this.#interest();
        this.#tellEnd();
        return;
      }
      this.#onData?.(readBuffer.subarray(0, length));
    }
  }

  #tellEnd(): void {
    if (this.#endTold || this.#onEnd === undefined || this.#closed !== undefined) return;
    this.#endTold = true;
    this.#onEnd();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#writeState === "ended" && this.#readState === "ended" && (this.#endTold || this.#onEnd === undefined)) {
      this.destroy();
    }
  }
}
