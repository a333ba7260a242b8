/** Writes messages (format: wire.ts) into one growing buffer. */
import { VitrineError } from "../base/error.ts";
import type { ArgumentTable, MessageTable, NewId, Value } from "./types.ts";
import { HEADER_BYTES, MAX_MESSAGE_BYTES, padded, wireError, writeWord } from "./wire.ts";

const INITIAL_BYTES = 4096;
/** take() hands buffers over whole from this size on; below, a copy is cheaper than a new buffer. */
const HAND_OVER_BYTES = 16 * 1024;
/** A character of a string has at most this many bytes in UTF-8 (surrogate pairs have 4 for two characters). */
const MAX_BYTES_PER_CHARACTER = 3;

const MIN_INT = -0x8000_0000;
const MAX_INT = 0x7fff_ffff;
const MAX_UINT = 0xffff_ffff;
const MAX_OPCODE = 0xffff;

const utf8 = new TextEncoder();

/** Outgoing messages, gathered until take(). A message that is refused leaves what was gathered before as it was. */
export class MessageWriter {
  readonly #maxMessageBytes: number;
  #buffer = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  /** `maxMessageBytes`: longer messages are refused. LIBWAYLAND_MAX_MESSAGE_BYTES suits a peer that uses libwayland. */
  constructor(options: { readonly maxMessageBytes?: number } = {}) {
    this.#maxMessageBytes = Math.min(options.maxMessageBytes ?? MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);
  }

  /** Bytes gathered. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends a message; `args` as {@link Value} says (what stands for a descriptor is ignored). Throws VitrineError
   * "invalid-argument" for a value that the argument's type does not have, "protocol" when the message gets too long.
   */
  append(objectId: number, opcode: number, message: MessageTable, args: readonly Value[]): void {
    const start = this.#length;
    try {
      this.#write(start, objectId, opcode, message, args);
    } catch (error) {
      this.#length = start;
      throw error;
    }
  }

  /** Appends a whole message, header included, as it is. */
  appendRaw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** All that was gathered; the caller owns it, and the writer starts anew. */
  take(): Uint8Array {
    const length = this.#length;
    this.#length = 0;
    if (length < HAND_OVER_BYTES) return this.#buffer.slice(0, length);
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = new Uint8Array(INITIAL_BYTES);
    return taken;
  }

  #write(start: number, objectId: number, opcode: number, message: MessageTable, args: readonly Value[]): void {
    const expected = message.args;
    if (args.length !== expected.length) {
      throw new VitrineError(
        "invalid-argument",
        `writing message "${message.name}" with ${args.length} arguments failed: ${expected.length} are wanted`,
      );
    }
    if (!isWithin(objectId, 0, MAX_UINT) || !isWithin(opcode, 0, MAX_OPCODE)) {
      throw new VitrineError(
        "invalid-argument",
        `writing message "${message.name}" failed: object "${objectId}" and opcode "${opcode}" in range are wanted`,
      );
    }
    this.#reserve(HEADER_BYTES);
    for (let index = 0; index < expected.length; index++) {
      this.#writeArgument(start, message, expected[index] as ArgumentTable, args[index] as Value);
    }
    const size = this.#length - start;
    this.#checkSize(message, size);
    writeWord(this.#buffer, start, objectId);
    writeWord(this.#buffer, start + 4, (size << 16) | opcode);
  }

  #writeArgument(start: number, message: MessageTable, argument: ArgumentTable, value: Value): void {
    switch (argument.type) {
      case "int":
      case "fixed":
        if (!isWithin(value, MIN_INT, MAX_INT)) refuse(message, argument, value, "an integer of 32 bits");
        this.#writeWord(value);
        break;
      case "uint":
        if (!isWithin(value, 0, MAX_UINT)) refuse(message, argument, value, "an unsigned integer of 32 bits");
        this.#writeWord(value);
        break;
      case "object":
        this.#writeId(message, argument, value, argument.nullable === true ? 0 : 1);
        break;
      case "new_id":
        if (argument.interface !== undefined) this.#writeId(message, argument, value, 1);
        else if (isNewId(value)) this.#writeNewId(start, message, argument, value);
        else refuse(message, argument, value, "an object of interface, version and id");
        break;
      case "string":
        if (value === null && argument.nullable === true) this.#writeWord(0);
        else this.#writeText(start, message, argument, value);
        break;
      case "array":
        if (!(value instanceof Uint8Array)) refuse(message, argument, value, "an array of bytes");
        this.#checkSize(message, this.#length - start + 4 + padded(value.length));
        this.#writeWord(value.length);
        this.#writeBlock(value);
        break;
      case "fd":
        break;
      default:
        argument.type satisfies never;
    }
  }

  #writeId(message: MessageTable, argument: ArgumentTable, value: Value, least: number): void {
    if (!isWithin(value, least, MAX_UINT)) refuse(message, argument, value, `an id from ${least} on`);
    this.#writeWord(value);
  }

  #writeNewId(start: number, message: MessageTable, argument: ArgumentTable, value: NewId): void {
    this.#writeText(start, message, argument, value.interface);
    if (!isWithin(value.version, 0, MAX_UINT)) refuse(message, argument, value.version, "an unsigned version");
    this.#writeWord(value.version);
    this.#writeId(message, argument, value.id, 1);
  }

  #writeText(start: number, message: MessageTable, argument: ArgumentTable, value: Value): void {
    if (typeof value !== "string") refuse(message, argument, value, "text");
    // Before any work for text that is too long however it is encoded.
    this.#checkSize(message, this.#length - start + 4 + padded(value.length + 1));
    if (value.includes("\0") || !value.isWellFormed()) refuse(message, argument, value, "well-formed text without NUL");
    const at = this.#reserve(4 + padded(value.length * MAX_BYTES_PER_CHARACTER + 1));
    const { written } = utf8.encodeInto(value, this.#buffer.subarray(at + 4));
    writeWord(this.#buffer, at, written + 1);
    this.#length = at + 4 + padded(written + 1);
    this.#buffer.fill(0, at + 4 + written, this.#length);
    this.#checkSize(message, this.#length - start);
  }

  #writeWord(value: number): void {
    const at = this.#reserve(4);
    writeWord(this.#buffer, at, value);
  }

  #writeBlock(bytes: Uint8Array): void {
    const at = this.#reserve(padded(bytes.length));
    this.#buffer.set(bytes, at);
    this.#buffer.fill(0, at + bytes.length, this.#length);
  }

  /** Room for `count` bytes; returns where it is. The buffer may be another one afterwards. */
  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
    }
    this.#length = needed;
    return at;
  }

  #checkSize(message: MessageTable, size: number): void {
    if (size <= this.#maxMessageBytes) return;
    throw wireError(
      `writing message "${message.name}" of "${size}" bytes failed: at most ${this.#maxMessageBytes} are wanted`,
    );
  }
}

/** One message alone; see {@link MessageWriter.append}. */
export function encode(objectId: number, opcode: number, message: MessageTable, args: readonly Value[]): Uint8Array {
  const writer = new MessageWriter();
  writer.append(objectId, opcode, message, args);
  return writer.take();
}

function isWithin(value: Value, least: number, greatest: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= greatest;
}

function isNewId(value: Value): value is NewId {
  return typeof value === "object" && value !== null && "interface" in value;
}

function refuse(message: MessageTable, argument: ArgumentTable, value: Value, wanted: string): never {
  // Text may come from a guest and is not repeated.
  const shown = typeof value === "number" ? String(value) : value === null ? "null" : typeof value;
  throw new VitrineError(
    "invalid-argument",
    `writing argument "${argument.name}" of message "${message.name}" with "${shown}" failed: ${wanted} is wanted`,
  );
}
