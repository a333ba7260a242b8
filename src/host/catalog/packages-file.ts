/**
 * The Packages index of an archive: one paragraph for each package. Of its fields those are kept that `info` shows, and
 * those that say what a package needs. Specification: Debian Policy Manual, 5.1; Debian Repository Format, "Packages".
 */
import type { Drops } from "./drops.ts";
import { cleanText } from "./text.ts";
import { MAX_VERSION_CHARS } from "./validate-component.ts";

/** Packages of all sources together. Debian 13 has 69 000. */
export const MAX_PACKAGES = 400_000;
/** Characters of a package's one-line description and home page that are kept. */
export const MAX_PACKAGE_TEXT_CHARS = 300;
/** Clauses of what one package needs or provides; the longest of Debian 13 has 1 603. */
export const MAX_RELATION_ENTRIES = 4096;
/** Size of a package, packed and installed, in KiB: more than that is no size. */
export const MAX_PACKAGE_KIB = 2 ** 31;

export interface PackageEntry {
  readonly name: string;
  readonly version: string;
  /** Bytes to download. */
  readonly download: number;
  /** KiB on the disk, as its maintainers' tools counted. */
  readonly installedKib: number;
  readonly section: string;
  readonly homepage: string;
  /** One line. */
  readonly description: string;
  /** True for what every system has. */
  readonly essential: boolean;
  /** Depends and Pre-Depends: each clause is met by any one of its packages. */
  readonly needs: readonly (readonly string[])[];
  /** Names of virtual packages that it stands for. */
  readonly provides: readonly string[];
}

const NAME = /^[a-z0-9][a-z0-9+.-]{1,127}$/;
const VERSION = /^[A-Za-z0-9.+:~-]+$/;

/** The packages in `text`, paragraph by paragraph. */
export function* parsePackages(text: string, drops: Drops): Generator<PackageEntry> {
  for (let start = 0; start < text.length; ) {
    const gap = text.indexOf("\n\n", start);
    const end = gap < 0 ? text.length : gap;
    const entry = parseParagraph(text, start, end);
    if (entry !== undefined) yield entry;
    else if (text.slice(start, end).trim() !== "") drops.count("package: not readable");
    start = end + 2;
  }
}

const WANTED: ReadonlySet<string> = new Set([
  "Package",
  "Version",
  "Size",
  "Installed-Size",
  "Section",
  "Homepage",
  "Description",
  "Essential",
  "Pre-Depends",
  "Depends",
  "Provides",
]);

/** The package that a paragraph describes; undefined when it describes none. Continued lines are of no field that matters. */
function parseParagraph(text: string, start: number, end: number): PackageEntry | undefined {
  const fields = new Map<string, string>();
  for (let at = start; at < end; ) {
    const next = text.indexOf("\n", at);
    const stop = next < 0 || next > end ? end : next;
    const colon = text.indexOf(":", at);
    if (colon > at && colon < stop) {
      const name = text.slice(at, colon);
      if (WANTED.has(name)) fields.set(name, text.slice(colon + 1, stop).trim());
    }
    at = stop + 1;
  }
  return toEntry((name) => fields.get(name) ?? "");
}

function toEntry(field: (name: string) => string): PackageEntry | undefined {
  const name = field("Package");
  const version = field("Version");
  const download = Number(field("Size"));
  const installedKib = Number(field("Installed-Size") || "0");
  const sizes = [download / 1024, installedKib];
  if (!NAME.test(name) || !VERSION.test(version) || version.length > MAX_VERSION_CHARS) return undefined;
  if (sizes.some((size) => !Number.isFinite(size) || size < 0 || size > MAX_PACKAGE_KIB)) return undefined;
  return {
    name,
    version,
    download,
    installedKib,
    section: cleanText(field("Section"), 64),
    homepage: cleanText(field("Homepage"), MAX_PACKAGE_TEXT_CHARS),
    description: cleanText(field("Description"), MAX_PACKAGE_TEXT_CHARS),
    essential: field("Essential") === "yes",
    needs: [...relations(field("Pre-Depends")), ...relations(field("Depends"))],
    provides: relations(field("Provides")).flat(),
  };
}

/** "a (>= 1) | b:any, c" as [[a, b], [c]]. */
function relations(value: string): string[][] {
  if (value === "") return [];
  return value
    .split(",", MAX_RELATION_ENTRIES)
    .map((clause) => clause.split("|").flatMap((part) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(part)?.[1] ?? []))
    .filter((clause) => clause.length > 0);
}
