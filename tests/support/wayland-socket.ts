/** One end of a Wayland connection, client or server: whole messages and descriptors over a Unix socket. */
import { VitrineError } from "../../src/base/error.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { type Watch, watch } from "../../src/sys/loop.ts";
import { MAX_FDS_PER_MESSAGE, receiveMessage, sendMessage } from "../../src/sys/socket.ts";
import { MessageReader, type RawMessage } from "../../src/wayland/message-reader.ts";

const READ_BYTES = 64 * 1024;

export interface SocketHandlers {
  /** A message, valid during the call. takeFds() of the socket gives the descriptors that belong to it. */
  message(raw: RawMessage): void;
  /** The connection is over, but not by close(): at its end ("io") or by an error. Called once, nothing after it. */
  ended(error: VitrineError): void;
}

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly fds: readonly OwnedFd[];
}

export class WaylandSocket {
  readonly #socket: OwnedFd;
  readonly #handlers: SocketHandlers;
  readonly #watch: Watch;
  readonly #reader = new MessageReader();
  readonly #readBuffer = new Uint8Array(READ_BYTES);
  readonly #received: OwnedFd[] = [];
  readonly #outgoing: Outgoing[] = [];
  #reading = false;
  #closed = false;

  /** Takes over the connected `socket`. */
  constructor(socket: OwnedFd, handlers: SocketHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#watch = watch(socket, { readable: true }, (ready) => {
      if (ready.writable) this.#flush();
      if (ready.readable || ready.hangup) this.#read();
    });
  }

  /** Sends `bytes`, right or wrong, with duplicates of `fds`; nothing once the connection is over. */
  send(bytes: Uint8Array, fds: readonly OwnedFd[] = []): void {
    if (this.#closed) return;
    this.#outgoing.push({ bytes, fds: fds.map((fd) => fd.dup()) });
    this.#flush();
  }

  /** The next `count` descriptors received; the caller owns them. Throws VitrineError "protocol" when they are fewer. */
  takeFds(count: number): OwnedFd[] {
    if (this.#received.length < count) {
      throw new VitrineError("protocol", `taking ${count} descriptors failed: ${this.#received.length} have come`);
    }
    return this.#received.splice(0, count);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#socket.close();
    for (const fd of [...this.#received, ...this.#outgoing.flatMap((out) => out.fds)]) fd.close();
  }

  #flush(): void {
    try {
      for (let out = this.#outgoing[0]; out !== undefined; out = this.#outgoing[0]) {
        const sent = sendMessage(this.#socket, out.bytes, out.fds);
        if (sent === "again") break;
        for (const fd of out.fds) fd.close();
        if (sent === out.bytes.length) this.#outgoing.shift();
        else this.#outgoing[0] = { bytes: out.bytes.subarray(sent), fds: [] };
      }
      this.#watch.update({ readable: true, writable: this.#outgoing.length > 0 });
    } catch (error) {
      // The peer may have said why before it hung up. A handler that sends is called while that is being read.
      if (this.#reading) return;
      this.#read();
      this.#finish(VitrineError.from(error));
    }
  }

  #read(): void {
    this.#reading = true;
    try {
      while (!this.#closed) {
        const received = receiveMessage(this.#socket, this.#readBuffer, MAX_FDS_PER_MESSAGE);
        if (received === "again") return;
        if (received.length === 0) return this.#finish(new VitrineError("io", "the peer has closed the connection"));
        this.#received.push(...received.fds);
        this.#reader.push(this.#readBuffer.subarray(0, received.length));
        let raw = this.#reader.next();
        for (; raw !== undefined && !this.#closed; raw = this.#reader.next()) this.#handlers.message(raw);
      }
    } catch (error) {
      this.#finish(VitrineError.from(error));
    } finally {
      this.#reading = false;
    }
  }

  #finish(error: VitrineError): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.ended(error);
  }
}
