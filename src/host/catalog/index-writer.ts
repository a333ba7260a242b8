/** Makes the index of what sources gave; index-format.ts says what it holds. */
import { COMPONENT_KINDS, type Component, UNTRANSLATED } from "./component.ts";
import type { Drops } from "./drops.ts";
import { type About, type IconArchive, MIN_WORD_CHARS } from "./index-format.ts";
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

function textSections(components: readonly Numbered[]): [string, Uint8Array][] {
  const shown = new Map<string, (string | number)[][]>();
  const searched = new Map<string, (string | number)[][]>();
  const add = (sections: typeof shown, language: string, row: (string | number)[]): void => {
    const rows = sections.get(language) ?? [];
    sections.set(language, rows);
    rows.push(row);
  };
  for (const [number, { component }] of components.entries()) {
    const { name, summary, keywords } = component;
    add(shown, UNTRANSLATED, [number, name[UNTRANSLATED] ?? "", summary[UNTRANSLATED] ?? ""]);
    for (const language of new Set([name, summary, keywords].flatMap((text) => Object.keys(text)))) {
      if (language === UNTRANSLATED) continue;
      add(shown, language, [number, name[language] ?? "", summary[language] ?? ""]);
      add(searched, language, [number, ...foldedTexts(component, language)]);
    }
  }
  return [
    ...[...shown].map(([language, rows]): [string, Uint8Array] => [`text.${language}`, lines(rows)]),
    ...[...searched].map(([language, rows]): [string, Uint8Array] => [`find.${language}`, lines(rows)]),
  ];
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
