/** The colours by which sandboxes are told apart: in the frames of their windows, on their icons, by name. */

/**
 * Few enough to be named, far enough from each other to be told at a glance, also by those who see red and green alike
 * (colour.test.ts). No white, grey or black: windows of the host have those.
 */
export const SANDBOX_COLOURS = {
  blue: "#477ff9",
  green: "#4ac16f",
  orange: "#ef8108",
  purple: "#771d95",
  red: "#ba101f",
  yellow: "#fcf436",
  cyan: "#75e3f7",
  pink: "#ee79a9",
} as const;
export type SandboxColour = keyof typeof SANDBOX_COLOURS;

export const COLOUR_NAMES = Object.keys(SANDBOX_COLOURS) as SandboxColour[];

/** The colour that is used least, the first of those in the palette's order. */
export function chooseColour(used: readonly SandboxColour[]): SandboxColour {
  const count = (colour: SandboxColour) => used.filter((other) => other === colour).length;
  return COLOUR_NAMES.reduce((best, colour) => (count(colour) < count(best) ? colour : best));
}

/** The colour of a sandbox for which none was chosen: always the same for a name. */
export function colourOfName(name: string): SandboxColour {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return COLOUR_NAMES[hash % COLOUR_NAMES.length] ?? "blue";
}

/** A colour as 0xRRGGBB. */
export function colourValue(colour: SandboxColour): number {
  return Number.parseInt(SANDBOX_COLOURS[colour].slice(1), 16);
}
