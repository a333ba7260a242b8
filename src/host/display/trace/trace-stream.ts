/** Sends a trace to its caller. What the caller does not take in time is dropped and counted, never queued without end. */
import type { ByteStream } from "../../../channel/byte-stream.ts";
import { MAX_TRACE_MESSAGE_BYTES, type TraceMessage, type TraceRecord } from "../../../channel/contract/trace.ts";
import { encodeMessage } from "../../../channel/message.ts";

export class TraceStream {
  readonly #stream: ByteStream;
  #blocked = false;
  #dropped = 0;

  /** Takes over `stream`; `onClose` is called once when the caller has gone. */
  constructor(stream: ByteStream, onClose: () => void) {
    this.#stream = stream;
    stream.onDrain(() => this.#drained());
    stream.onData(() => {});
    stream.onEnd(() => stream.end());
    stream.onClose(onClose);
  }

  /** Tells the caller that from now on everything is seen. */
  begin(): void {
    this.#send({ watching: true });
  }

  /** One more message, if the stream takes it: its own high-water mark is the bound. */
  show(record: TraceRecord): void {
    if (this.#blocked) this.#dropped += 1;
    else this.#send(record);
  }

  /** Tells why there is no trace, and ends. */
  refuse(message: string): void {
    this.#send({ refused: message });
    this.#stream.end();
  }

  close(): void {
    this.#stream.end();
  }

  #drained(): void {
    this.#blocked = false;
    if (this.#dropped > 0) this.#send({ dropped: this.#dropped });
    this.#dropped = 0;
  }

  #send(message: TraceMessage): void {
    if (!this.#stream.write(encodeMessage(message, MAX_TRACE_MESSAGE_BYTES))) this.#blocked = true;
  }
}
