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

function at(row: Uint16Array, index: number): number {
  return row[index] ?? 0;
}

/** Edits that are forgiven in a word: short ones differ from too many others. */
export function toleratedEdits(word: string): number {
  if (word.length < 4) return 0;
  return word.length < 8 ? 1 : 2;
}

/**
 * A set of the letters of `text` from `start` to `end`, as bits: one bit may stand for several letters. An edit changes two
 * bits at most, so that most words are seen to be different without their distance.
 */
export function letterBits(text: string, start: number, end: number): number {
  let bits = 0;
  for (let index = start; index < end; index++) bits |= 1 << (text.charCodeAt(index) & 31);
  return bits;
}

/** How many bits two sets of letters differ in. */
export function differentBits(a: number, b: number): number {
  let count = 0;
  for (let bits = a ^ b; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** Share of letter triples that a word has in common with another, whose {@link triples} are given: 0 none, 1 all (Dice). */
export function similarity(wanted: ReadonlySet<number>, word: string): number {
  if (word === "") return 0;
  let common = 0;
  for (let index = 0; index <= word.length; index++) if (wanted.has(triple(word, index))) common++;
  return common === 0 ? 0 : Math.min(1, (2 * common) / (wanted.size + word.length + 1));
}

/** Every three letters in a row, as if two blanks stood before the word and one behind it; three letters are a number. */
export function triples(word: string): Set<number> {
  const found = new Set<number>();
  if (word !== "") for (let index = 0; index <= word.length; index++) found.add(triple(word, index));
  return found;
}

/** The letters that end at `index`. */
function triple(word: string, index: number): number {
  return (letter(word, index - 2) * 0x10000 + letter(word, index - 1)) * 0x10000 + letter(word, index);
}

function letter(word: string, index: number): number {
  return index < 0 || index >= word.length ? 0x20 : word.charCodeAt(index);
}
