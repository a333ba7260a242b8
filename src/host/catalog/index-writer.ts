/** Makes the index of what sources gave; index-format.ts says what it holds. */
import { COMPONENT_KINDS, type Component, UNTRANSLATED } from "./component.ts";
import type { Drops } from "./drops.ts";
import { type About, type IconArchive, MAX_INDEX_LANGUAGES, MIN_WORD_CHARS } from "./index-format.ts";
import { buildPackageGraph } from "./package-graph.ts";
import { compareVersions, upstreamVersion } from "./package-version.ts";
import { MAX_PACKAGES, type PackageEntry } from "./packages-file.ts";
import { encodeSections } from "./section-file.ts";
import { wordsOf } from "./text.ts";

/** What one source gave. */
export interface SourceContent {
  readonly name: string;
  /** When its publisher signed it, in milliseconds since 1970; null when it does not say. */
  readonly date: number | null;
  readonly components: Iterable<Component>;
  readonly packages: Iterable<PackageEntry>;
  readonly icons: readonly IconArchive[];
  readonly drops: Drops;
}

interface Numbered {
  readonly component: Component;
  readonly source: number;
}

/** The bytes of the index of `sources`, whose earlier ones win where two have the same component. `base` as for the graph. */
export function encodeIndex(key: string, sources: readonly SourceContent[], base: readonly string[]): Uint8Array {
  const packages = mergePackages(sources);
  const entries = [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const components = mergeComponents(sources);
  const counts = sources.map((_, source) => components.filter((entry) => entry.source === source).length);
  const about: About = {
    key,
    createdAt: Date.now(),
    components: components.length,
    packages: entries.length,
    // Drops last: reading components and packages above is what counts them.
    sources: sources.map(({ name, date, icons, drops }, source) => ({
      name,
      date,
      components: counts[source] ?? 0,
      icons,
      drops: drops.counts,
    })),
  };
  const version = ({ component }: Numbered): string => {
    const packaged = packages.get(component.package ?? "")?.version;
    return (packaged === undefined ? component.version : upstreamVersion(packaged)) ?? "";
  };
  const kind = ({ component }: Numbered): number => COMPONENT_KINDS.indexOf(component.kind);
  const sections = new Map<string, Uint8Array>([
    ["about", encode(JSON.stringify(about))],
    [
      "apps",
      lines(
        components.map((entry) => [
          entry.component.id,
          kind(entry),
          entry.component.package ?? "",
          version(entry),
          entry.source,
        ]),
      ),
    ],
    ["find", lines(components.map(({ component }) => foldedComponent(component)))],
    ...textSections(components),
    ...detailSections(components),
    ...packageSections(entries, base),
  ]);
  return encodeSections(sections);
}

function mergeComponents(sources: readonly SourceContent[]): Numbered[] {
  const known = new Map<string, Numbered>();
  for (const [source, { components, drops }] of sources.entries()) {
    for (const component of components) {
      if (known.has(component.id)) drops.count("component: id is there already");
      else known.set(component.id, { component, source });
    }
  }
  return [...known.values()].sort((a, b) => (a.component.id < b.component.id ? -1 : 1));
}

/** Of each package the newest version that any source has. */
function mergePackages(sources: readonly SourceContent[]): Map<string, PackageEntry> {
  const newest = new Map<string, PackageEntry>();
  for (const { packages, drops } of sources) {
    for (const entry of packages) {
      const known = newest.get(entry.name);
      if (known === undefined && newest.size >= MAX_PACKAGES) drops.count("package: too many");
      else if (known === undefined || compareVersions(known.version, entry.version) < 0) newest.set(entry.name, entry);
    }
  }
  return newest;
}

/** What is searched whatever the reader's language. */
function foldedComponent(component: Component): string[] {
  const words = wordsOf(component.description[UNTRANSLATED] ?? "").filter((word) => word.length >= MIN_WORD_CHARS);
  return [
    folded(component.id),
    folded(component.package ?? ""),
    ...foldedTexts(component, UNTRANSLATED),
    [...new Set(words)].join(" "),
  ];
}

function foldedTexts({ name, keywords, summary }: Component, language: string): string[] {
  return [name[language] ?? "", keywords[language]?.join(" ") ?? "", summary[language] ?? ""].map(folded);
}

function folded(text: string): string {
  return wordsOf(text).join(" ");
}

/** Languages that most components have texts in, at most {@link MAX_INDEX_LANGUAGES}: each has sections of its own. */
function indexedLanguages(components: readonly Numbered[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { component } of components) {
    for (const language of languagesOf(component)) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  counts.set(UNTRANSLATED, Number.POSITIVE_INFINITY);
  const common = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Set(common.slice(0, MAX_INDEX_LANGUAGES).map(([language]) => language));
}

function languagesOf({ name, summary, keywords }: Component): Set<string> {
  return new Set([UNTRANSLATED, ...[name, summary, keywords].flatMap((text) => Object.keys(text))]);
}

function textSections(components: readonly Numbered[]): [string, Uint8Array][] {
  const indexed = indexedLanguages(components);
  const shown = new Map<string, (string | number)[][]>();
  const searched = new Map<string, (string | number)[][]>();
  const words = new Map<string, Set<string>>();
  for (const [number, { component }] of components.entries()) {
    const { id, name, summary, keywords } = component;
    addWords(words, "vocabulary", [id, component.package ?? ""]);
    for (const language of languagesOf(component)) {
      if (!indexed.has(language)) continue;
      const vocabulary = language === UNTRANSLATED ? "vocabulary" : `vocabulary.${language}`;
      addWords(words, vocabulary, [name[language] ?? "", ...(keywords[language] ?? [])]);
      addRow(shown, `text.${language}`, [number, name[language] ?? "", summary[language] ?? ""]);
      if (language === UNTRANSLATED) continue;
      addRow(searched, `find.${language}`, [number, ...foldedTexts(component, language)]);
    }
  }
  return [
    ...[...shown, ...searched].map(([section, rows]): [string, Uint8Array] => [section, lines(rows)]),
    ...[...words].map(([section, set]): [string, Uint8Array] => [section, encode([...set].sort().join("\n"))]),
  ];
}

function addRow(sections: Map<string, (string | number)[][]>, section: string, row: (string | number)[]): void {
  const rows = sections.get(section) ?? [];
  sections.set(section, rows);
  rows.push(row);
}

function addWords(sections: Map<string, Set<string>>, section: string, texts: readonly string[]): void {
  const words = sections.get(section) ?? new Set();
  sections.set(section, words);
  for (const text of texts) for (const word of wordsOf(text)) words.add(word);
}

function detailSections(components: readonly Numbered[]): [string, Uint8Array][] {
  const records = components.map(({ component }) => Bun.deflateSync(Buffer.from(JSON.stringify(component))));
  return [
    ["places", offsets(records.map((record) => record.length))],
    ["details", Buffer.concat(records)],
  ];
}

function packageSections(entries: readonly PackageEntry[], base: readonly string[]): [string, Uint8Array][] {
  const rows = entries.map((entry) =>
    encode(`${[entry.name, entry.version, entry.section, entry.homepage, entry.description].join("\t")}\n`),
  );
  const graph = buildPackageGraph(entries, base);
  return [
    ["package-lines", offsets(rows.map((row) => row.length))],
    ["packages", Buffer.concat(rows)],
    ["package-first", bytes(graph.firstNeed)],
    ["package-needs", bytes(graph.needs)],
    ["package-download", bytes(graph.downloadKib)],
    ["package-installed", bytes(graph.installedKib)],
    ["package-base", graph.inBase],
  ];
}

/** Where each of consecutive parts begins, and where the last one ends. */
function offsets(lengths: readonly number[]): Uint8Array {
  const places = new Uint32Array(lengths.length + 1);
  for (const [index, length] of lengths.entries()) places[index + 1] = (places[index] ?? 0) + length;
  return bytes(places);
}

function bytes(array: Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function lines(rows: readonly (readonly (string | number)[])[]): Uint8Array {
  return encode(rows.map((row) => row.join("\t")).join("\n"));
}

function encode(text: string): Uint8Array {
  return Buffer.from(text);
}
