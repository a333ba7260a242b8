/**
 * Frames as QEMU sends them over a stream: each after its length, 4 bytes with the highest first. Frames that pass go on
 * as they came, several in one piece where they lie together.
 */
import { VitrineError } from "../../base/error.ts";

/** Bytes of a frame: the largest IP packet in Ethernet, as network devices of guests are able to send it. */
export const MAX_FRAME_BYTES = 65_535 + 14;
const LENGTH_BYTES = 4;

export class FrameSplitter {
  readonly #partial = new Uint8Array(LENGTH_BYTES + MAX_FRAME_BYTES);
  #filled = 0;

  /**
   * Takes the next bytes of the stream. `judge` says of each whole frame whether it passes; `emit` gets those that do, with
   * their lengths. Both get views that are valid only during the call. Throws "protocol" for an impossible length.
   */
  push(chunk: Uint8Array, judge: (frame: Uint8Array) => boolean, emit: (bytes: Uint8Array) => void): void {
    let at = this.#complete(chunk, judge, emit);
    let passing = at;
    while (at + LENGTH_BYTES <= chunk.length) {
      const end = at + LENGTH_BYTES + frameLength(chunk, at);
      if (end > chunk.length) break;
      if (!judge(chunk.subarray(at + LENGTH_BYTES, end))) {
        if (passing < at) emit(chunk.subarray(passing, at));
        passing = end;
      }
      at = end;
    }
    if (passing < at) emit(chunk.subarray(passing, at));
    this.#keep(chunk.subarray(at));
  }

  /** Completes the frame that began in an earlier chunk; returns where in `chunk` the next one begins. */
  #complete(chunk: Uint8Array, judge: (frame: Uint8Array) => boolean, emit: (bytes: Uint8Array) => void): number {
    if (this.#filled === 0) return 0;
    const forLength = Math.max(0, LENGTH_BYTES - this.#filled);
    this.#keep(chunk.subarray(0, forLength));
    if (this.#filled < LENGTH_BYTES) return chunk.length;
    const whole = LENGTH_BYTES + frameLength(this.#partial, 0);
    const taken = Math.min(chunk.length, forLength + whole - this.#filled);
    this.#keep(chunk.subarray(Math.min(forLength, chunk.length), taken));
    if (this.#filled < whole) return chunk.length;
    this.#filled = 0;
    if (judge(this.#partial.subarray(LENGTH_BYTES, whole))) emit(this.#partial.subarray(0, whole));
    return taken;
  }

  #keep(bytes: Uint8Array): void {
    this.#partial.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }
}

/** `frame` with its length before it. */
export function withLength(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  bytes.set(frame, LENGTH_BYTES);
  return bytes;
}

function frameLength(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, LENGTH_BYTES).getUint32(0);
  if (length <= MAX_FRAME_BYTES) return length;
  throw new VitrineError(
    "protocol",
    `Cannot read frames: one says that it has ${length} bytes, at most ${MAX_FRAME_BYTES} are wanted`,
  );
}
