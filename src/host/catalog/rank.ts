/**
 * How well a component answers a query. Where the words are found decides: exactly the id or name, at the beginning of the
 * name, in the name, the id, the keywords, the summary, the description, in that order. Pure: folded text in, a number out.
 */

/** What is searched of a component, every text folded ({@link fold}). */
export interface Searchable {
  readonly id: string;
  readonly package: string;
  /** In the reader's languages and untranslated. */
  readonly names: readonly string[];
  /** All keywords and summaries in those languages. */
  readonly keywords: string;
  readonly summaries: string;
  readonly description: string;
}

/** Scores, from the best place to the worst. A query's score is that of its whole, or the mean of its words'. */
export const SCORES = {
  exactId: 1000,
  exactName: 900,
  exactPackage: 850,
  namePrefix: 800,
  nameWord: 600,
  name: 500,
  id: 400,
  keyword: 300,
  summary: 200,
  description: 100,
} as const;

/** What a word is worth that only stands in for the one that was asked for, of what that would be worth. */
const STAND_IN_SHARE = 0.5;

/** Scripts that do not part words by blanks: there a word may begin anywhere. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

export interface Query {
  /** Folded, words parted by one blank. */
  readonly text: string;
  /** Each word as it was asked for, then those that may stand in for it: the same, spelled right. */
  readonly words: readonly (readonly string[])[];
}

/** The score of `entry`; 0 when a word of the query is nowhere in it, nor any that may stand in for it. */
export function rank(entry: Searchable, query: Query): number {
  const whole = rankWhole(entry, query);
  if (whole > 0) return whole;
  let sum = 0;
  for (const [word = "", ...standIns] of query.words) {
    const score = Math.max(rankWord(entry, word), ...standIns.map((other) => STAND_IN_SHARE * rankWord(entry, other)));
    if (score === 0) return 0;
    sum += score;
  }
  return query.words.length === 0 ? 0 : sum / query.words.length;
}

function rankWhole(entry: Searchable, { text }: Query): number {
  if (text === "") return 0;
  // An id of one word is no more telling than the name of a package: "calculator" is GNUstep's example.
  if (entry.id === text && text.includes(" ")) return SCORES.exactId;
  if (entry.names.includes(text)) return SCORES.exactName;
  if (entry.package === text || entry.id === text) return SCORES.exactPackage;
  return entry.names.some((name) => name.startsWith(text)) ? SCORES.namePrefix : 0;
}

function rankWord(entry: Searchable, word: string): number {
  if (entry.names.some((name) => beginsWord(name, word))) return SCORES.nameWord;
  if (entry.names.some((name) => name.includes(word))) return SCORES.name;
  if (beginsWord(entry.id, word) || beginsWord(entry.package, word)) return SCORES.id;
  if (beginsWord(entry.keywords, word)) return SCORES.keyword;
  if (beginsWord(entry.summaries, word)) return SCORES.summary;
  return beginsWord(entry.description, word) ? SCORES.description : 0;
}

/** True when a word of `text` begins with `word`. */
function beginsWord(text: string, word: string): boolean {
  const at = text.indexOf(word);
  if (at <= 0) return at === 0;
  return text.includes(` ${word}`) || UNSPACED.test(word);
}
