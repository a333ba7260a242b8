/** The colours by which sandboxes are told apart: few enough to be named, far enough from each other to be seen. */

export const SANDBOX_COLOURS = {
  blue: "#3584e4",
  green: "#2ec27e",
  orange: "#ff7800",
  purple: "#9141ac",
  red: "#e01b24",
  yellow: "#f6d32d",
  brown: "#986a44",
  grey: "#77767b",
} as const;
export type SandboxColour = keyof typeof SANDBOX_COLOURS;

export const COLOUR_NAMES = Object.keys(SANDBOX_COLOURS) as SandboxColour[];

/** The colour that is used least, the first of those in the palette's order. */
export function chooseColour(used: readonly SandboxColour[]): SandboxColour {
  const count = (colour: SandboxColour) => used.filter((other) => other === colour).length;
  return COLOUR_NAMES.reduce((best, colour) => (count(colour) < count(best) ? colour : best));
}
