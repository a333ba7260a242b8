/**
 * Descriptions are written in a small markup: p, ul, ol, li, em and code (AppStream, "Description"). This makes plain text
 * of it. It is no XML parser on purpose: whatever is broken in it comes out as text, and nothing can make it fail.
 */
import { cleanText, cutText } from "./text.ts";

/** Characters of one description that are kept; the longest of Debian's are about 10 000. */
export const MAX_DESCRIPTION_CHARS = 32 * 1024;

const BULLET = "• ";
/** Elements that begin a new line; those within a line (em, code) are only left out. */
const BLOCKS = /^(?:p|ul|ol|li|br)$/i;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** Plain text of `markup`: paragraphs apart by an empty line, list items on lines of their own. */
export function markupToText(markup: string): string {
  const blocks: { item: boolean; text: string }[] = [];
  let current = "";
  let item = false;
  const flush = (): void => {
    const text = cleanText(decodeEntities(current), MAX_DESCRIPTION_CHARS);
    if (text !== "") blocks.push({ item, text });
    current = "";
    item = false;
  };
  for (const part of markup.slice(0, 2 * MAX_DESCRIPTION_CHARS).split(/(<[^<>]{0,200}>)/)) {
    const tag = /^<\s*(\/?)\s*([a-z]+)[^<>]*>$/i.exec(part);
    if (tag === null) current += part;
    else if (BLOCKS.test(tag[2] ?? "")) {
      flush();
      item = tag[2]?.toLowerCase() === "li" && tag[1] === "";
    }
  }
  flush();
  const text = blocks.map((block, index) => {
    const gap = index === 0 ? "" : block.item && blocks[index - 1]?.item ? "\n" : "\n\n";
    return `${gap}${block.item ? BULLET : ""}${block.text}`;
  });
  return cutText(text.join(""), MAX_DESCRIPTION_CHARS);
}

/** The five entities of XML, &nbsp; and numbers, once: what they stand for is not looked at again. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:([a-z]{2,4})|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));/g, (whole, name, decimal, hex) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
