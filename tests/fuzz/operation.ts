/**
 * What a fuzzed session is made of: operations as plain data, so that a session that found something can be shrunk, kept
 * in a file and done again. An operation names objects by how they are found among those there are, never by their
 * numbers: when others are taken away, it still means something.
 */

/**
 * An object: the one at `pick` (counted round; -1 is the one made last) among the live ones of an interface, among the
 * dead ones, among all; or whatever has an id.
 */
export type Reference =
  | { readonly of: string; readonly pick: number }
  | { readonly dead: number }
  | { readonly any: number }
  | { readonly id: number };

/** What stands for a serial: of the last configure event of the object, of an input event, or none that was given. */
export type SerialKind = "configure" | "input" | "forged";

export type FileKind = "memory" | "short memory" | "pipe" | "closed pipe" | "nothing";

export type Argument =
  | number
  | string
  | null
  | Reference
  /** The name under which the server offers an interface. */
  | { readonly nameOf: string }
  /** A new object; under the next id unless `id` is given. */
  | { readonly make: string; readonly version?: number; readonly id?: number }
  /** So many bytes. */
  | { readonly bytes: number }
  | { readonly serial: SerialKind }
  /** In an app's session a descriptor, in a guest half's a transfer announced before. */
  | { readonly file: FileKind };

/** How the bytes of a message are spoilt. */
export type Spoil =
  | { readonly spoil: "cut" | "grow"; readonly words: number }
  | { readonly spoil: "size" | "opcode"; readonly value: number }
  | { readonly spoil: "word"; readonly at: number; readonly value: number };

export interface RequestOperation {
  readonly do: "request";
  readonly on: Reference;
  readonly name: string;
  readonly args: readonly Argument[];
  readonly spoilt?: Spoil;
}

export type Operation =
  | RequestOperation
  /** A message of the link, from a guest half. */
  | { readonly do: "link"; readonly name: string; readonly args: readonly Argument[]; readonly spoilt?: Spoil }
  /** Bytes as they are, in hexadecimal digits. */
  | { readonly do: "bytes"; readonly hex: string }
  /** Waits until all before has been answered. */
  | { readonly do: "sync" }
  /** What a user does meanwhile. */
  | {
      readonly do: "input";
      readonly what: "move" | "click" | "press" | "release" | "key" | "scroll";
      readonly at: number;
    };

/** A session that is done again: by whom, and what. */
export interface Session {
  readonly by: "app" | "guest" | "stream";
  readonly operations: readonly Operation[];
}
