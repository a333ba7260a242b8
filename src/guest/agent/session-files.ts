/**
 * Makes the app root one in which the user's language and looks count: what apps read from files of the system. The root
 * ends with the machine, so nothing of it stays.
 */
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Looks } from "../../channel/contract/agent.ts";
import { gtkSettings, kdeGlobals, settingsDefaults } from "./looks.ts";
import { findInRoot } from "./resolve-command.ts";

const LOCALES = "/usr/lib/locale";
/** The locale that every root has. */
const BUILT_IN = "C.utf8";
/** "de_AT.UTF-8", "sr_RS.UTF-8@latin": only of this encoding, which is the built-in one's too. */
const UTF8_LOCALE = /^([a-z]{2,3}(?:_[A-Z]{2})?)\.utf-?8(@[a-z]{1,16})?$/i;
/** Variables that name a locale. */
const NAMES_LOCALE = /^(LANG|LC_[A-Z]+)$/;

/** `environment`: that of the guest's processes, as the host said it. */
export function adoptSession(appRoot: string, environment: Readonly<Record<string, string>>, looks: Looks): void {
  try {
    const locales = Object.entries(environment).flatMap(([name, value]) => (NAMES_LOCALE.test(name) ? [value] : []));
    for (const locale of new Set(locales)) provideLocale(appRoot, locale);
    const cursor = { theme: environment.XCURSOR_THEME, size: environment.XCURSOR_SIZE };
    for (const version of ["gtk-3.0", "gtk-4.0"]) {
      writeNew(appRoot, `/etc/${version}/settings.ini`, gtkSettings(looks, cursor));
    }
    writeNew(appRoot, "/etc/glib-2.0/settings/defaults", settingsDefaults(looks, cursor));
    writeNew(appRoot, "/etc/xdg/kdeglobals", kdeGlobals(looks));
  } catch {
    // A root that cannot be written, or is a strange one: apps run all the same.
  }
}

/**
 * A locale whose data the root does not have, and no layer of the host's, is made out of the built-in one: dates and
 * numbers are written as that has them, but letters are letters, and apps speak the user's language, of which they have
 * the translations. One that is missing would leave apps without any.
 */
function provideLocale(appRoot: string, wanted: string): void {
  const [, language, modifier = ""] = UTF8_LOCALE.exec(wanted) ?? [];
  const folder = findInRoot(appRoot, LOCALES);
  if (language === undefined || folder === undefined) return;
  const has = (name: string) => lstatSync(join(folder.outside, name), { throwIfNoEntry: false }) !== undefined;
  const name = `${language}.utf8${modifier}`;
  // An archive may hold any.
  if (!has(BUILT_IN) || has(name) || has("locale-archive")) return;
  symlinkSync(BUILT_IN, join(folder.outside, name));
}

/** Writes a file of the system's that is not there; nothing when there is no text. */
function writeNew(appRoot: string, path: string, text: string | undefined): void {
  if (text === undefined || findInRoot(appRoot, path) !== undefined) return;
  const folder = ensureFolder(appRoot, dirname(path));
  writeFileSync(join(folder, basename(path)), text, { flag: "wx", mode: 0o644 });
}

/** The folder at `path` of the app root as seen from here, made if it is missing. */
function ensureFolder(appRoot: string, path: string): string {
  const found = findInRoot(appRoot, path);
  if (found !== undefined) return found.outside;
  const folder = join(ensureFolder(appRoot, dirname(path)), basename(path));
  mkdirSync(folder, { mode: 0o755 });
  return folder;
}
