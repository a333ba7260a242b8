/** How alike two words are: by the edits that make one of the other, and by the letters that stand together. */

/** Letters of a word that are compared; longer ones are as good as different. */
export const MAX_COMPARED_CHARS = 48;

/** Three rows of the table of distances, used anew for each pair: a search compares many thousands. */
const rows = Array.from({ length: 3 }, () => new Uint16Array(MAX_COMPARED_CHARS + 1));

/**
 * Edits (a letter put in, left out, changed, or two neighbours swapped: optimal string alignment) between `a` and `b`;
 * `most` + 1 when there are more than `most`.
 */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  if (a.length > MAX_COMPARED_CHARS || b.length > MAX_COMPARED_CHARS) return a === b ? 0 : most + 1;
  let [before, last, row] = rows as [Uint16Array, Uint16Array, Uint16Array];
  for (let j = 0; j <= b.length; j++) last[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const letter = a.charCodeAt(i - 1);
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const same = letter === b.charCodeAt(j - 1) ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && letter === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1)) {
        cost = Math.min(cost, at(before, j - 2) + 1);
      }
      row[j] = cost;
    }
    [before, last, row] = [last, row, before];
  }
  return Math.min(at(last, b.length), most + 1);
}

function at(row: Uint8Array | Uint16Array, index: number): number {
  return row[index] ?? 0;
}

/** Edits that are forgiven in a word: short ones differ from too many others. */
export function toleratedEdits(word: string): number {
  if (word.length < 4) return 0;
  return word.length < 8 ? 1 : 2;
}

/**
 * The set of a word's letters, as bits: one bit may stand for several letters. An edit changes two bits at most, so that
 * most words are seen to be different without their distance.
 */
export function letterBits(word: string): number {
  let bits = 0;
  for (let index = 0; index < word.length; index++) bits |= 1 << (word.charCodeAt(index) & 31);
  return bits;
}

/** How many bits two sets of letters differ in. */
export function differentBits(a: number, b: number): number {
  let count = 0;
  for (let bits = a ^ b; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** Bits of a letter that a triple keeps: all of an ASCII letter. */
const LETTER_BITS = 7;
const LETTER_MASK = (1 << LETTER_BITS) - 1;
const TRIPLE_MASK = (1 << (3 * LETTER_BITS)) - 1;
const BLANK = 0x20;
/** Letters of a word that are looked at for its triples: more than any name of a package or an app has. */
const MAX_TRIPLED_CHARS = 256;
const letters = new Uint8Array(MAX_TRIPLED_CHARS);

/**
 * The triples of letters that stand in a row in a word, as if two blanks stood before it and one behind, to compare many
 * others with ({@link Triples.similarity}).
 */
export class Triples {
  readonly #has = new Uint8Array(TRIPLE_MASK + 1);
  #size = 0;

  constructor(word: string) {
    const end = spell(word);
    if (end === 0) return;
    let triple = (BLANK << LETTER_BITS) | BLANK;
    for (let index = 0; index <= end; index++) {
      triple = nextTriple(triple, index < end ? at(letters, index) : BLANK);
      this.#size += this.#has[triple] === 0 ? 1 : 0;
      this.#has[triple] = 1;
    }
  }

  /** Share of triples that `word` has in common with this one: 0 none, 1 all (Dice's coefficient). */
  similarity(word: string): number {
    return this.similarityAt(letters, 0, spell(word));
  }

  /** The same for a word of ASCII letters that is a part of `data`. */
  similarityAt(data: Uint8Array, start: number, end: number): number {
    if (start === end) return 0;
    let common = 0;
    let triple = (BLANK << LETTER_BITS) | BLANK;
    for (let index = start; index < end; index++) {
      triple = nextTriple(triple, at(data, index));
      common += at(this.#has, triple);
    }
    common += at(this.#has, nextTriple(triple, BLANK));
    return common === 0 ? 0 : Math.min(1, (2 * common) / (this.#size + end - start + 1));
  }
}

function nextTriple(triple: number, letter: number): number {
  return ((triple << LETTER_BITS) | (letter & LETTER_MASK)) & TRIPLE_MASK;
}

/** Puts a word into `letters`; returns how many it has. */
function spell(word: string): number {
  const length = Math.min(word.length, MAX_TRIPLED_CHARS);
  for (let index = 0; index < length; index++) letters[index] = word.charCodeAt(index) & LETTER_MASK;
  return length;
}
