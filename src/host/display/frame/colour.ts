/** A colour as 0xRRGGBB. */
export type Colour = number;

/** Black or white, whichever can be read better on `background`. */
export function readableOn(background: Colour): Colour {
  const [red, green, blue] = [background >> 16, (background >> 8) & 0xff, background & 0xff];
  // Relative luminance, with the gamma of 2 that is near enough to sRGB's.
  const luminance = (0.2126 * red ** 2 + 0.7152 * green ** 2 + 0.0722 * blue ** 2) / 255 ** 2;
  return luminance > 0.22 ? 0x000000 : 0xffffff;
}
