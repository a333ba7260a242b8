/** What an X program says of its window by properties. All of it may be anything, and missing. */
import type { Insets, Size } from "../wayland/types.ts";
import type { AtomName, Atoms } from "./atoms.ts";

/** Bytes of a property that are read; text behind that is not shown by anybody. */
export const MAX_PROPERTY_BYTES = 16 * 1024;
/** Characters of a window's name or class that are passed on. */
export const MAX_X_NAME_CHARS = 512;
/** Longest side that a window may ask for: coordinates of X have 16 bits. */
const MAX_SIDE = 32_767;

/** WM_HINTS, WM_NORMAL_HINTS and _MOTIF_WM_HINTS: bits of their first words. */
const INPUT_HINT = 1;
const WINDOW_GROUP_HINT = 64;
const MIN_SIZE = 16;
const MAX_SIZE = 32;
const MOTIF_DECORATIONS = 2;

export interface WindowProperties {
  /** _NET_WM_NAME, else WM_NAME. */
  readonly title: string;
  readonly appClass: string;
  /** Another window, the root, or 0. */
  readonly transientFor: number;
  readonly group: number;
  /** It wants the focus given to it. */
  readonly takesInput: boolean;
  readonly protocols: ReadonlySet<number>;
  /** 0: no limit. */
  readonly minSize: Size;
  readonly maxSize: Size;
  readonly wantsTitleBar: boolean;
  readonly types: readonly number[];
  /** _NET_WM_STATE as the program has set it before its window was mapped. */
  readonly states: ReadonlySet<number>;
  /** How much of the window is shadow that it draws itself; undefined: it draws none. */
  readonly shadow: Insets | undefined;
}

/** A property: its type, and its value in units of 8, 16 or 32 bits. */
export interface PropertyValue {
  readonly type: number;
  readonly format: number;
  readonly bytes: Uint8Array;
}

const NO_SIZE: Size = { width: 0, height: 0 };

const NOTHING = {
  netName: undefined as string | undefined,
  name: "",
  appClass: "",
  transientFor: 0,
  group: 0,
  takesInput: true,
  protocols: new Set<number>() as ReadonlySet<number>,
  minSize: NO_SIZE,
  maxSize: NO_SIZE,
  motifTitleBar: true,
  types: [] as readonly number[],
  states: new Set<number>() as ReadonlySet<number>,
  shadow: undefined as Insets | undefined,
};
type Known = typeof NOTHING;

/** How each property is read; undefined: it is not there. */
const READERS = {
  _NET_WM_NAME: (value, atoms) => ({ netName: value && text(value, atoms) }),
  WM_NAME: (value, atoms) => ({ name: value === undefined ? "" : text(value, atoms) }),
  WM_CLASS: (value) => ({ appClass: (value === undefined ? "" : latin1(value.bytes)).split("\0")[1] ?? "" }),
  WM_TRANSIENT_FOR: (value) => ({ transientFor: numbers(value)[0] ?? 0 }),
  WM_HINTS: (value) => {
    const [flags = 0, input = 0, , , , , , , group = 0] = numbers(value);
    return {
      takesInput: (flags & INPUT_HINT) === 0 || input !== 0,
      group: (flags & WINDOW_GROUP_HINT) === 0 ? 0 : group,
    };
  },
  WM_NORMAL_HINTS: (value) => {
    const [flags = 0, , , , , minWidth = 0, minHeight = 0, maxWidth = 0, maxHeight = 0] = numbers(value);
    const minSize = (flags & MIN_SIZE) === 0 ? NO_SIZE : sizeOf(minWidth, minHeight);
    const maxSize = (flags & MAX_SIZE) === 0 ? NO_SIZE : sizeOf(maxWidth, maxHeight);
    // Nonsense would end the connection.
    const isSane = (max: number, min: number) => max === 0 || max >= min;
    const sane = isSane(maxSize.width, minSize.width) && isSane(maxSize.height, minSize.height);
    return { minSize, maxSize: sane ? maxSize : NO_SIZE };
  },
  WM_PROTOCOLS: (value) => ({ protocols: new Set(numbers(value)) }),
  _MOTIF_WM_HINTS: (value) => {
    const [flags = 0, , decorations = 0] = numbers(value);
    return { motifTitleBar: (flags & MOTIF_DECORATIONS) === 0 || decorations !== 0 };
  },
  _NET_WM_WINDOW_TYPE: (value) => ({ types: numbers(value) }),
  _NET_WM_STATE: (value) => ({ states: new Set(numbers(value)) }),
  _GTK_FRAME_EXTENTS: (value) => {
    const [left = 0, right = 0, top = 0, bottom = 0] = numbers(value);
    const isSane = Math.max(left, right, top, bottom) < MAX_SIDE;
    return { shadow: value === undefined || !isSane ? undefined : { left, right, top, bottom } };
  },
} as const satisfies Partial<
  Readonly<Record<AtomName, (value: PropertyValue | undefined, atoms: Atoms) => Partial<Known>>>
>;

export type PropertyName = keyof typeof READERS;
export const PROPERTY_NAMES = Object.keys(READERS) as readonly PropertyName[];

/** What is known of one window, kept up to date. */
export class PropertyRecord {
  readonly #atoms: Atoms;
  #known: Known = NOTHING;

  constructor(atoms: Atoms) {
    this.#atoms = atoms;
  }

  /** The property has this value now, or is gone. */
  set(name: PropertyName, value: PropertyValue | undefined): void {
    this.#known = { ...this.#known, ...READERS[name](value, this.#atoms) };
  }

  get current(): WindowProperties {
    const { netName, name, motifTitleBar, ...rest } = this.#known;
    return { ...rest, title: netName ?? name, wantsTitleBar: motifTitleBar && rest.shadow === undefined };
  }
}

/** Units of 32 bits; none in another format. */
export function numbers(value: PropertyValue | undefined): readonly number[] {
  if (value?.format !== 32) return [];
  const view = new DataView(value.bytes.buffer, value.bytes.byteOffset, value.bytes.byteLength);
  return Array.from({ length: value.bytes.length >> 2 }, (_, index) => view.getUint32(index * 4, true));
}

function text({ type, bytes }: PropertyValue, atoms: Atoms): string {
  const all =
    type === atoms.UTF8_STRING
      ? new TextDecoder().decode(bytes)
      : type === atoms.COMPOUND_TEXT
        ? compoundText(bytes)
        : latin1(bytes);
  return (all.split("\0")[0] ?? "").slice(0, MAX_X_NAME_CHARS).toWellFormed();
}

/** COMPOUND_TEXT: Latin-1, with pieces in UTF-8 between "ESC % G" and "ESC % @". Other character sets are not read. */
function compoundText(bytes: Uint8Array): string {
  const [first = "", ...pieces] = latin1(bytes).split("\u001b%G");
  const read = pieces.map((piece) => {
    const [utf8 = "", ...rest] = piece.split("\u001b%@");
    return Buffer.from(utf8, "latin1").toString("utf8") + rest.join("");
  });
  return first + read.join("");
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1").slice(0, MAX_X_NAME_CHARS);
}

function sizeOf(width: number, height: number): Size {
  return { width: clampSide(width), height: clampSide(height) };
}

function clampSide(side: number): number {
  // Programs say -1, and more, where they mean no limit.
  return side >= MAX_SIDE ? 0 : side;
}
