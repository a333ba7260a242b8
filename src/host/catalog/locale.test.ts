import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { languageTag, userLanguages } from "./locale.ts";

describe("languageTag", () => {
  test("the ways in which catalogs, POSIX and desktop entries write languages", () => {
    const tags: Record<string, string | undefined> = {
      C: "C",
      de: "de",
      pt_BR: "pt-BR",
      "pt-br": "pt-BR",
      "de_DE.UTF-8": "de-DE",
      "sr@latin": "sr-Latn",
      "sr_RS@latin": "sr-Latn-RS",
      "ca@valencia": "ca-valencia",
      "ca-ES-valencia": "ca-ES-valencia",
      "zh-Hant-TW": "zh-Hant-TW",
      "es-419": "es-419",
      "x-test": undefined,
      "": undefined,
      "../../etc": undefined,
      constructor: undefined,
    };
    for (const [raw, tag] of Object.entries(tags)) expect([raw, languageTag(raw)]).toEqual([raw, tag]);
  });

  test("a tag is its own tag", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z]{1,4}([-_@][A-Za-z0-9]{1,9}){0,3}$/), (raw) => {
        const tag = languageTag(raw);
        if (tag !== undefined) expect(languageTag(tag)).toBe(tag);
      }),
      { seed: 20261124, numRuns: 2000 },
    );
  });
});

describe("userLanguages", () => {
  test("from the most to the least telling variable, regions before languages", () => {
    expect(userLanguages({ LANG: "de_AT.UTF-8" })).toEqual(["de-AT", "de-Latn-AT", "de", "de-Latn"]);
    expect(userLanguages({ LANG: "de_DE", LC_MESSAGES: "fr", LC_ALL: "" })).toEqual(["fr", "fr-Latn"]);
    expect(userLanguages({ LANG: "en_US", LANGUAGE: "nl:de" }).filter((tag) => tag.length === 2)).toEqual([
      "nl",
      "de",
      "en",
    ]);
  });

  test("Chinese of Taiwan is not taken for that of the mainland", () => {
    const languages = userLanguages({ LANG: "zh_TW.UTF-8" });
    expect(languages).toContain("zh-Hant");
    expect(languages).not.toContain("zh");
    expect(userLanguages({ LANG: "zh_CN.UTF-8" })).toContain("zh");
    expect(userLanguages({ LANG: "sr_RS@latin" })).not.toContain("sr");
  });

  test("no language: texts are not translated", () => {
    expect(userLanguages({})).toEqual([]);
    expect(userLanguages({ LANG: "C.UTF-8", LANGUAGE: "de" })).toEqual([]);
    expect(userLanguages({ LANG: "de_DE", LANGUAGE: "C:fr" })).toEqual([]);
  });
});
