/**
 * Makes the app root one in which the user's language and looks count: what apps read from files of the system. The root
 * ends with the machine, so nothing of it stays.
 */
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findInRoot } from "./resolve-command.ts";

const LOCALES = "/usr/lib/locale";
/** The locale that every root has. */
const BUILT_IN = "C.utf8";
/** "de_AT.UTF-8", "sr_RS.UTF-8@latin": only of this encoding, which is the built-in one's too. */
const UTF8_LOCALE = /^([a-z]{2,3}(?:_[A-Z]{2})?)\.utf-?8(@[a-z]{1,16})?$/i;
const GTK_SETTINGS = ["/etc/gtk-3.0/settings.ini", "/etc/gtk-4.0/settings.ini"];

/** `environment`: that of the guest's processes, as the host said it. */
export function adoptSession(appRoot: string, environment: Readonly<Record<string, string>>): void {
  try {
    provideLocale(appRoot, environment.LANG ?? "");
    writeGtkSettings(appRoot, environment);
  } catch {
    // A root that cannot be written, or is a strange one: apps run all the same.
  }
}

/**
 * A locale whose data the root does not have is made out of the built-in one: dates and numbers are written as that has
 * them, but letters are letters, and apps speak the user's language, of which they have the translations.
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

/** What GTK takes from a desktop's settings, and finds none of here. Files that the root has are left alone. */
function writeGtkSettings(appRoot: string, environment: Readonly<Record<string, string>>): void {
  const { ADW_DEBUG_COLOR_SCHEME: scheme, XCURSOR_SIZE: size, XCURSOR_THEME: theme } = environment;
  const lines = [
    ...(scheme === "prefer-dark" ? ["gtk-application-prefer-dark-theme=1"] : []),
    ...(size === undefined ? [] : [`gtk-cursor-theme-size=${size}`]),
    ...(theme === undefined ? [] : [`gtk-cursor-theme-name=${theme}`]),
  ];
  if (lines.length === 0) return;
  for (const path of GTK_SETTINGS) {
    const parent = findInRoot(appRoot, dirname(dirname(path)));
    if (parent === undefined || findInRoot(appRoot, path) !== undefined) continue;
    const folder = join(parent.outside, dirname(path).slice(dirname(dirname(path)).length));
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, "settings.ini"), `[Settings]\n${lines.join("\n")}\n`, { flag: "wx", mode: 0o644 });
  }
}
