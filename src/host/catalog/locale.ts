/** Languages: of texts in catalogs, and of the person who reads them. */
import { UNTRANSLATED } from "./component.ts";

/** Modifiers of POSIX locales that name a script. */
const SCRIPTS: Readonly<Record<string, string>> = {
  latin: "Latn",
  cyrillic: "Cyrl",
  arabic: "Arab",
  devanagari: "Deva",
};
const TAG = /^([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?(?:-([a-z0-9]{5,8}))?$/;

/**
 * The BCP 47 tag for a language as AppStream, POSIX or desktop entries write it ("pt_BR", "sr@latin", "zh-Hant-TW"), in
 * the usual letter case; undefined when it is none.
 */
export function languageTag(raw: string): string | undefined {
  if (raw === UNTRANSLATED || raw === "POSIX") return UNTRANSLATED;
  if (raw.length > 32) return undefined;
  const [base = "", modifier] = raw
    .toLowerCase()
    .replace(/\.[^@]*/, "")
    .replaceAll("_", "-")
    .split("@");
  const [, language, script, region, variant] = TAG.exec(base) ?? [];
  if (language === undefined) return undefined;
  const extra = modifier === undefined ? undefined : SCRIPTS[modifier];
  if (modifier !== undefined && extra === undefined && !/^[a-z0-9]{5,8}$/.test(modifier)) return undefined;
  const parts = [
    language,
    extra ?? (script === undefined ? undefined : script[0]?.toUpperCase() + script.slice(1)),
    region?.toUpperCase(),
    extra === undefined ? (variant ?? modifier) : variant,
  ];
  return parts.filter((part) => part !== undefined).join("-");
}

/** The languages that the environment asks for, best first, as tags to look up; never {@link UNTRANSLATED}. */
export function userLanguages(environment: Readonly<Record<string, string | undefined>>): string[] {
  const locale = [environment.LC_ALL, environment.LC_MESSAGES, environment.LANG].find((value) => value) ?? "";
  const wanted = languageTag(locale) ?? UNTRANSLATED;
  // As gettext has it: LANGUAGE counts only where there is a locale other than C.
  if (wanted === UNTRANSLATED) return [];
  const listed = (environment.LANGUAGE ?? "").split(":").slice(0, MAX_USER_LANGUAGES);
  const tags = [...listed.map(languageTag), wanted].filter((tag) => tag !== undefined);
  const untranslated = tags.indexOf(UNTRANSLATED);
  return [...new Set((untranslated < 0 ? tags : tags.slice(0, untranslated)).flatMap(candidates))];
}

/** Most languages of a LANGUAGE list that are looked at. */
export const MAX_USER_LANGUAGES = 8;

/** Tags under which texts for `tag` may stand, best first: "zh-TW" is also "zh-Hant-TW", "zh-Hant" and "zh". */
function candidates(tag: string): string[] {
  const [, language = "", script, region, variant] = TAG.exec(tag.toLowerCase()) ?? [];
  const likely = likelyScript(tag);
  const scripts =
    script === undefined ? [undefined, likely] : [likely, ...(likelyScript(language) === likely ? [undefined] : [])];
  const found: string[] = [];
  for (const withVariant of variant === undefined ? [undefined] : [variant, undefined]) {
    for (const withRegion of region === undefined ? [undefined] : [region.toUpperCase(), undefined]) {
      for (const withScript of scripts) {
        // Without its region a tag must name the script, unless it is the usual one: zh-TW is not plain zh.
        if (withRegion === undefined && withScript === undefined && likelyScript(language) !== likely) continue;
        found.push([language, withScript, withRegion, withVariant].filter((part) => part !== undefined).join("-"));
      }
    }
  }
  return found;
}

/** The script that a language is written in, by its region where that decides. */
function likelyScript(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).maximize().script;
  } catch {
    return undefined;
  }
}
