/** Many streams over one: yamux (primer in yamux-frame.ts), with a JSON header at the start of every stream. */
import { VitrineError } from "../base/error.ts";
import { taint, type Untrusted } from "../base/untrusted.ts";
import type { ByteStream } from "./byte-stream.ts";
import { encodeMessage, MessageAssembler } from "./message.ts";
import { type FrameSink, MAX_FRAME_BYTES, MuxStream } from "./mux-stream.ts";
import {
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  FrameDecoder,
  type FrameHeader,
  GO_AWAY,
  INITIAL_WINDOW,
  writeHeader,
} from "./yamux-frame.ts";

/** Streams of one mux at a time, both sides together. */
export const MAX_STREAMS = 1024;
/** Bytes of the header at the start of a stream. */
export const MAX_STREAM_HEADER = 4096;
/** How long a new stream may take to tell its header. */
export const STREAM_HEADER_DEADLINE_MS = 10_000;
/** Receive window of a stream: enough that a 4K frame in pieces is not slowed by round trips. */
export const WINDOW_BYTES = 1024 * 1024;
/** How long the other side may take to answer a ping. */
export const PING_DEADLINE_MS = 10_000;
/** Pings of ours under way. */
export const MAX_PINGS = 16;
/** Answers that a peer may provoke while it does not read, after which the link ends. */
export const MAX_BLOCKED_REPLIES = 16_384;

export class Mux implements FrameSink {
  readonly windowBytes = Math.max(WINDOW_BYTES, INITIAL_WINDOW);
  readonly #link: ByteStream;
  readonly #decoder = new FrameDecoder();
  readonly #streams = new Map<number, MuxStream>();
  readonly #gather = new Uint8Array(FRAME_HEADER_BYTES + MAX_FRAME_BYTES);
  readonly #waiting = new Set<MuxStream>();
  readonly #pings = new Map<number, (error?: VitrineError) => void>();
  #onStream: ((stream: MuxStream, header: Untrusted<unknown>) => void) | undefined;
  #onClose: ((error?: VitrineError) => void) | undefined;
  #nextId: number;
  #lastPeerId = 0;
  #nextPing = 1;
  #blocked = false;
  #blockedReplies = 0;
  #closed: { error: VitrineError | undefined } | undefined;

  /** Takes over `link`. The two sides must differ. */
  constructor(link: ByteStream, side: "client" | "server") {
    this.#link = link;
    this.#nextId = side === "client" ? 1 : 2;
    link.onDrain(() => this.#drained());
    link.onData((chunk) => this.#receive(chunk));
    link.onEnd(() => this.#fail(undefined));
    link.onClose((error) => this.#fail(error));
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Opens a stream whose other end gets `header`, which must be fit for JSON and at most MAX_STREAM_HEADER bytes of it. */
  open(header: unknown): MuxStream {
    if (this.#closed !== undefined) throw new VitrineError("unavailable", "Cannot open stream: the link is closed");
    if (this.#streams.size >= MAX_STREAMS)
      throw new VitrineError("limit", `Cannot open stream: ${MAX_STREAMS} are open`);
    const bytes = encodeMessage(header, MAX_STREAM_HEADER);
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = this.#add(new MuxStream(id, this, FLAG.syn));
    stream.write(bytes);
    return stream;
  }

  /** Called for each stream that the other side opens, once its header is there. Without a handler streams are refused. */
  onStream(handler: (stream: MuxStream, header: Untrusted<unknown>) => void): void {
    this.#onStream = handler;
  }

  /** The link is over: undefined after close() on either side, else why. Every stream was closed before. */
  onClose(handler: (error?: VitrineError) => void): void {
    this.#onClose = handler;
    const closed = this.#closed;
    if (closed !== undefined) queueMicrotask(() => handler(closed.error));
  }

  /** Milliseconds to the other side and back. */
  ping(): Promise<number> {
    const start = performance.now();
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined || this.#pings.size >= MAX_PINGS) {
        reject(new VitrineError("unavailable", "Cannot ping: the link is closed, or too many pings are under way"));
        return;
      }
      const value = this.#nextPing++ >>> 0;
      const timer = setTimeout(
        () => settle(new VitrineError("timeout", "Cannot ping: no answer in time")),
        PING_DEADLINE_MS,
      );
      const settle = (error?: VitrineError) => {
        clearTimeout(timer);
        this.#pings.delete(value);
        if (error === undefined) resolve(performance.now() - start);
        else reject(error);
      };
      this.#pings.set(value, settle);
      this.sendFrame(FRAME.ping, FLAG.syn, 0, value);
    });
  }

  /** Ends the link and every stream on it. */
  close(): void {
    if (this.#closed !== undefined) return;
    this.sendFrame(FRAME.goAway, 0, 0, GO_AWAY.normal);
    this.#fail(undefined);
  }

  sendFrame(type: number, flags: number, streamId: number, length: number, payload?: Uint8Array): boolean {
    if (this.#closed !== undefined) return false;
    writeHeader(this.#gather, 0, { type, flags, streamId, length });
    let size = FRAME_HEADER_BYTES;
    if (payload !== undefined) {
      this.#gather.set(payload, size);
      size += payload.length;
    }
    if (!this.#link.write(this.#gather.subarray(0, size))) this.#blocked = true;
    return !this.#blocked;
  }

  waiting(stream: MuxStream): void {
    this.#waiting.add(stream);
  }

  removed(stream: MuxStream): void {
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
  }

  #drained(): void {
    this.#blocked = false;
    this.#blockedReplies = 0;
    // In turn: a stream that is still not done goes to the end of the line.
    for (const stream of [...this.#waiting]) {
      if (this.#blocked) return;
      this.#waiting.delete(stream);
      stream.sendQueued();
    }
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#decoder.push(chunk, {
        frame: (header) => this.#frame(header),
        payload: (streamId, bytes) => this.#streams.get(streamId)?.receive(bytes),
      });
    } catch (error) {
      const failure = VitrineError.from(error);
      const reason = failure.code === "internal" ? GO_AWAY.internalError : GO_AWAY.protocolError;
      this.sendFrame(FRAME.goAway, 0, 0, reason);
      this.#fail(failure);
    }
  }

  #frame(header: FrameHeader): void {
    if (this.#closed !== undefined) return;
    if (header.type === FRAME.ping) return this.#pinged(header);
    if (header.type === FRAME.goAway) {
      const refused = header.length !== GO_AWAY.normal;
      return this.#fail(
        refused ? new VitrineError("protocol", `The other side ended the link: reason ${header.length}`) : undefined,
      );
    }
    if ((header.flags & FLAG.syn) !== 0) this.#accept(header.streamId);
    const stream = this.#streams.get(header.streamId);
    if (stream === undefined) {
      // A stream we closed a moment ago: the peer could not know yet. One that never was is a mistake.
      const known = this.#isOurs(header.streamId)
        ? header.streamId < this.#nextId
        : header.streamId <= this.#lastPeerId;
      if (!known)
        throw new VitrineError("protocol", `Cannot take frame for stream ${header.streamId}: it was never opened`);
      return;
    }
    if (header.type === FRAME.windowUpdate && header.length > 0) stream.grant(header.length);
    if ((header.flags & FLAG.rst) !== 0) {
      stream.close(new VitrineError("io", "The other side closed the stream"));
    } else if ((header.flags & FLAG.fin) !== 0) {
      if (header.type === FRAME.data && header.length > 0) {
        throw new VitrineError(
          "protocol",
          `Cannot take frame for stream ${header.streamId}: data with FIN is not used here`,
        );
      }
      stream.receiveEnd();
    }
  }

  #pinged(header: FrameHeader): void {
    if ((header.flags & FLAG.ack) !== 0) {
      this.#pings.get(header.length)?.();
      return;
    }
    if (!this.sendFrame(FRAME.ping, FLAG.ack, 0, header.length)) {
      this.#blockedReplies += 1;
      if (this.#blockedReplies > MAX_BLOCKED_REPLIES)
        throw new VitrineError("limit", "Cannot answer: the other side does not read");
    }
  }

  #isOurs(streamId: number): boolean {
    return streamId % 2 === this.#nextId % 2;
  }

  #accept(streamId: number): void {
    if (this.#isOurs(streamId) || streamId <= this.#lastPeerId) {
      throw new VitrineError("protocol", `Cannot open stream ${streamId}: the number is not the peer's to use`);
    }
    this.#lastPeerId = streamId;
    const stream = this.#add(new MuxStream(streamId, this, FLAG.ack));
    if (this.#streams.size > MAX_STREAMS || this.#onStream === undefined) {
      stream.destroy();
      return;
    }
    this.#readStreamHeader(stream);
  }

  #add(stream: MuxStream): MuxStream {
    this.#streams.set(stream.id, stream);
    // Its first frame may have found the link lost, when the others were closed and it was not among them yet.
    if (this.#closed !== undefined) stream.close(this.#closed.error ?? linkClosed());
    return stream;
  }

  #readStreamHeader(stream: MuxStream): void {
    const refuse = () => stream.destroy(new VitrineError("protocol", "Cannot accept stream: no proper header came"));
    const timer = setTimeout(refuse, STREAM_HEADER_DEADLINE_MS);
    const assembler = new MessageAssembler(MAX_STREAM_HEADER);
    stream.onClose(() => clearTimeout(timer));
    stream.onData((chunk) => {
      let header: unknown;
      try {
        assembler.push(chunk);
        const message = assembler.next();
        if (message === undefined) return;
        header = message.value;
      } catch {
        refuse();
        return;
      }
      clearTimeout(timer);
      const rest = assembler.rest();
      stream.handOver(rest);
      this.#onStream?.(stream, taint(header));
    });
  }

  #fail(error: VitrineError | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    const lost = error ?? linkClosed();
    for (const stream of [...this.#streams.values()]) stream.close(lost);
    for (const settle of [...this.#pings.values()]) settle(lost);
    this.#link.end();
    this.#link.destroy();
    this.#onClose?.(error);
  }
}

function linkClosed(): VitrineError {
  return new VitrineError("io", "The link was closed");
}
