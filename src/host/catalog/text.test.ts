import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_DESCRIPTION_CHARS, markupToText } from "./markup.ts";
import { cleanText, fold, wordsOf } from "./text.ts";

const SEED = 20261124;
const anyText = fc.string({ unit: "binary", maxLength: 300 });

describe("cleanText", () => {
  test("blanks become one, controls and tricks with direction go, joiners stay", () => {
    expect(cleanText("  a\u001b[31m\tb\n\u202ec\u200b d\u2066 ", 99)).toBe("a [31m b c d");
    expect(cleanText("ماشین\u200cحساب", 99)).toBe("ماشین\u200cحساب");
    expect(cleanText("\ud800x\udfff\ue000", 99)).toBe("x");
  });

  test("is cut with an ellipsis, never within a character", () => {
    expect(cleanText("abcdef", 4)).toBe("abc…");
    expect(cleanText("ab😀😀", 4)).toBe("ab…");
    expect(cleanText("abcd", 4)).toBe("abcd");
  });

  test("whatever comes in: one line, bounded, well-formed, and clean already", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 50 }), (raw, most) => {
        const clean = cleanText(raw, most);
        expect(clean.length).toBeLessThanOrEqual(most);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
        expect(cleanText(clean, most)).toBe(clean);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});

describe("fold", () => {
  test("case, accents, and what is no letter do not count", () => {
    expect(fold("Café-Zoë  ÅNGSTRÖM")).toBe("cafe zoe angstrom");
    expect(wordsOf("org.gnome.Calculator")).toEqual(["org", "gnome", "calculator"]);
    expect(wordsOf(" \t-- ")).toEqual([]);
  });

  test("folding twice is folding once, and words hold nothing but letters, digits and single blanks", () => {
    fc.assert(
      fc.property(anyText, (raw) => {
        const words = wordsOf(raw);
        expect(wordsOf(words.join(" "))).toEqual(words);
        for (const word of words) expect(word).toMatch(/^[\p{L}\p{N}\p{M}]+$/u);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test("a section of lines and fields is folded line by line, field by field", () => {
    const field = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replace(/[\t\n]/g, ""));
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 }), (rows) => {
        const whole = fold(rows.map((row) => row.join("\t")).join("\n"));
        expect(whole.split("\n").map((line) => line.split("\t").length)).toEqual(rows.map(() => 3));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe("markupToText", () => {
  test("paragraphs and lists", () => {
    const markup =
      "<p>It\n   does\tsums.</p><p>And:</p><ul><li>fast</li>\n<li>a <em>very</em> <code>b &lt; c</code></li></ul>End &amp; out";
    expect(markupToText(markup)).toBe("It does sums.\n\nAnd:\n\n• fast\n• a very b < c\n\nEnd & out");
  });

  test("entities are decoded once, so that none can become an element", () => {
    expect(markupToText("<p>&amp;lt;p&amp;gt; &#x41;&#66; &unknown; &#x110000;</p>")).toBe(
      "&lt;p&gt; AB &unknown; &#x110000;",
    );
  });

  test("what is broken comes out as text, and is bounded", () => {
    expect(markupToText("<p>a < b <script>alert(1)</script> <p")).toBe("a < b alert(1) <p");
    expect(markupToText("<li>".repeat(20_000))).toBe("");
    expect(markupToText(`<p>${"x ".repeat(50_000)}</p>`)).toHaveLength(MAX_DESCRIPTION_CHARS);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."<>/&;pulioa #x1\n ".split(""), "<p>", "</li>", "&lt;") }),
        (markup) => {
          expect(markupToText(markup).length).toBeLessThanOrEqual(MAX_DESCRIPTION_CHARS);
          expect(markupToText(markup)).not.toMatch(/\t|\r|\n{3}/);
        },
      ),
      { seed: SEED, numRuns: 1000 },
    );
  });
});
