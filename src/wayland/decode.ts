/** Reads the arguments of a message, strictly (format: wire.ts). */
import type { RawMessage } from "./message-reader.ts";
import type { ArgumentTable, MessageTable, NewId, Value } from "./types.ts";
import { HEADER_BYTES, padded, readInt, readUint, wireError } from "./wire.ts";

/** A byte order mark is text like any other: without ignoreBOM it would be lost. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Where the next argument begins; one for all calls, so that decoding makes no garbage but its result. */
let position = 0;

/**
 * The arguments of `raw`, which the caller knows to be a `message`, in the order of the table (see {@link Value}).
 * Arrays are views of the message and valid as long as it. Throws VitrineError "protocol" unless the bytes are exactly
 * such a message: no byte missing or left over, null only where allowed, text valid UTF-8 without NUL. Ids are not
 * looked up.
 */
export function decode(message: MessageTable, raw: RawMessage): Value[] {
  const { buffer } = raw;
  const end = raw.start + raw.size;
  const args = message.args;
  const values: Value[] = new Array(args.length);
  let fds = 0;
  position = raw.start + HEADER_BYTES;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] as ArgumentTable;
    switch (argument.type) {
      case "int":
      case "fixed":
        values[index] = readInt(buffer, word(message, argument, end));
        break;
      case "uint":
        values[index] = readUint(buffer, word(message, argument, end));
        break;
      case "object":
        values[index] = objectId(message, argument, buffer, end, argument.nullable === true);
        break;
      case "new_id":
        values[index] =
          argument.interface === undefined
            ? newId(message, argument, buffer, end)
            : objectId(message, argument, buffer, end, false);
        break;
      case "string":
        values[index] = text(message, argument, buffer, end);
        break;
      case "array": {
        const length = readUint(buffer, word(message, argument, end));
        const start = block(message, argument, length, end);
        values[index] = buffer.subarray(start, start + length);
        break;
      }
      case "fd":
        values[index] = fds++;
        break;
      default:
        argument.type satisfies never;
    }
  }
  if (position !== end) {
    throw wireError(`reading message "${message.name}" failed: ${end - position} bytes fewer are wanted`);
  }
  return values;
}

function fail(message: MessageTable, argument: ArgumentTable, wanted: string): never {
  throw wireError(`reading argument "${argument.name}" of message "${message.name}" failed: ${wanted} is wanted`);
}

/** Steps over one word and returns where it is. */
function word(message: MessageTable, argument: ArgumentTable, end: number): number {
  const at = position;
  if (end - at < 4) fail(message, argument, "a longer message");
  position = at + 4;
  return at;
}

/** Steps over `length` bytes and their padding and returns where they are. */
function block(message: MessageTable, argument: ArgumentTable, length: number, end: number): number {
  const at = position;
  // The first test keeps absurd lengths from overflowing in the second.
  if (length > end - at || padded(length) > end - at) fail(message, argument, "a longer message");
  position = at + padded(length);
  return at;
}

function objectId(
  message: MessageTable,
  argument: ArgumentTable,
  buffer: Uint8Array,
  end: number,
  nullable: boolean,
): number {
  const id = readUint(buffer, word(message, argument, end));
  if (id === 0 && !nullable) fail(message, argument, "an id other than 0");
  return id;
}

function newId(message: MessageTable, argument: ArgumentTable, buffer: Uint8Array, end: number): NewId {
  const name = text(message, argument, buffer, end);
  if (name === null) fail(message, argument, "the name of an interface");
  const version = readUint(buffer, word(message, argument, end));
  const id = objectId(message, argument, buffer, end, false);
  return { interface: name, version, id };
}

function text(message: MessageTable, argument: ArgumentTable, buffer: Uint8Array, end: number): string | null {
  const length = readUint(buffer, word(message, argument, end));
  if (length === 0) {
    if (argument.nullable !== true) fail(message, argument, "text");
    return null;
  }
  const start = block(message, argument, length, end);
  const last = start + length - 1;
  if (buffer.indexOf(0, start) !== last) fail(message, argument, "text that ends with its only NUL");
  try {
    return utf8.decode(buffer.subarray(start, last));
  } catch {
    return fail(message, argument, "text in UTF-8");
  }
}
