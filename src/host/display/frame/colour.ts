/** The colours by which sandboxes are told apart. */

/** A colour as 0xRRGGBB. */
export type Colour = number;

/**
 * Few enough to be told apart at a glance, on light and on dark desktops, also by most who see fewer colours than others:
 * they differ in lightness as well. No white and no black: windows of the host have those.
 */
export const COLOURS: Readonly<Record<string, Colour>> = {
  red: 0xd32f2f,
  orange: 0xf57c00,
  yellow: 0xfdd835,
  green: 0x388e3c,
  teal: 0x26c6da,
  blue: 0x1e62d0,
  purple: 0x8e24aa,
  pink: 0xf48fb1,
};

/** The colour of a sandbox for which none was chosen: always the same for a name. */
export function colourOfName(name: string): Colour {
  const colours = Object.values(COLOURS);
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return colours[hash % colours.length] ?? 0;
}
/** Black or white, whichever can be read better on `background`. */
export function readableOn(background: Colour): Colour {
  const [red, green, blue] = [background >> 16, (background >> 8) & 0xff, background & 0xff];
  // Relative luminance, with the gamma of 2 that is near enough to sRGB's.
  const luminance = (0.2126 * red ** 2 + 0.7152 * green ** 2 + 0.0722 * blue ** 2) / 255 ** 2;
  return luminance > 0.22 ? 0x000000 : 0xffffff;
}
