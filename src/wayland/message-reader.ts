/** Cuts a stream of bytes, however it was split, into whole messages (format: wire.ts). */
import { VitrineError } from "../base/error.ts";
import { HEADER_BYTES, MAX_MESSAGE_BYTES, readUint, wireError } from "./wire.ts";

/** One whole message, its arguments not looked at yet. Valid until the next push() of its reader. */
export class RawMessage {
  readonly objectId: number;
  readonly opcode: number;
  /** Bytes of the whole message, header included. */
  readonly size: number;
  /** Where the message is: from `start` of `buffer`. */
  readonly buffer: Uint8Array;
  readonly start: number;

  constructor(buffer: Uint8Array, start: number, size: number) {
    this.objectId = readUint(buffer, start);
    this.opcode = (buffer[start + 4] as number) | ((buffer[start + 5] as number) << 8);
    this.size = size;
    this.buffer = buffer;
    this.start = start;
  }

  /** The whole message, header included: a view, not a copy. */
  get bytes(): Uint8Array {
    return this.buffer.subarray(this.start, this.start + this.size);
  }
}

const NOTHING = new Uint8Array(0);

/**
 * Give it each chunk with push(), then call next() until it returns undefined; only then may the memory of the chunk be
 * used for something else. Messages that lie whole in a chunk are not copied. Holds at most the chunk and the beginning
 * of one message. Bytes that cannot be a message throw VitrineError "protocol", then and at every later next().
 */
export class MessageReader {
  #chunk: Uint8Array = NOTHING;
  #position = 0;
  /** Beginning of a message that earlier chunks did not complete; as long as the message once that is known. */
  #partial: Uint8Array = NOTHING;
  #partialLength = 0;
  #broken: VitrineError | undefined;

  /** Takes the next chunk. Throws VitrineError "internal" when the one before has not been read to its end. */
  push(chunk: Uint8Array): void {
    if (this.#position < this.#chunk.length && this.#broken === undefined) {
      throw new VitrineError("internal", "taking the next chunk failed: next() must have returned undefined before");
    }
    this.#chunk = chunk;
    this.#position = 0;
  }

  /** The next whole message, or undefined when more bytes are needed. */
  next(): RawMessage | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#partialLength > 0) return this.#complete();
    const start = this.#position;
    const rest = this.#chunk.length - start;
    if (rest >= HEADER_BYTES) {
      const size = this.#sizeAt(this.#chunk, start);
      if (rest >= size) {
        this.#position = start + size;
        return new RawMessage(this.#chunk, start, size);
      }
      this.#keep(size);
    } else if (rest > 0) {
      this.#keep(HEADER_BYTES);
    } else {
      this.#chunk = NOTHING;
      this.#position = 0;
    }
    return undefined;
  }

  /** True when the stream may end here: no message has begun that is not complete. */
  get atMessageEnd(): boolean {
    return this.#partialLength === 0 && this.#position === this.#chunk.length;
  }

  /** Keeps the rest of the chunk as the beginning of something `wanted` bytes long. */
  #keep(wanted: number): void {
    this.#partial = new Uint8Array(wanted);
    this.#fill(wanted);
  }

  /** Moves bytes from the chunk to the partial message until that has `wanted` bytes; false when the chunk ends before. */
  #fill(wanted: number): boolean {
    const taken = Math.min(wanted - this.#partialLength, this.#chunk.length - this.#position);
    this.#partial.set(this.#chunk.subarray(this.#position, this.#position + taken), this.#partialLength);
    this.#position += taken;
    this.#partialLength += taken;
    return this.#partialLength === wanted;
  }

  #complete(): RawMessage | undefined {
    if (this.#partialLength < HEADER_BYTES && !this.#fill(HEADER_BYTES)) return undefined;
    const size = this.#sizeAt(this.#partial, 0);
    if (this.#partial.length < size) {
      const header = this.#partial;
      this.#partial = new Uint8Array(size);
      this.#partial.set(header);
    }
    if (!this.#fill(size)) return undefined;
    this.#partialLength = 0;
    return new RawMessage(this.#partial, 0, size);
  }

  #sizeAt(bytes: Uint8Array, at: number): number {
    const size = (bytes[at + 6] as number) | ((bytes[at + 7] as number) << 8);
    if (size >= HEADER_BYTES && size <= MAX_MESSAGE_BYTES && (size & 3) === 0) return size;
    this.#broken = wireError(
      `reading a message of "${size}" bytes failed: a multiple of 4 from ${HEADER_BYTES} to ${MAX_MESSAGE_BYTES} is wanted`,
    );
    throw this.#broken;
  }
}
