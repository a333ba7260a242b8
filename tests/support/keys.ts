/** Keys of the us layout: evdev codes (linux/input-event-codes.h) by xkb key name, and how to type characters. */
import { VitrineError } from "../../src/base/error.ts";

/** The rows of letters, digits and signs: unshifted, shifted, and the code of the first key. */
const ROWS: readonly (readonly [string, string, number])[] = [
  ["1234567890-=", "!@#$%^&*()_+", 2],
  ["qwertyuiop[]", "QWERTYUIOP{}", 16],
  ["asdfghjkl;'`", 'ASDFGHJKL:"~', 30],
  ["\\zxcvbnm,./", "|ZXCVBNM<>?", 43],
  [" ", " ", 57],
  ["\n", "\n", 28],
  ["\t", "\t", 15],
];

const NAMED: Readonly<Record<string, number>> = {
  Escape: 1,
  BackSpace: 14,
  Tab: 15,
  Return: 28,
  Control_L: 29,
  Shift_L: 42,
  Alt_L: 56,
  space: 57,
  F1: 59,
  F2: 60,
  F3: 61,
  F4: 62,
  F5: 63,
  F6: 64,
  F7: 65,
  F8: 66,
  F9: 67,
  F10: 68,
  F11: 87,
  F12: 88,
  KP_Enter: 96,
  Home: 102,
  Up: 103,
  Prior: 104,
  Left: 105,
  Right: 106,
  End: 107,
  Down: 108,
  Next: 109,
  Insert: 110,
  Delete: 111,
  Super_L: 125,
  Menu: 127,
};

export type Modifier = "shift" | "control" | "alt" | "super";

/** Key and bit (of the standard xkb modifier map) of each modifier. */
export const MODIFIERS: Readonly<Record<Modifier, { code: number; bit: number }>> = {
  shift: { code: 42, bit: 1 },
  control: { code: 29, bit: 4 },
  alt: { code: 56, bit: 8 },
  super: { code: 125, bit: 64 },
};

/** A keymap of one layout or several ("us+de:2"), compiled by the compositor from its own keyboard data. */
export function keymapOf(layouts: string): string {
  return `xkb_keymap {
  xkb_keycodes { include "evdev+aliases(qwerty)" };
  xkb_types { include "complete" };
  xkb_compat { include "complete" };
  xkb_symbols { include "pc+${layouts}+inet(evdev)" };
};
`;
}

export interface Stroke {
  readonly code: number;
  readonly shift: boolean;
}

const CHARACTERS = new Map<string, Stroke>();
for (const [plain, shifted, first] of ROWS) {
  // Later entries do not displace earlier ones: what is the same with shift is typed without.
  for (const [text, shift] of [
    [plain, false],
    [shifted, true],
  ] as const) {
    for (const [index, character] of [...text].entries()) {
      if (!CHARACTERS.has(character)) CHARACTERS.set(character, { code: first + index, shift });
    }
  }
}

/** How to type one character. */
export function strokeOf(character: string): Stroke {
  const stroke = CHARACTERS.get(character);
  if (stroke === undefined) {
    throw new VitrineError("invalid-argument", `typing "${character}" failed: a character of the us layout is wanted`);
  }
  return stroke;
}

/** The code of a key: an xkb name ("Return"), or the character on it without shift. */
export function keyCode(name: string): number {
  const code = NAMED[name] ?? (name.length === 1 ? strokeOf(name.toLowerCase()).code : undefined);
  if (code === undefined)
    throw new VitrineError("invalid-argument", `pressing "${name}" failed: a known key is wanted`);
  return code;
}
