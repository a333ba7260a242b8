/**
 * Reads a desktop entry that came from a guest. It is untrusted: only keys on the allow-list are looked at, each by its
 * rule, bounded and cleaned; nothing of it is a command or a path on the host.
 */

import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import { type Untrusted, validate } from "../../base/untrusted.ts";
import { ACTION_KEYS, CATEGORIES, ENTRY_KEYS, type KeyRule } from "./entry-keys.ts";

/** Bytes of a desktop entry; those of large suites with all translations have 60 000. */
export const MAX_ENTRY_BYTES = 256 * 1024;
/** Lines of one. */
export const MAX_ENTRY_LINES = 10_000;
/** Characters of a value that are kept. */
export const MAX_VALUE_CHARS = 512;
/** Translations of one key; parts of a list; actions. */
export const MAX_TRANSLATIONS = 256;
export const MAX_LIST_PARTS = 128;
export const MAX_ACTIONS = 32;

/** A text by locale, as desktop entries write it ("pt_BR", "sr@latin"); "" is the untranslated one. */
export type Translated<T = string> = ReadonlyMap<string, T>;

export interface DesktopAction {
  readonly id: string;
  readonly name: Translated;
}

export interface DesktopEntry {
  readonly name: Translated;
  readonly genericName: Translated;
  readonly comment: Translated;
  readonly keywords: Translated<readonly string[]>;
  readonly categories: readonly string[];
  readonly mimeTypes: readonly string[];
  readonly actions: readonly DesktopAction[];
  /** Name of its icon; undefined when it has none, or a path. */
  readonly icon: string | undefined;
  /** What it takes on its command line. */
  readonly accepts: "nothing" | "file" | "files" | "url" | "urls";
  readonly terminal: boolean;
  /** It is for menus. */
  readonly shown: boolean;
  /** Hints that are passed on, by key. */
  readonly hints: ReadonlyMap<string, boolean>;
}

type Group = ReadonlyMap<string, Translated>;

const MAIN_GROUP = "Desktop Entry";
const ACTION_GROUP = "Desktop Action ";
const LOCALE = /^[a-z]{2,3}(?:_[A-Z]{2}|_[0-9]{3})?(?:@[A-Za-z]{1,16})?$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
const ICON = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/;
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
const HINTS = ["StartupNotify", "PrefersNonDefaultGPU", "SingleMainWindow"] as const;
const ACCEPTS = { f: "file", F: "files", u: "url", U: "urls" } as const;

/** Reads the entry in `file`. Throws "invalid-argument" when it is none of an application, or too large. */
export function parseDesktopEntry(file: Untrusted<Uint8Array>): DesktopEntry {
  return validate(file, (bytes) => {
    if (bytes.length > MAX_ENTRY_BYTES)
      throw unusable(`it has ${bytes.length} bytes, at most ${MAX_ENTRY_BYTES} allowed`);
    const groups = readGroups(new TextDecoder().decode(bytes));
    const main = groups.get(MAIN_GROUP);
    const name = texts(main, "Name", 1);
    if (main === undefined || name.get("") === undefined) throw unusable("it has no name");
    const flag = (key: string): boolean => main.get(key)?.get("") === "true";
    const icon = main
      .get("Icon")
      ?.get("")
      ?.replace(/\.(?:png|svgz?|xpm)$/, "");
    return {
      name,
      genericName: texts(main, "GenericName", 1),
      comment: texts(main, "Comment", 1),
      keywords: new Map(
        [...texts(main, "Keywords", MAX_LIST_PARTS)].map(([locale, value]) => [locale, value.split(LIST_SEPARATOR)]),
      ),
      categories: names(main, "Categories").filter((category) => CATEGORIES.has(category)),
      mimeTypes: list(main.get("MimeType")?.get("")).filter((type) => MEDIA_TYPE.test(type)),
      actions: readActions(groups, main),
      icon: icon !== undefined && ICON.test(icon) ? icon : undefined,
      accepts: acceptsOf(main.get("Exec")?.get("") ?? ""),
      terminal: flag("Terminal"),
      shown: !flag("NoDisplay") && !flag("Hidden"),
      hints: new Map(HINTS.flatMap((key) => (main.get(key)?.has("") ? [[key, flag(key)] as const] : []))),
    };
  });
}

/** Groups by their names, of those that are used; keys by the rules. The first of two groups or keys of a name counts. */
function readGroups(text: string): ReadonlyMap<string, Group> {
  const groups = new Map<string, Map<string, Map<string, string>>>();
  let group: Map<string, Map<string, string>> | undefined;
  let rules: Readonly<Record<string, KeyRule>> = {};
  const lines = text.split("\n");
  if (lines.length > MAX_ENTRY_LINES)
    throw unusable(`it has ${lines.length} lines, at most ${MAX_ENTRY_LINES} allowed`);
  for (const line of lines) {
    const header = /^\[([^[\]]*)\]\s*$/.exec(line)?.[1];
    if (header !== undefined) {
      const used = header === MAIN_GROUP || (header.startsWith(ACTION_GROUP) && groups.size <= MAX_ACTIONS);
      group = used && !groups.has(header) ? new Map() : undefined;
      rules = header === MAIN_GROUP ? ENTRY_KEYS : ACTION_KEYS;
      if (group !== undefined) groups.set(header, group);
      continue;
    }
    const [, key = "", locale = "", value = ""] = /^([A-Za-z0-9-]+)(?:\[([^\]]{1,40})\])?\s*=(.*)$/s.exec(line) ?? [];
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (group === undefined || rule === undefined) continue;
    // An encoding in a locale is a remnant of older versions.
    const plain = locale.replace(/\.[^@]*/, "");
    if (plain !== "" && !(rule.localized && LOCALE.test(plain))) continue;
    const values = group.get(key) ?? new Map<string, string>();
    group.set(key, values);
    if (!values.has(plain) && values.size < MAX_TRANSLATIONS) values.set(plain, value.trim());
  }
  return groups;
}

function readActions(groups: ReadonlyMap<string, Group>, main: Group): DesktopAction[] {
  return [...new Set(names(main, "Actions"))].slice(0, MAX_ACTIONS).flatMap((id) => {
    const name = texts(groups.get(ACTION_GROUP + id), "Name", 1);
    return name.has("") ? [{ id, name }] : [];
  });
}

/** Parts of a list that was put together again; no clean text has it. */
const LIST_SEPARATOR = "\u0000";

/** The texts of a key, clean; of lists the parts, joined by {@link LIST_SEPARATOR}. What is empty is left out. */
function texts(group: Group | undefined, key: string, mostParts: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const [locale, raw] of group?.get(key) ?? []) {
    const parts = mostParts === 1 ? [unescaped(raw)] : list(raw).map(unescaped);
    const clean = parts
      .slice(0, mostParts)
      .map(cleanValue)
      .filter((part) => part !== "");
    if (clean.length > 0) found.set(locale, clean.join(LIST_SEPARATOR));
  }
  return found;
}

/** Line ends and tabs are blanks in a menu, everything else that is unsafe is gone. */
function cleanValue(value: string): string {
  const oneLine = value.replace(/\s+/g, " ").trim();
  return sanitizeText(oneLine, MAX_VALUE_CHARS).replaceAll("\ufffd", "").trim();
}

function names(group: Group, key: string): string[] {
  return list(group.get(key)?.get("")).filter((name) => NAME.test(name));
}

/** "a;b\;c;" as [a, b\;c]: what is escaped stays so. */
function list(value: string | undefined): string[] {
  const parts = (value ?? "").match(/(?:\\.|[^;\\])+/gs) ?? [];
  return parts.slice(0, MAX_LIST_PARTS).map((part) => part.trim());
}

/** \s, \n, \t, \r, \\ and \; of a value. */
function unescaped(value: string): string {
  const characters: Readonly<Record<string, string>> = { s: " ", n: "\n", t: "\t", r: "\r", "\\": "\\", ";": ";" };
  return value.replace(/\\(.)/gs, (whole, character: string) => characters[character] ?? whole);
}

/** By the first field code that names files or addresses. */
function acceptsOf(command: string): DesktopEntry["accepts"] {
  const code = /%([fFuU])/.exec(command.replaceAll("%%", ""))?.[1] as keyof typeof ACCEPTS | undefined;
  return code === undefined ? "nothing" : ACCEPTS[code];
}

function unusable(why: string): VitrineError {
  return new VitrineError("invalid-argument", `Cannot use a desktop entry of a guest: ${why}`);
}
