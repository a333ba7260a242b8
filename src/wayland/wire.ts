/**
 * The Wayland wire format, in short (https://wayland.freedesktop.org/docs/html/ch04.html):
 *
 * 1. A message is a header of two 32-bit words, then its arguments. Word 0: id of the object it is for. Word 1: size of
 *    the whole message in bytes in the upper 16 bits, opcode in the lower. Words are in the byte order of the machine;
 *    here that is always little endian.
 * 2. Every argument fills whole words. int, uint, fixed, object, new_id: one. string: its length with the final NUL (0
 *    says null), then the text, the NUL and padding. array: its length, then the bytes and padding. The receiver skips
 *    padding without looking at it.
 * 3. A new_id whose interface the protocol leaves open is three arguments: string interface, uint version, uint id.
 * 4. fd: nothing in the message; the descriptor travels beside the bytes (SCM_RIGHTS), in the order of the arguments.
 */
import { VitrineError } from "../base/error.ts";

/** Size of the header in bytes. */
export const HEADER_BYTES = 8;

/** Bytes of the longest message: the greatest multiple of 4 that the 16 bits of the size field can say. */
export const MAX_MESSAGE_BYTES = 65_532;

/** Bytes of the longest message that libwayland takes at its default settings: longer ones end the connection. */
export const LIBWAYLAND_MAX_MESSAGE_BYTES = 4096;

/** The one error for bytes or messages that break the wire format. */
export function wireError(message: string): VitrineError {
  return new VitrineError("protocol", message);
}

/** Word at `at`, unsigned. The caller has checked that four bytes are there. */
export function readUint(bytes: Uint8Array, at: number): number {
  return readInt(bytes, at) >>> 0;
}

/** Word at `at`, signed. The caller has checked that four bytes are there. */
export function readInt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** Writes the low 32 bits of `value`. The caller has checked that four bytes are there. */
export function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** `length` rounded up to whole words. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
