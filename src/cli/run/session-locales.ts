/** The locales of the user's session as the guest has them: each of UTF-8, the one encoding that its apps use. */
import type { Environment } from "../../host/sandbox/directories.ts";

/** The locale that every guest has. */
const BUILT_IN = "C.UTF-8";
const LOCALE = /^([a-z]{2,3}(?:_[A-Z]{2})?)(?:\.[\w-]+)?(@[a-z]{1,16})?$/;
/** What of a locale's behaviour can be of another one. LC_MESSAGES is the language, which is that of LANG here. */
const CATEGORIES = [
  "LC_CTYPE",
  "LC_NUMERIC",
  "LC_TIME",
  "LC_COLLATE",
  "LC_MONETARY",
  "LC_PAPER",
  "LC_NAME",
  "LC_ADDRESS",
  "LC_TELEPHONE",
  "LC_MEASUREMENT",
  "LC_IDENTIFICATION",
];

/** LANG is the language; the categories that are of another locale are named. */
export function sessionLocales(environment: Environment): Record<string, string> {
  const of = (category: string) => utf8Locale(environment.LC_ALL || environment[category] || environment.LANG);
  const language = of("LC_MESSAGES");
  const others = CATEGORIES.flatMap((category) => {
    const locale = of(category);
    return locale === undefined || locale === (language ?? BUILT_IN) ? [] : [[category, locale]];
  });
  return { ...(language === undefined ? {} : { LANG: language }), ...Object.fromEntries(others) };
}

/** Those of `locales` whose data a guest does not have itself. */
export function localesToGive(locales: Readonly<Record<string, string>>): string[] {
  return [...new Set(Object.values(locales))].filter((name) => name !== BUILT_IN);
}

/** "de" of "de_AT.UTF-8"; undefined for what is no language. */
export function languageOf(locale: string | undefined): string | undefined {
  return locale === undefined || locale === BUILT_IN ? undefined : /^[a-z]{2,3}/.exec(locale)?.[0];
}

/** Undefined for no locale, and for a name that is none. */
function utf8Locale(name: string | undefined): string | undefined {
  if (!name) return undefined;
  if (/^(C|POSIX)(\.|$)/.test(name)) return BUILT_IN;
  const [, language, modifier = ""] = LOCALE.exec(name) ?? [];
  // The sign of the euro is in UTF-8 whatever the modifier says.
  return language === undefined ? undefined : `${language}.UTF-8${modifier === "@euro" ? "" : modifier}`;
}
