/**
 * Cuts what an X server sends into its packets: the answer to the setup, then errors, events and replies, each of 32 bytes;
 * replies and generic events may be longer and say by how many words.
 */
import { xError } from "./layout.ts";
import { SETUP_HEADER_BYTES, setupSize } from "./setup.ts";

const PACKET_BYTES = 32;
const REPLY = 1;
const GENERIC_EVENT = 35;
const SENT = 0x80;
/** Bytes of one packet. The longest that is asked for is a piece of a selection, see selections/limits.ts. */
export const MAX_X_PACKET_BYTES = 1024 * 1024;

const NOTHING = new Uint8Array(0);

/** Give it each chunk with push(), then call next() until it returns undefined. What next() returns is a copy. */
export class PacketReader {
  #bytes: Uint8Array = NOTHING;
  #isSetUp = false;

  push(chunk: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + chunk.length);
    all.set(this.#bytes);
    all.set(chunk, this.#bytes.length);
    this.#bytes = all;
  }

  /** The next whole packet. Throws VitrineError "protocol" for one that is longer than any that was asked for. */
  next(): Uint8Array | undefined {
    const size = this.#nextSize();
    if (size !== undefined && size > MAX_X_PACKET_BYTES) throw xError(`a packet of ${size} bytes is too long`);
    if (size === undefined || this.#bytes.length < size) return undefined;
    const packet = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    this.#isSetUp = true;
    return packet;
  }

  #nextSize(): number | undefined {
    const bytes = this.#bytes;
    if (!this.#isSetUp) return bytes.length < SETUP_HEADER_BYTES ? undefined : setupSize(bytes);
    if (bytes.length < PACKET_BYTES) return undefined;
    const [code = 0] = bytes;
    if (code !== REPLY && (code & ~SENT) !== GENERIC_EVENT) return PACKET_BYTES;
    return PACKET_BYTES + 4 * new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  }
}
