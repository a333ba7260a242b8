import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { differentBits, editDistance, letterBits, Triples, toleratedEdits } from "./edit-distance.ts";
import { rank, SCORES, type Searchable } from "./rank.ts";

const SEED = 20261124;
const word = fc.stringMatching(/^[a-e]{1,10}$/);

/** The same by its definition, without tricks. */
function slowDistance(a: string, b: string): number {
  const table: number[][] = [];
  const get = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = 0; i <= a.length; i++) {
    table.push([]);
    for (let j = 0; j <= b.length; j++) {
      let cost =
        i === 0 || j === 0
          ? Math.max(i, j)
          : Math.min(get(i - 1, j) + 1, get(i, j - 1) + 1, get(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, get(i - 2, j - 2) + 1);
      table[i]?.push(cost);
    }
  }
  return get(a.length, b.length);
}

describe("editDistance", () => {
  test("is the distance, as long as that is within the bound", () => {
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 4 }), (a, b, most) => {
        expect(editDistance(a, b, most)).toBe(Math.min(slowDistance(a, b), most + 1));
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });

  test("words that differ in too many letters are told without it, and no others", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const bits = differentBits(letterBits(a), letterBits(b));
        expect(bits).toBeLessThanOrEqual(2 * slowDistance(a, b));
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test("long words are equal or different", () => {
    expect(editDistance("x".repeat(60), "x".repeat(60), 2)).toBe(0);
    expect(editDistance("x".repeat(60), `${"x".repeat(59)}y`, 2)).toBe(3);
  });
});

test("similarity is 1 for the same word, 0 for nothing in common, and the same both ways", () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(new Triples(a).similarity(b)).toBeGreaterThanOrEqual(0);
      expect(new Triples(a).similarity(b)).toBeLessThanOrEqual(1);
    }),
    { seed: SEED, numRuns: 500 },
  );
  expect(new Triples("calculator").similarity("calculator")).toBe(1);
  expect(new Triples("calculator").similarity("zzz")).toBe(0);
  expect(new Triples("").similarity("")).toBe(0);
});

describe("rank", () => {
  const empty: Searchable = { id: "x", package: "y", names: ["z"], keywords: "", summaries: "", description: "" };
  const query = (text: string) => ({ text, words: text.split(" ").flatMap((part) => (part === "" ? [] : [[part]])) });

  test("where a word stands decides, from the id to the description", () => {
    const places: Partial<Searchable>[] = [
      { id: "org gnome word" },
      { names: ["word"] },
      { package: "word" },
      { names: ["word processor"] },
      { names: ["the word processor"] },
      { names: ["swordfish"] },
      { id: "org word thing" },
      { keywords: "a word" },
      { summaries: "some word" },
      { description: "any word" },
    ];
    const scores = places.map((place, index) =>
      rank({ ...empty, ...place }, query(index === 0 ? "org gnome word" : "word")),
    );
    expect(scores).toEqual(Object.values(SCORES));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  test("every word must be there; in a text of words only at the beginning of one", () => {
    const entry = { ...empty, summaries: "edit photographs" };
    expect(rank(entry, query("edit photo"))).toBe(SCORES.summary);
    expect(rank(entry, query("edit video"))).toBe(0);
    expect(rank(entry, query("graphs"))).toBe(0);
    expect(rank(entry, query(""))).toBe(0);
    expect(rank({ ...empty, keywords: "計算機" }, query("算"))).toBe(SCORES.keyword);
  });

  test("what stands in for a word is worth less than the word itself", () => {
    const entry = { ...empty, names: ["calculator"], keywords: "sums" };
    const asked = (...words: string[]) => ({ text: words[0] ?? "", words: [words] });
    expect(rank(entry, asked("calclator"))).toBe(0);
    expect(rank(entry, asked("calclator", "calendar", "calculator"))).toBe(SCORES.nameWord / 2);
    expect(rank(entry, asked("sums", "calculator"))).toBe(SCORES.keyword);
    expect(["sms", "sums", "calculator"].map(toleratedEdits)).toEqual([0, 1, 2]);
  });

  test("a text that holds more never scores less, and a score is never above the best", () => {
    const texts = fc.record({
      id: word,
      package: word,
      names: fc.array(word, { maxLength: 3 }),
      keywords: fc.array(word).map((words) => words.join(" ")),
      summaries: fc.array(word).map((words) => words.join(" ")),
      description: fc.array(word).map((words) => words.join(" ")),
    });
    fc.assert(
      fc.property(texts, fc.array(word, { minLength: 1, maxLength: 3 }), word, (entry, words, standIn) => {
        const text = words.join(" ");
        const asked = { text, words: words.map((part) => [part]) };
        const score = rank(entry, asked);
        expect(score).toBeLessThanOrEqual(SCORES.exactId);
        expect(rank({ ...entry, names: [...entry.names, text] }, asked)).toBeGreaterThanOrEqual(score);
        expect(rank({ ...entry, keywords: `${entry.keywords} ${text}` }, asked)).toBeGreaterThan(0);
        expect(rank(entry, { text, words: words.map((part) => [part, standIn]) })).toBeGreaterThanOrEqual(score);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});
