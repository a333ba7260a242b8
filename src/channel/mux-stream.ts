/** One stream of a mux: flow control and half-close. The mux gives it frames and sends what it hands over. */
import { VitrineError } from "../base/error.ts";
import { type ByteStream, HIGH_WATER_BYTES, MAX_QUEUED_BYTES } from "./byte-stream.ts";
import { FLAG, FRAME, INITIAL_WINDOW } from "./yamux-frame.ts";

/** Payload of one data frame: small enough that a bulk stream does not hold up the others. */
export const MAX_FRAME_BYTES = 64 * 1024;

/** What a stream needs of its mux. */
export interface FrameSink {
  /** Sends a frame now; false when the link wants no more for the moment. */
  sendFrame(type: number, flags: number, streamId: number, length: number, payload?: Uint8Array): boolean;
  /** True while the link takes no data. */
  readonly blocked: boolean;
  /** The stream has data that the link did not take; call its sendQueued() when the link is free. */
  waiting(stream: MuxStream): void;
  /** The stream is over. */
  removed(stream: MuxStream): void;
  /** Receive window of every stream in bytes. */
  readonly windowBytes: number;
}

export class MuxStream implements ByteStream {
  readonly id: number;
  readonly #mux: FrameSink;
  #onData: ((chunk: Uint8Array) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onClose: ((error: VitrineError | undefined) => void) | undefined;
  // Sending.
  #firstFlags: number;
  #sendWindow = INITIAL_WINDOW;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #wantsDrain = false;
  #writeState: "open" | "ending" | "ended" = "open";
  // Receiving.
  #receiveWindow = INITIAL_WINDOW;
  #uncredited = 0;
  #kept: Uint8Array[] = [];
  #paused = false;
  #readState: "open" | "ending" | "ended" = "open";
  #closed: { error: VitrineError | undefined } | undefined;

  /** `firstFlags`: SYN or ACK, sent with the stream's first frame. */
  constructor(id: number, mux: FrameSink, firstFlags: number) {
    this.id = id;
    this.#mux = mux;
    this.#firstFlags = firstFlags;
    // The first frame also raises the window from the specification's to ours.
    this.#credit(mux.windowBytes - INITIAL_WINDOW);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed !== undefined || this.#writeState !== "open") return true;
    const sent = this.#queue.length === 0 ? this.#send(bytes) : 0;
    if (sent < bytes.length) {
      this.#queue.push(bytes.slice(sent));
      this.#queued += bytes.length - sent;
      if (this.#queued > MAX_QUEUED_BYTES) {
        this.destroy(
          new VitrineError("limit", `Cannot queue ${this.#queued} bytes: at most ${MAX_QUEUED_BYTES} wanted`),
        );
        return true;
      }
    }
    this.#wantsDrain ||= this.#queued >= HIGH_WATER_BYTES;
    return !this.#wantsDrain;
  }

  onData(handler: (chunk: Uint8Array) => void): void {
    this.#onData = handler;
    queueMicrotask(() => this.#deliverKept());
  }

  onDrain(handler: () => void): void {
    this.#onDrain = handler;
  }

  onEnd(handler: () => void): void {
    this.#onEnd = handler;
    queueMicrotask(() => this.#deliverKept());
  }

  onClose(handler: (error: VitrineError | undefined) => void): void {
    this.#onClose = handler;
    const closed = this.#closed;
    if (closed !== undefined) queueMicrotask(() => handler(closed.error));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => this.#deliverKept());
  }

  end(): void {
    if (this.#closed !== undefined || this.#writeState !== "open") return;
    this.#writeState = "ending";
    if (this.#queue.length === 0) this.#sendEnd();
  }

  destroy(error?: VitrineError): void {
    if (this.#closed !== undefined) return;
    this.#mux.sendFrame(FRAME.windowUpdate, FLAG.rst, this.id, 0);
    this.close(error);
  }

  /** Ends the stream without telling the peer: the mux has heard RST, or is lost. */
  close(error: VitrineError | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    this.#queue = [];
    this.#kept = [];
    this.#mux.removed(this);
    this.#onClose?.(error);
  }

  /** Bytes of a data frame arrived. Throws the protocol error when the peer had no window for them. */
  receive(bytes: Uint8Array): void {
    if (this.#readState !== "open")
      throw new VitrineError("protocol", `Cannot take data of stream ${this.id}: it had ended`);
    if (bytes.length > this.#receiveWindow) {
      throw new VitrineError(
        "protocol",
        `Cannot take data of stream ${this.id}: ${bytes.length} bytes exceed the window`,
      );
    }
    this.#receiveWindow -= bytes.length;
    if (this.#onData !== undefined && !this.#paused && this.#kept.length === 0) this.#deliver(bytes);
    else this.#kept.push(bytes.slice());
  }

  /** Puts bytes back that were given to a handler which is now done; the next handler gets them first. */
  handOver(bytes: Uint8Array): void {
    this.#onData = undefined;
    this.#onClose = undefined;
    this.#uncredited -= bytes.length;
    if (bytes.length > 0) this.#kept.unshift(bytes);
  }

  /** The peer granted `bytes` more. */
  grant(bytes: number): void {
    this.#sendWindow += bytes;
    if (this.#sendWindow > 0xffffffff)
      throw new VitrineError("protocol", `Cannot widen the window of stream ${this.id}: too wide`);
    if (this.#queue.length > 0) this.sendQueued();
  }

  /** The peer will send no more. */
  receiveEnd(): void {
    if (this.#readState !== "open") return;
    this.#readState = "ending";
    this.#deliverKept();
  }

  /** Sends what is queued as far as window and link allow. Returns false while more waits for the link. */
  sendQueued(): boolean {
    while (this.#queue.length > 0) {
      const bytes = this.#queue[0] as Uint8Array;
      const sent = this.#send(bytes);
      this.#queued -= sent;
      if (sent < bytes.length) {
        this.#queue[0] = bytes.subarray(sent);
        break;
      }
      this.#queue.shift();
    }
    if (this.#queue.length === 0 && this.#writeState === "ending") this.#sendEnd();
    if (this.#wantsDrain && this.#queued < HIGH_WATER_BYTES / 2 && this.#closed === undefined) {
      this.#wantsDrain = false;
      this.#onDrain?.();
    }
    return this.#queue.length === 0 || this.#sendWindow === 0;
  }

  /** Sends of `bytes` what may go now; returns how many went. One frame at a time while others wait for the link too. */
  #send(bytes: Uint8Array): number {
    let sent = 0;
    while (sent < bytes.length && this.#sendWindow > 0) {
      if (this.#mux.blocked) {
        this.#mux.waiting(this);
        break;
      }
      const piece = bytes.subarray(sent, sent + Math.min(MAX_FRAME_BYTES, this.#sendWindow));
      this.#sendWindow -= piece.length;
      sent += piece.length;
      this.#frame(FRAME.data, 0, piece.length, piece);
    }
    return sent;
  }

  #sendEnd(): void {
    this.#writeState = "ended";
    this.#frame(FRAME.windowUpdate, FLAG.fin, 0);
    this.#closeWhenDone();
  }

  #credit(bytes: number): void {
    if (bytes <= 0 && this.#firstFlags === 0) return;
    this.#receiveWindow += bytes;
    this.#frame(FRAME.windowUpdate, 0, bytes);
  }

  #frame(type: number, flags: number, length: number, payload?: Uint8Array): void {
    const first = this.#firstFlags;
    this.#firstFlags = 0;
    this.#mux.sendFrame(type, flags | first, this.id, length, payload);
  }

  /** Window is given back when the bytes have been used, so a reader who stops stops the writer. */
  #deliver(bytes: Uint8Array): void {
    this.#onData?.(bytes);
    this.#uncredited += bytes.length;
    if (this.#uncredited < this.#mux.windowBytes / 2 || this.#closed !== undefined || this.#readState !== "open")
      return;
    const credit = this.#uncredited;
    this.#uncredited = 0;
    this.#credit(credit);
  }

  #deliverKept(): void {
    while (this.#kept.length > 0 && this.#onData !== undefined && !this.#paused && this.#closed === undefined) {
      this.#deliver(this.#kept.shift() as Uint8Array);
    }
    if (
      this.#kept.length > 0 ||
      this.#readState !== "ending" ||
      this.#onEnd === undefined ||
      this.#closed !== undefined
    )
      return;
    this.#readState = "ended";
    this.#onEnd();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#writeState === "ended" && this.#readState === "ended") this.close(undefined);
  }
}
