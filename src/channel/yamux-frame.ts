/**
 * yamux frames (specification: hashicorp/yamux, spec.md, version 0), in short:
 *
 *   header, 12 bytes, big endian:  version u8 (0) | type u8 | flags u16 | stream id u32 | length u32
 *
 * 1. Data (0): `length` bytes follow. WindowUpdate (1): `length` more bytes may be sent on the stream. Ping (2): `length`
 *    is an opaque value, answered with ACK. GoAway (3): `length` is a reason, the session ends.
 * 2. SYN opens a stream and goes with its first Data or WindowUpdate, ACK accepts it, FIN half-closes, RST closes at once.
 * 3. The client uses odd stream ids, the server even ones, upwards; 0 is the session (Ping, GoAway).
 * 4. Each side may have INITIAL_WINDOW bytes of a stream under way until the other side grants more.
 */
import { VitrineError } from "../base/error.ts";

/** Bytes of a frame header, by the specification. */
export const FRAME_HEADER_BYTES = 12;
/** Bytes that may be under way on a fresh stream, by the specification. */
export const INITIAL_WINDOW = 256 * 1024;

export const FRAME = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const;
export const FLAG = { syn: 1, ack: 2, fin: 4, rst: 8 } as const;
export const GO_AWAY = { normal: 0, protocolError: 1, internalError: 2 } as const;
const KNOWN_FLAGS = 0xf;

export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly length: number;
}

/** Writes a header at `at`. */
export function writeHeader(into: Uint8Array, at: number, header: FrameHeader): void {
  into[at] = 0;
  into[at + 1] = header.type;
  into[at + 2] = header.flags >>> 8;
  into[at + 3] = header.flags;
  writeUint32(into, at + 4, header.streamId);
  writeUint32(into, at + 8, header.length);
}

/** Reads and checks the header at the start of `bytes` (12 bytes); throws the protocol error for what is none. */
export function readHeader(bytes: Uint8Array): FrameHeader {
  const [version, type] = bytes as unknown as [number, number];
  const flags = ((bytes[2] as number) << 8) | (bytes[3] as number);
  const streamId = readUint32(bytes, 4);
  if (version !== 0) throw malformed(`version ${version}`);
  if (type > FRAME.goAway) throw malformed(`type ${type}`);
  if ((flags & ~KNOWN_FLAGS) !== 0) throw malformed(`flags ${flags}`);
  if ((streamId === 0) !== type >= FRAME.ping) throw malformed(`stream ${streamId} in a frame of type ${type}`);
  return { type, flags, streamId, length: readUint32(bytes, 8) };
}

export function writeUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = bytes.subarray(at, at + 4) as unknown as [number, number, number, number];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function malformed(what: string): VitrineError {
  return new VitrineError("protocol", `Cannot read frame: ${what} is not of this protocol`);
}

/** Takes frames out of a byte stream however it is cut. Payload is handed on as it comes, without being gathered. */
export class FrameDecoder {
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerFill = 0;
  #current: FrameHeader | undefined;
  #remaining = 0;

  /** `frame` is called when a header is complete, `payload` for each piece of a data frame's bytes. */
  push(
    chunk: Uint8Array,
    on: { frame(header: FrameHeader): void; payload(streamId: number, bytes: Uint8Array): void },
  ): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#current !== undefined) {
        const piece = chunk.subarray(at, at + this.#remaining);
        at += piece.length;
        this.#remaining -= piece.length;
        const { streamId } = this.#current;
        if (this.#remaining === 0) this.#current = undefined;
        on.payload(streamId, piece);
        continue;
      }
      const part = chunk.subarray(at, at + FRAME_HEADER_BYTES - this.#headerFill);
      this.#header.set(part, this.#headerFill);
      this.#headerFill += part.length;
      at += part.length;
      if (this.#headerFill < FRAME_HEADER_BYTES) return;
      this.#headerFill = 0;
      const header = readHeader(this.#header);
      if (header.type === FRAME.data && header.length > 0) {
        this.#current = header;
        this.#remaining = header.length;
      }
      on.frame(header);
    }
  }
}
