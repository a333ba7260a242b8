/**
 * Text of the catalog. Its authors are strangers to both us and the archive, so everything is cleaned before it is stored:
 * what could steer a terminal, hide or turn text is gone. Joiners stay: Persian and Indic words are spelled with them.
 */

/** Blank space of every kind and length, and what ends lines. */
const BLANK = /[\p{White_Space}\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Formatting but for ZWNJ and ZWJ, halves of pairs, private and unassigned code points. */
const UNSAFE = /(?![\u200c\u200d])[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;

/** `raw` on one line, at most `maxChars` UTF-16 units long (an ellipsis marks the cut), fit to be shown. */
export function cleanText(raw: string, maxChars: number): string {
  // Cut first, with room for what cleaning takes away: the work is bounded too.
  const clean = raw
    .slice(0, 4 * maxChars)
    .replace(UNSAFE, "")
    .replace(BLANK, " ")
    .trim();
  return cutText(clean, maxChars);
}

/** `text`, or as much of it as leaves room for an ellipsis in `maxChars` units; no character is cut in two. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 2);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxChars - 2 : maxChars - 1).trimEnd()}…`;
}

const MARKS = /\p{M}+/gu;
const NO_WORD = /[^\p{L}\p{N}\t\n]+/gu;
const ASCII = /^[\0-\x7f]*$/;
const NO_ASCII_WORD = /[^a-z0-9\t\n]+/g;

/**
 * What is compared in a search: lower case, no accents, words apart by one blank. Tabs and line ends stay, so a whole
 * section of the index is folded in one go.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase().replace(NO_ASCII_WORD, " ");
  return text.normalize("NFKD").replace(MARKS, "").toLowerCase().replace(NO_WORD, " ");
}

/** The words of `text`, folded. */
export function wordsOf(text: string): string[] {
  return fold(text)
    .split(/[ \t\n]/)
    .filter((word) => word !== "");
}
