/** Operations as bytes. The codec of the product would refuse much of it: this one writes whatever it is given. */
import { LINK_INTERFACE, LINK_OBJECT_ID } from "../../src/channel/contract/display.ts";
import { wl_registry } from "../../src/wayland/generated/wayland.ts";
import { type InterfaceTable, messageByName } from "../../src/wayland/types.ts";
import type { FuzzObject, Model } from "./model.ts";
import type { Argument, FileKind, Operation, Reference, RequestOperation, Spoil } from "./operation.ts";

export interface Encoded {
  readonly bytes: Uint8Array;
  /** Descriptors that go with it, in an app's session. */
  readonly files: readonly FileKind[];
}

type Sent = Extract<Operation, { do: "request" | "link" | "bytes" }>;

const utf8 = new TextEncoder();

/**
 * The bytes of an operation, whose effects the model takes note of. Undefined when it is about an object of which there
 * is none. In a guest half's session every file becomes a transfer, announced before.
 */
export function encodeOperation(operation: Sent, model: Model, by: "app" | "guest half"): Encoded | undefined {
  if (operation.do === "bytes") return { bytes: Uint8Array.fromHex(operation.hex), files: [] };
  if (operation.do === "link") {
    const { bytes } = message(LINK_OBJECT_ID, LINK_INTERFACE, operation, undefined, model);
    return { bytes, files: [] };
  }
  const object = model.resolve(operation.on);
  const id = "id" in operation.on ? operation.on.id : object?.id;
  const table = object?.table ?? wl_registry;
  if (id === undefined) return undefined;
  const encoded = message(id, table, operation, object, model);
  if (by === "app" || encoded.files.length === 0) return encoded;
  const announced = encoded.files.map(() => transfer(++model.lastToken));
  return { bytes: Buffer.concat([...announced, encoded.bytes]), files: [] };
}

function transfer(token: number): Uint8Array {
  const { opcode } = messageByName(LINK_INTERFACE, "requests", "transfer");
  return words(LINK_OBJECT_ID, ((12 << 16) | opcode) >>> 0, token);
}

function message(
  id: number,
  table: InterfaceTable,
  operation: Pick<RequestOperation, "name" | "args" | "spoilt">,
  object: FuzzObject | undefined,
  model: Model,
): Encoded {
  const opcode = table.requests.findIndex((request) => request.name === operation.name);
  const files: FileKind[] = [];
  const parts = operation.args.map((argument) => argumentBytes(argument, object, model, files));
  if (table.requests[opcode]?.destructor && object !== undefined && operation.spoilt === undefined)
    object.alive = false;
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  const bytes = Buffer.concat([words(id, ((size << 16) | (opcode & 0xffff)) >>> 0), ...parts]);
  return { bytes: operation.spoilt === undefined ? bytes : spoil(bytes, operation.spoilt), files };
}

function argumentBytes(
  argument: Argument,
  object: FuzzObject | undefined,
  model: Model,
  files: FileKind[],
): Uint8Array {
  if (argument === null) return words(0);
  if (typeof argument === "number") return words(argument >>> 0);
  if (typeof argument === "string") return block(utf8.encode(`${argument}\0`));
  if ("nameOf" in argument) return words(model.global(argument.nameOf)?.name ?? 0);
  if ("bytes" in argument) return block(new Uint8Array(argument.bytes).fill(0x5a));
  if ("serial" in argument) return words(model.serial(argument.serial, object));
  if ("file" in argument) {
    files.push(argument.file);
    return words();
  }
  if ("make" in argument) {
    const version = argument.version ?? object?.version ?? 1;
    const id = model.make(argument.make, version, argument.id);
    // wl_registry.bind says of what interface and version the object is to be.
    if (argument.version === undefined) return words(id);
    return Buffer.concat([block(utf8.encode(`${argument.make}\0`)), words(version, id)]);
  }
  return words(idOf(argument, model));
}

function idOf(reference: Reference, model: Model): number {
  if ("id" in reference) return reference.id;
  return model.resolve(reference)?.id ?? 0;
}

function spoil(bytes: Buffer, spoilt: Spoil): Uint8Array {
  switch (spoilt.spoil) {
    case "cut":
      return resized(bytes.subarray(0, Math.max(8, bytes.length - 4 * spoilt.words)));
    case "grow":
      return resized(Buffer.concat([bytes, new Uint8Array(4 * spoilt.words)]));
    case "size":
      bytes.writeUInt16LE(spoilt.value & 0xffff, 6);
      return bytes;
    case "opcode":
      bytes.writeUInt16LE(spoilt.value & 0xffff, 4);
      return bytes;
    case "word":
      if (bytes.length > 8) bytes.writeUInt32LE(spoilt.value >>> 0, 8 + 4 * (spoilt.at % ((bytes.length - 8) >> 2)));
      return bytes;
    default:
      return spoilt satisfies never;
  }
}

/** With the size in the header that it has by now. */
function resized(bytes: Buffer): Buffer {
  bytes.writeUInt16LE(Math.min(bytes.length, 0xfffc), 6);
  return bytes;
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

/** A length, that many bytes, and padding. */
function block(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + ((content.length + 3) & ~3));
  bytes.set(words(content.length));
  bytes.set(content, 4);
  return bytes;
}
