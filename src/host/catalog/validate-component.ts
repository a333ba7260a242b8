/**
 * From what a parser read to a {@link Component}: every field is looked at once, bounded and cleaned. The shape that goes
 * in is that of a DEP-11 document (Debian's YAML form of AppStream); other formats are brought into it first. A field that
 * is not valid is left out and counted; a component without a usable id, type or name is left out as a whole.
 */
import {
  type CachedIcon,
  COMPONENT_KINDS,
  type Component,
  type ComponentKind,
  type Localized,
  type Screenshot,
  UNTRANSLATED,
  URL_KINDS,
  type UrlKind,
} from "./component.ts";
import type { DropReason, Drops } from "./drops.ts";
import { languageTag } from "./locale.ts";
import { markupToText } from "./markup.ts";
import { cleanText } from "./text.ts";

/** Characters of an id, a name and a summary that are kept. */
export const MAX_ID_CHARS = 255;
export const MAX_NAME_CHARS = 120;
export const MAX_SUMMARY_CHARS = 400;
/** Characters of a licence expression, a version, a keyword, a category. */
export const MAX_LICENSE_CHARS = 400;
export const MAX_VERSION_CHARS = 64;
export const MAX_KEYWORD_CHARS = 80;
/** Characters of an address. */
export const MAX_ADDRESS_CHARS = 2048;
/** Languages of one text; Debian's have up to 130. */
export const MAX_LANGUAGES = 400;
/** Entries of a list: keywords of one language, categories, screenshots, icons, media types. */
export const MAX_LIST_ENTRIES = 256;

const ID = /^[A-Za-z0-9_][A-Za-z0-9._+:-]*$/;
const PACKAGE = /^[a-z0-9][a-z0-9+.-]{1,127}$/;
const ICON_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+:@-]{0,250}\.png$/;
const DESKTOP_ID = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,240}\.desktop$/;
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
const CATEGORY = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/** What a parser read; nothing is known of it. */
export type RawComponent = Readonly<Record<string, unknown>>;

export interface ComponentOrigin {
  /** Address that relative ones of screenshots begin with. */
  readonly mediaBase: string | undefined;
}

/** The component in `raw`; undefined when it is not usable. Whatever is left out is counted in `drops`. */
export function validateComponent(raw: RawComponent, origin: ComponentOrigin, drops: Drops): Component | undefined {
  const refuse = (reason: DropReason): undefined => void drops.count(reason);
  const kind = text(raw.Type, 64) === "desktop" ? "desktop-application" : text(raw.Type, 64);
  if (!isKind(kind)) return refuse("component: unknown type");
  if (raw.Merge !== undefined) return refuse("component: merges into another");
  const id = matching(text(raw.ID, MAX_ID_CHARS), ID);
  if (id === undefined) return refuse("component: bad id");
  const name = localized(raw.Name, (value) => line(value, MAX_NAME_CHARS), "field: text", drops);
  if (name[UNTRANSLATED] === undefined) return refuse("component: no name");
  const optional = <T>(value: unknown, check: (value: unknown) => T | undefined, reason: DropReason): T | undefined => {
    const found = value === undefined || value === null ? undefined : check(value);
    if (found === undefined && value !== undefined && value !== null) drops.count(reason);
    return found;
  };
  const list = <T>(value: unknown, check: (value: unknown) => T | undefined, reason: DropReason): T[] =>
    checkedList(value, check, reason, drops);
  const developer = isObject(raw.Developer) ? raw.Developer.name : raw.DeveloperName;
  const icons = isObject(raw.Icon) ? raw.Icon.cached : undefined;
  const launchable = isObject(raw.Launchable) ? raw.Launchable["desktop-id"] : undefined;
  const provides = isObject(raw.Provides) ? (raw.Provides.mediatypes ?? raw.Provides.mimetypes) : undefined;
  const newest = Array.isArray(raw.Releases) ? raw.Releases[0] : undefined;
  const desktopIds = list(
    launchable,
    (value) => matching(text(value, MAX_ID_CHARS), DESKTOP_ID),
    "field: desktop entry",
  );
  return {
    id: id.replace(/(?<=.)\.desktop$/, ""),
    kind,
    package: optional(raw.Package, (value) => matching(text(value, 128), PACKAGE), "field: package"),
    name,
    summary: localized(raw.Summary, (value) => line(value, MAX_SUMMARY_CHARS), "field: text", drops),
    description: localized(raw.Description, description, "field: text", drops),
    keywords: localized(raw.Keywords, (value) => keywords(value, drops), "field: keywords", drops),
    developer: localized(developer, (value) => line(value, MAX_NAME_CHARS), "field: text", drops),
    license: optional(raw.ProjectLicense, (value) => line(value, MAX_LICENSE_CHARS), "field: licence"),
    categories: list(raw.Categories, (value) => matching(text(value, 64), CATEGORY), "field: category"),
    urls: urls(raw.Url, drops),
    desktopId: desktopIds[0] ?? (id.endsWith(".desktop") ? matching(id, DESKTOP_ID) : undefined),
    icons: list(icons, cachedIcon, "field: icon"),
    screenshots: list(raw.Screenshots, (value) => screenshot(value, origin), "field: screenshot"),
    version: isObject(newest)
      ? optional(newest.version, (value) => line(value, MAX_VERSION_CHARS), "field: version")
      : undefined,
    extends: list(raw.Extends, (value) => matching(text(value, MAX_ID_CHARS), ID), "field: extended component"),
    mimeTypes: list(provides, (value) => matching(text(value, 255), MEDIA_TYPE), "field: media type"),
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isKind(kind: string | undefined): kind is ComponentKind {
  return (COMPONENT_KINDS as readonly (string | undefined)[]).includes(kind);
}

/** A scalar as text: unquoted numbers of YAML ("2048" is a game) included. Undefined when it is longer than `maxChars`. */
function text(value: unknown, maxChars: number): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const string = String(value);
  return string.length > 0 && string.length <= maxChars ? string : undefined;
}

/** A scalar as one clean line, cut at `maxChars`; undefined when nothing is left of it. */
function line(value: unknown, maxChars: number): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const clean = cleanText(String(value), maxChars);
  return clean === "" ? undefined : clean;
}

function matching(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}

function checkedList<T>(
  value: unknown,
  check: (value: unknown) => T | undefined,
  reason: DropReason,
  drops: Drops,
): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    drops.count(reason);
    return [];
  }
  const found: T[] = [];
  for (const entry of value.slice(0, MAX_LIST_ENTRIES)) {
    const checked = check(entry);
    if (checked === undefined) drops.count(reason);
    else found.push(checked);
  }
  drops.count(reason, Math.max(0, value.length - MAX_LIST_ENTRIES));
  return found;
}

function localized<T>(
  value: unknown,
  check: (value: unknown) => T | undefined,
  reason: DropReason,
  drops: Drops,
): Localized<T> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) {
    drops.count(reason);
    return {};
  }
  const found: Record<string, T> = {};
  for (const [index, [language, entry]] of Object.entries(value).entries()) {
    const tag = index < MAX_LANGUAGES ? languageTag(language) : undefined;
    const checked = tag === undefined ? undefined : check(entry);
    if (tag === undefined) drops.count("field: language");
    else if (checked === undefined) drops.count(reason);
    else found[tag] ??= checked;
  }
  return found;
}

function description(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const plain = markupToText(value);
  return plain === "" ? undefined : plain;
}

function keywords(value: unknown, drops: Drops): string[] | undefined {
  const found = checkedList(value, (entry) => line(entry, MAX_KEYWORD_CHARS), "field: keywords", drops);
  return found.length === 0 ? undefined : found;
}

/** An http or https address without a user in it, as the standard writes it. */
function address(value: unknown): string | undefined {
  const raw = text(value, MAX_ADDRESS_CHARS);
  if (raw === undefined || !URL.canParse(raw)) return undefined;
  const { protocol, username, password, href } = new URL(raw);
  const usable = (protocol === "https:" || protocol === "http:") && username === "" && password === "";
  return usable && href.length <= MAX_ADDRESS_CHARS ? href : undefined;
}

function urls(value: unknown, drops: Drops): Partial<Record<UrlKind, string>> {
  const found: Partial<Record<UrlKind, string>> = {};
  if (!isObject(value)) return found;
  for (const kind of URL_KINDS) {
    if (value[kind] === undefined) continue;
    const checked = address(value[kind]);
    if (checked === undefined) drops.count("field: address");
    else found[kind] = checked;
  }
  return found;
}

/** Whole pixels from 1 to 16384. */
function pixels(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 16_384 ? Number(value) : undefined;
}

function cachedIcon(value: unknown): CachedIcon | undefined {
  if (!isObject(value)) return undefined;
  const name = matching(text(value.name, MAX_ID_CHARS), ICON_NAME);
  const size = pixels(value.width);
  const scale = value.scale === undefined ? 1 : pixels(value.scale);
  if (name === undefined || size === undefined || scale === undefined || size !== value.height) return undefined;
  return { name, size, scale };
}

function screenshot(value: unknown, { mediaBase }: ComponentOrigin): Screenshot | undefined {
  if (!isObject(value)) return undefined;
  const source = value["source-image"];
  const images = [source, ...(Array.isArray(value.thumbnails) ? value.thumbnails.slice(0, 1) : [])].filter(isObject);
  for (const image of images) {
    const relative = text(image.url, MAX_ADDRESS_CHARS);
    if (relative === undefined) continue;
    const whole = mediaBase === undefined || /^[a-z][a-z0-9+.-]*:/i.test(relative);
    const url = address(whole ? relative : `${mediaBase}/${relative}`);
    if (url !== undefined) return { url, width: pixels(image.width), height: pixels(image.height) };
  }
  return undefined;
}
