/** Wayland's fixed-point numbers: signed, 24 bits before the point and 8 behind it, kept raw as a 32-bit integer. */

const ONE = 256;

/** The number that the raw value stands for; exact. */
export function fixedToNumber(raw: number): number {
  return raw / ONE;
}

/** The raw value nearest to `value`. What lies outside of -2^23 ... 2^23 is refused when it is encoded. */
export function numberToFixed(value: number): number {
  return Math.round(value * ONE);
}
