/** Searching the catalog, as `vitrine search` does. */
import type { AppRow, AppText, Catalog } from "./catalog.ts";
import { differentBits, editDistance, letterBits, Triples, toleratedEdits } from "./edit-distance.ts";
import { rank } from "./rank.ts";
import { wordsOf } from "./text.ts";

/** Characters and words of a query that are looked at. */
export const MAX_QUERY_CHARS = 256;
export const MAX_QUERY_WORDS = 16;
/** Spellings of one word that are searched. */
export const MAX_SPELLINGS = 8;
/** How alike a name must be to be offered instead, from 0 to 1. */
const LEAST_SIMILARITY = 0.35;
const NEAREST_COUNT = 5;

/** A hit, its texts in the reader's language where there are any. */
export interface Match extends AppRow, AppText {
  readonly score: number;
}

export interface SearchOptions {
  /** The reader's, best first. */
  readonly languages: readonly string[];
  /** Search fonts, addons, console programs and so on too, not only desktop applications. */
  readonly all: boolean;
}

/** Every match, the best first. Spelling mistakes are forgiven when nothing matches as written. */
export function search(catalog: Catalog, text: string, { languages, all }: SearchOptions): Match[] {
  const asked = wordsOf(text.slice(0, MAX_QUERY_CHARS)).slice(0, MAX_QUERY_WORDS);
  const matches = (words: readonly (readonly string[])[]): Match[] =>
    catalog.mentioning(words, languages).flatMap((number) => {
      const score = rank(catalog.searchable(number, languages), { text: asked.join(" "), words });
      const row = score > 0 ? catalog.row(number) : undefined;
      if (row === undefined || (!all && row.kind !== "desktop-application")) return [];
      return [{ ...row, ...catalog.text(number, languages), score }];
    });
  if (asked.length === 0) return [];
  const exact = matches(asked.map((word) => [word]));
  const found = exact.length > 0 ? exact : matches(asked.map((word) => [word, ...spellings(catalog, word, languages)]));
  return found.sort(byScore);
}

/** Words of names, ids and keywords that `word` may have been meant to be, the most alike first. */
function spellings(catalog: Catalog, word: string, languages: readonly string[]): string[] {
  const most = toleratedEdits(word);
  if (most === 0) return [];
  const letters = letterBits(word);
  const found = new Map<string, number>();
  for (const other of catalog.vocabulary(languages)) {
    if (Math.abs(other.length - word.length) > most || differentBits(letters, letterBits(other)) > 2 * most) continue;
    const distance = editDistance(word, other, most);
    if (distance <= most) found.set(other, distance);
  }
  const alike = [...found].sort(([a, x], [b, y]) => x - y || order(a, b));
  return alike.slice(0, MAX_SPELLINGS).map(([other]) => other);
}

/** Equal scores: the shorter name is nearer to what was asked for; then by name and id, so that the order is always the same. */
function byScore(a: Match, b: Match): number {
  return b.score - a.score || a.name.length - b.name.length || order(a.name, b.name) || order(a.id, b.id);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ids and packages most like `text`, the most alike first, to offer instead of what is not there. */
export function nearestNames(
  catalog: Catalog,
  text: string,
  languages: readonly string[],
  packages: boolean,
): string[] {
  const wanted = new Triples(wordsOf(text.slice(0, MAX_QUERY_CHARS)).join(" "));
  const offers = new Map<string, number>();
  const offer = (shown: string, alike: number): void => {
    offers.set(shown, Math.max(alike, offers.get(shown) ?? 0));
  };
  for (let number = 0; number < catalog.about.components; number++) {
    const [id = "", ...names] = catalog.callings(number, languages);
    const alike = [id, id.slice(id.lastIndexOf(" ") + 1), ...names].map((name) => wanted.similarity(name));
    const most = Math.max(...alike);
    if (most >= LEAST_SIMILARITY) offer(catalog.row(number).id, most);
  }
  if (packages) {
    const measure = wanted.similarityAt.bind(wanted);
    for (const [name, alike] of catalog.packagesBy(measure, LEAST_SIMILARITY)) offer(name, alike);
  }
  return [...offers]
    .sort(([a, x], [b, y]) => y - x || order(a, b))
    .slice(0, NEAREST_COUNT)
    .map(([name]) => name);
}
