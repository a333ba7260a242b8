/** JSON messages on a byte stream: u32 length, big endian, then that many bytes of UTF-8 JSON. */
import { VitrineError } from "../base/error.ts";
import { readUint32, writeUint32 } from "./yamux-frame.ts";

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** `value` as one message. Throws "limit" when its JSON is longer than `maxBytes`. */
export function encodeMessage(value: unknown, maxBytes: number): Uint8Array {
  const body = encoder.encode(JSON.stringify(value));
  if (body.length > maxBytes)
    throw new VitrineError("limit", `Cannot send message of ${body.length} bytes: at most ${maxBytes} wanted`);
  const bytes = new Uint8Array(LENGTH_BYTES + body.length);
  writeUint32(bytes, 0, body.length);
  bytes.set(body, LENGTH_BYTES);
  return bytes;
}

/** Puts messages together from a stream cut anywhere. Holds at most one message and one chunk. */
export class MessageAssembler {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(0);

  /** Messages longer than `maxBytes` are a protocol error. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#bytes.length + chunk.length);
    joined.set(this.#bytes);
    joined.set(chunk, this.#bytes.length);
    this.#bytes = joined;
  }

  /** The next whole message, or undefined when more bytes are needed. Throws the protocol error for what is no message. */
  next(): { value: unknown } | undefined {
    if (this.#bytes.length < LENGTH_BYTES) return undefined;
    const length = readUint32(this.#bytes, 0);
    if (length > this.#maxBytes) {
      throw new VitrineError("protocol", `Cannot take message of ${length} bytes: at most ${this.#maxBytes} wanted`);
    }
    if (this.#bytes.length < LENGTH_BYTES + length) return undefined;
    const body = this.#bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    this.#bytes = this.#bytes.slice(LENGTH_BYTES + length);
    try {
      return { value: JSON.parse(decoder.decode(body)) };
    } catch (cause) {
      throw new VitrineError("protocol", "Cannot read message: it is not JSON", { cause });
    }
  }

  /** Bytes beyond the last message taken. */
  rest(): Uint8Array {
    return this.#bytes;
  }
}
