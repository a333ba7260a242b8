/** The app's end: its socket, descriptors included. Reads when asked to, writes with a bounded queue. */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Watch, watch } from "../../sys/loop.ts";
import { MAX_FDS_PER_MESSAGE, receiveMessage, sendMessage } from "../../sys/socket.ts";
import { MAX_PENDING_APP_BYTES } from "./limits.ts";

const READ_BYTES = 32 * 1024;
/** Descriptors received and not used yet; an app that sends more than its messages need is ended. */
const MAX_WAITING_FDS = 256;

export interface AppSocketHandlers {
  /** Bytes and descriptors of the app, in order; `bytes` stay valid until the next call. */
  received(bytes: Uint8Array): void;
  closed(error: VitrineError | undefined): void;
  /** All that had to wait has been sent. */
  drained?(): void;
}

export class AppSocket {
  readonly #fd: OwnedFd;
  readonly #watch: Watch;
  readonly #handlers: AppSocketHandlers;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #fds: OwnedFd[] = [];
  #queue: { bytes: Uint8Array; fds: OwnedFd[] }[] = [];
  #queued = 0;
  #paused = false;
  #closed = false;

  /** Takes ownership of `fd`. */
  constructor(fd: OwnedFd, handlers: AppSocketHandlers) {
    this.#fd = fd;
    this.#handlers = handlers;
    this.#watch = watch(fd, { readable: true }, (ready) => {
      if (ready.writable) this.#writable();
      if ((ready.readable || ready.hangup) && !this.#paused) this.#read();
    });
  }

  /** The next descriptor that the app sent, which the caller owns; undefined when it sent none. */
  takeFd(): OwnedFd | undefined {
    return this.#fds.shift();
  }

  /** Bytes that wait to be sent. */
  get queued(): number {
    return this.#queued;
  }

  pause(): void {
    this.#paused = true;
    this.#interest();
  }

  resume(): void {
    this.#paused = false;
    this.#interest();
  }

  /** Sends or queues bytes of our own and descriptors, of which it takes ownership. */
  send(bytes: Uint8Array, fds: OwnedFd[] = []): void {
    if (this.#closed) {
      for (const fd of fds) fd.close();
      return;
    }
    this.#queue.push({ bytes, fds });
    this.#queued += bytes.length;
    this.#drain();
    if (this.#queued > MAX_PENDING_APP_BYTES) {
      this.#fail(new VitrineError("limit", "Cannot send to the app: it does not read its events"));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#fd.close();
    for (const fd of [...this.#fds, ...this.#queue.flatMap((entry) => entry.fds)]) fd.close();
    this.#fds.length = 0;
    this.#queue = [];
  }

  #interest(): void {
    if (!this.#closed) this.#watch.update({ readable: !this.#paused, writable: this.#queue.length > 0 });
  }

  #writable(): void {
    this.#drain();
    if (this.#queue.length === 0 && !this.#closed) this.#handlers.drained?.();
  }

  #drain(): void {
    const blockedBefore = this.#queue.length > 1;
    try {
      for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
        const sent = sendMessage(this.#fd, entry.bytes, entry.fds);
        if (sent === "again") break;
        for (const fd of entry.fds) fd.close();
        entry.fds = [];
        this.#queued -= sent;
        if (sent < entry.bytes.length) entry.bytes = entry.bytes.subarray(sent);
        else this.#queue.shift();
      }
    } catch (error) {
      this.#fail(VitrineError.from(error));
      return;
    }
    if (blockedBefore || this.#queue.length > 0) this.#interest();
  }

  #read(): void {
    try {
      const received = receiveMessage(this.#fd, this.#buffer, MAX_FDS_PER_MESSAGE);
      if (received === "again") return;
      this.#fds.push(...received.fds);
      if (this.#fds.length > MAX_WAITING_FDS) throw new VitrineError("limit", "Cannot take descriptors: too many wait");
      if (received.length === 0) this.#fail(undefined);
      else this.#handlers.received(this.#buffer.subarray(0, received.length));
    } catch (error) {
      this.#fail(VitrineError.from(error));
    }
  }

  #fail(error: VitrineError | undefined): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.closed(error);
  }
}
