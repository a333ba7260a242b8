/** Bounds for text that a guest wrote and a person will read. */
const DEFAULT_MAX_CHARS = 256;

/**
 * Everything that could steer a terminal or a reader: C0 and C1 controls, bidirectional overrides and isolates, line and
 * paragraph separators, zero-width and other format characters, unpaired surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\ufff0-\uffff]/gu;

/**
 * Makes guest-written text safe to show or log: unsafe characters become U+FFFD, the length is capped at `maxChars`
 * UTF-16 units (an ellipsis marks the cut).
 */
export function sanitizeText(raw: string, maxChars = DEFAULT_MAX_CHARS): string {
  const cut = raw.length > maxChars ? `${raw.slice(0, maxChars - 1)}…` : raw;
  return cut.replace(UNSAFE, "\ufffd");
}
