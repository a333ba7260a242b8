/**
 * The socket to the user's compositor, of which the host half is an ordinary client. Outgoing messages are gathered
 * and sent with one system call per batch; incoming ones are cut into messages and handed over with their descriptors.
 */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { type Watch, watch } from "../../sys/loop.ts";
import { MAX_FDS_PER_MESSAGE, receiveMessage, sendMessage } from "../../sys/socket.ts";
import { MessageReader, type RawMessage } from "../../wayland/message-reader.ts";
import { MessageWriter } from "../../wayland/message-writer.ts";
import type { MessageTable, Value } from "../../wayland/types.ts";
import { LIBWAYLAND_MAX_MESSAGE_BYTES } from "../../wayland/wire.ts";
import { COMPOSITOR_HIGH_WATER_BYTES } from "./limits.ts";

/** One read; libwayland sends batches of 4 KiB, so this takes many at once. */
const READ_BYTES = 64 * 1024;

export interface CompositorHandlers {
  /** One message, valid during the call. The handler takes from `fds` (in order) those that belong to the message. */
  message(raw: RawMessage, fds: OwnedFd[]): void;
  /** All messages of one read have been handed over. */
  batchEnd(): void;
  /** The outgoing queue has fallen below the high-water mark again. */
  drained(): void;
  /** The connection is over; called once, not after close(). */
  closed(error: VitrineError | undefined): void;
}

export class CompositorConnection {
  readonly #socket: OwnedFd;
  readonly #watch: Watch;
  #handlers: CompositorHandlers;
  readonly #reader = new MessageReader();
  readonly #readBuffer = new Uint8Array(READ_BYTES);
  readonly #receivedFds: OwnedFd[] = [];
  readonly #writer = new MessageWriter({ maxMessageBytes: LIBWAYLAND_MAX_MESSAGE_BYTES });
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #queuedFds: OwnedFd[] = [];
  readonly #whenCongested: "read" | "wait";
  #blocked = false;
  #waiting = false;
  #leaving = false;
  #closed = false;

  /**
   * Takes ownership of `socket`, connected to the compositor. `whenCongested`: what is done with incoming messages while the
   * other side leaves much unread; "wait" bounds the answers of one who answers everything.
   */
  constructor(socket: OwnedFd, handlers: CompositorHandlers, whenCongested: "read" | "wait" = "read") {
    this.#handlers = handlers;
    this.#whenCongested = whenCongested;
    this.#socket = socket;
    this.#watch = watch(this.#socket, { readable: true }, (ready) => {
      if (ready.writable) this.#resume();
      if (ready.readable || ready.hangup) this.#read();
    });
  }

  /** True while the compositor has so much unread that no more should be asked of it. */
  get congested(): boolean {
    return this.#queuedBytes > COMPOSITOR_HIGH_WATER_BYTES;
  }

  /** The connection is over, by whichever side, or we are leaving. */
  get closed(): boolean {
    return this.#closed || this.#leaving;
  }

  /** Queues a message. Takes ownership of `fds`. Nothing is sent before {@link flush}. */
  send(
    objectId: number,
    opcode: number,
    message: MessageTable,
    args: readonly Value[],
    fds: readonly OwnedFd[] = [],
  ): void {
    if (this.closed) {
      for (const fd of fds) fd.close();
      return;
    }
    // Descriptors must not arrive later than their message: what is queued before goes out first when they are too many.
    if (this.#queuedFds.length + fds.length > MAX_FDS_PER_MESSAGE) this.flush();
    try {
      this.#writer.append(objectId, opcode, message, args);
    } catch (error) {
      for (const fd of fds) fd.close();
      throw error;
    }
    this.#queuedFds.push(...fds);
  }

  /** Sends what is queued, as far as the socket takes it. */
  flush(): void {
    const bytes = this.#writer.take();
    if (bytes.length > 0) {
      this.#queue.push(bytes);
      this.#queuedBytes += bytes.length;
    }
    if (this.#closed) return;
    if (this.#blocked) this.#setBlocked(true);
    else this.#drain();
  }

  /** Ends the connection from our side; the compositor removes everything that belonged to it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#socket.close();
    for (const fd of [...this.#receivedFds, ...this.#queuedFds]) fd.close();
    this.#receivedFds.length = 0;
    this.#queuedFds = [];
    this.#queue = [];
  }

  /**
   * As close(), once the compositor has handled what is queued: it has when it answers on `lastId`. It is not waited for longer
   * than `deadlineMs`. No handler is called any more, and nothing else is sent.
   */
  leave(lastId: number, deadlineMs: number): void {
    this.flush();
    if (this.closed) return;
    this.#leaving = true;
    const timer = setTimeout(() => this.close(), deadlineMs);
    this.#handlers = {
      message: ({ objectId }, fds) => {
        for (const fd of fds.splice(0)) fd.close();
        if (objectId !== lastId) return;
        clearTimeout(timer);
        this.close();
      },
      batchEnd: () => {},
      drained: () => {},
      closed: () => clearTimeout(timer),
    };
  }

  #drain(): void {
    try {
      while (this.#queue.length > 0) {
        const bytes = this.#queue[0] as Uint8Array;
        const sent = sendMessage(this.#socket, bytes, this.#queuedFds.slice(0, MAX_FDS_PER_MESSAGE));
        if (sent === "again") {
          this.#setBlocked(true);
          return;
        }
        for (const fd of this.#queuedFds.splice(0, MAX_FDS_PER_MESSAGE)) fd.close();
        this.#queuedBytes -= sent;
        if (sent === bytes.length) this.#queue.shift();
        else this.#queue[0] = bytes.subarray(sent);
      }
      this.#setBlocked(false);
    } catch (error) {
      // The compositor may have said why in an event that is still unread; the read path finds that or the end.
      this.#queue = [];
      this.#queuedBytes = 0;
      this.#readRemaining(VitrineError.from(error));
    }
  }

  #resume(): void {
    const wasCongested = this.congested;
    this.#drain();
    if (wasCongested && !this.congested && !this.#closed) this.#handlers.drained();
  }

  #setBlocked(blocked: boolean): void {
    const waiting = this.#whenCongested === "wait" && this.congested;
    if (this.#blocked === blocked && this.#waiting === waiting) return;
    this.#blocked = blocked;
    this.#waiting = waiting;
    this.#watch.update({ readable: !waiting, writable: blocked });
  }

  #readRemaining(error: VitrineError): void {
    this.#read();
    if (!this.#closed) this.#fail(error);
  }

  #read(): void {
    try {
      for (;;) {
        const received = receiveMessage(this.#socket, this.#readBuffer, MAX_FDS_PER_MESSAGE);
        if (received === "again") return;
        this.#receivedFds.push(...received.fds);
        if (received.length === 0) {
          this.#fail(undefined);
          return;
        }
        this.#reader.push(this.#readBuffer.subarray(0, received.length));
        for (let raw = this.#reader.next(); raw !== undefined && !this.#closed; raw = this.#reader.next()) {
          this.#handlers.message(raw, this.#receivedFds);
        }
        if (this.#closed) return;
        this.#handlers.batchEnd();
        if (this.#closed || this.#waiting || received.length < READ_BYTES) return;
      }
    } catch (error) {
      if (!this.#closed) this.#fail(VitrineError.from(error));
    }
  }

  #fail(error: VitrineError | undefined): void {
    this.close();
    this.#handlers.closed(error);
  }
}

/** Takes the descriptors of one event out of those received; the caller owns them. */
export function takeFds(queue: OwnedFd[], count: number): OwnedFd[] {
  if (queue.length < count)
    throw new VitrineError("protocol", "Cannot follow the compositor: an event lacks its descriptor");
  return queue.splice(0, count);
}
