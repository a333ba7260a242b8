/**
 * The shape of the protocol tables (generated/*.ts, written by tools/scanner) and of decoded arguments.
 *
 * 1. An interface has requests (client to server) and events (server to client). The place of a message in its array is
 *    its opcode; both arrays count from 0.
 * 2. Interfaces name each other by string: a table file can be imported alone, and whoever needs to follow a name keeps
 *    a map of the interfaces it allows.
 */
import { VitrineError } from "../base/error.ts";

export type ArgumentType = "int" | "uint" | "fixed" | "string" | "object" | "new_id" | "array" | "fd";

export interface ArgumentTable {
  readonly name: string;
  readonly type: ArgumentType;
  /** Of "object" and "new_id": what the object is. A new_id without it carries the name and version on the wire. */
  readonly interface?: string;
  /** Of "object" and "string": null is allowed. */
  readonly nullable?: true;
  /** The enum that gives the values their meaning: "name" of the same interface, or "interface.name". */
  readonly enum?: string;
}

export interface MessageTable {
  readonly name: string;
  /** Version of the interface that brought the message. */
  readonly since: number;
  /** The object is gone after the message. */
  readonly destructor?: true;
  readonly args: readonly ArgumentTable[];
}

export interface EnumTable {
  /** Values are or-ed together. */
  readonly bitfield?: true;
  /** Version of the interface that brought the enum, when that is not 1. */
  readonly since?: number;
  readonly entries: Readonly<Record<string, number>>;
  /** Version that brought an entry, for those entries that came later than the enum. */
  readonly entriesSince?: Readonly<Record<string, number>>;
}

export interface InterfaceTable {
  readonly name: string;
  readonly version: number;
  readonly requests: readonly MessageTable[];
  readonly events: readonly MessageTable[];
  readonly enums: Readonly<Record<string, EnumTable>>;
}

/** A new_id argument whose interface is chosen by the sender (wl_registry.bind). */
export interface NewId {
  readonly interface: string;
  readonly version: number;
  readonly id: number;
}

/**
 * An argument, one for each entry of MessageTable.args:
 * int, uint: the number. fixed: the raw signed 24.8 number (see fixed.ts). string: text, or null. array: bytes.
 * object: an id, 0 for null. new_id: an id, or NewId where the table names no interface.
 * fd: which descriptor of the message it is, counted from 0; the descriptors themselves travel beside the bytes.
 */
export type Value = number | string | null | Uint8Array | NewId;

export interface NamedMessage {
  readonly opcode: number;
  readonly message: MessageTable;
}

/** Looks a message up by name. Throws VitrineError "internal" when the interface has none of that name. */
export function messageByName(table: InterfaceTable, direction: "requests" | "events", name: string): NamedMessage {
  const messages = table[direction];
  for (let opcode = 0; opcode < messages.length; opcode++) {
    const message = messages[opcode];
    if (message !== undefined && message.name === name) return { opcode, message };
  }
  throw new VitrineError("internal", `looking up "${table.name}.${name}" failed: one of its ${direction} is wanted`);
}

/** How many descriptors travel with the message. */
export function fdCount(message: MessageTable): number {
  let count = 0;
  for (const argument of message.args) if (argument.type === "fd") count++;
  return count;
}
