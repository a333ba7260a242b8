/** The catalog as it is searched and shown: an open index. Reading is all it does. */
import { VitrineError } from "../../base/error.ts";
import { COMPONENT_KINDS, type Component, type ComponentKind, UNTRANSLATED } from "./component.ts";
import { catalogPaths, type Environment } from "./directories.ts";
import type { About } from "./index-format.ts";
import type { PackageGraph } from "./package-graph.ts";
import type { Searchable } from "./rank.ts";
import { SectionFile } from "./section-file.ts";

/** A component as a search shows it. */
export interface AppRow {
  /** Its place in the index. */
  readonly number: number;
  readonly id: string;
  readonly kind: ComponentKind;
  readonly package: string;
  readonly version: string;
  readonly source: number;
}

/** A component's texts in one language; what is not translated is empty. */
export interface AppText {
  readonly name: string;
  readonly summary: string;
}

export interface PackageRow {
  /** Its place among the packages. */
  readonly number: number;
  readonly name: string;
  readonly version: string;
  readonly section: string;
  readonly homepage: string;
  readonly description: string;
}

/** What parts the fields of a line. */
const TAB = 9;

export class Catalog implements Disposable {
  readonly #file: SectionFile;
  readonly #texts = new Map<string, string>();
  readonly #read = new Map<string, readonly string[]>();
  readonly #translated = new Map<string, ReadonlyMap<number, string>>();
  readonly about: About;

  private constructor(file: SectionFile) {
    this.#file = file;
    this.about = JSON.parse(file.read("about").toString()) as About;
  }

  /** The catalog of that user; undefined when there is none yet, or one that another version of Vitrine has made. */
  static open(environment: Environment): Catalog | undefined {
    const file = SectionFile.open(catalogPaths(environment).index);
    return file === undefined ? undefined : new Catalog(file);
  }

  /** When it was last found to be what its sources have, in milliseconds since 1970. */
  get checkedAt(): number {
    return this.#file.modifiedAt;
  }

  /** The component of that number, as a search shows it. */
  row(number: number): AppRow {
    const [id = "", kind = "", packageName = "", version = "", source = ""] = this.#fields("apps", number);
    return {
      number,
      id,
      kind: COMPONENT_KINDS[Number(kind)] ?? "generic",
      package: packageName,
      version,
      source: Number(source),
    };
  }

  /** Name and summary by number: in the first of the `languages` that has them, else untranslated. */
  text(number: number, languages: readonly string[]): AppText {
    const fields = [...languages, UNTRANSLATED].map((language) => this.#translation("text", language, number));
    const [name, summary] = [1, 2].map((field) => fields.map((found) => found[field]).find((text) => text));
    return { name: name ?? "", summary: summary ?? "" };
  }

  /**
   * Numbers of the components in which some word of each group stands somewhere, in some language of `languages` or
   * untranslated.
   */
  mentioning(groups: readonly (readonly string[])[], languages: readonly string[]): number[] {
    const sections = ["find", ...languages.map((language) => `find.${language}`)];
    const texts = sections.map((section) => this.#text(section));
    // Most words that are spelled wrong are nowhere at all: that is seen at a glance.
    const there = groups.map((words) => words.filter((word) => texts.some((text) => text.includes(word))));
    if (there.some((words) => words.length === 0)) return [];
    const translations = languages.map((language) => this.#translations("find", language));
    return this.#lines("find").flatMap((line, number) => {
      const found = (word: string): boolean =>
        line.includes(word) || translations.some((lines) => lines.get(number)?.includes(word));
      return there.every((words) => words.some(found)) ? [number] : [];
    });
  }

  /** The different words of all names, ids, packages and keywords, in those languages and untranslated. */
  vocabulary(languages: readonly string[]): string[] {
    const sections = ["vocabulary", ...languages.map((language) => `vocabulary.${language}`)];
    return sections.flatMap((section) => this.#lines(section));
  }

  /** What is searched of the component of that number. */
  searchable(number: number, languages: readonly string[]): Searchable {
    const [id = "", packageName = "", ...own] = this.#fields("find", number);
    const translated = languages.map((language) => this.#translation("find", language, number).slice(1));
    const texts = [...translated.filter((fields) => fields.length > 0), own];
    const [names = [], keywords = [], summaries = []] = [0, 1, 2].map((field) =>
      texts.flatMap((fields) => fields[field] || []),
    );
    return {
      id,
      package: packageName,
      names,
      keywords: keywords.join(" "),
      summaries: summaries.join(" "),
      description: own[3] ?? "",
    };
  }

  /** What the component of that number is called, folded: its id, its package, its names in those languages and its own. */
  callings(number: number, languages: readonly string[]): string[] {
    const own = this.#lines("find")[number]?.split("\t", 3) ?? [];
    const names = languages.map((language) => this.#translations("find", language).get(number)?.split("\t", 2)[1]);
    return [...own, ...names].filter((name) => name !== undefined);
  }

  /** All that is known of the component of that number. */
  component(number: number): Component {
    const places = this.#numbers("places");
    const [start, end] = [places[number] ?? 0, places[number + 1] ?? 0];
    const record = this.#file.readPart("details", start, end);
    try {
      return JSON.parse(Buffer.from(Bun.inflateSync(new Uint8Array(record))).toString()) as Component;
    } catch (cause) {
      throw new VitrineError("corrupt", `Cannot read the catalog: component ${number} is damaged`, {
        cause,
        fix: "vitrine catalog refresh --force",
      });
    }
  }

  /** The package of exactly that name. */
  package(name: string): PackageRow | undefined {
    const places = this.#numbers("package-lines");
    const wanted = Buffer.from(name);
    let [low, high] = [0, places.length - 2];
    while (low <= high) {
      const number = (low + high) >>> 1;
      const line = this.#file.readPart("packages", places[number] ?? 0, places[number + 1] ?? 0);
      const order = Buffer.compare(line.subarray(0, line.indexOf("\t")), wanted);
      if (order === 0) return toPackage(number, line.toString().trimEnd());
      if (order < 0) low = number + 1;
      else high = number - 1;
    }
    return undefined;
  }

  /** The names of packages for which `measure`, given where a name stands, is at least `least`, each with that. */
  packagesBy(measure: (data: Uint8Array, start: number, end: number) => number, least: number): [string, number][] {
    const data = this.#file.read("packages");
    const found: [string, number][] = [];
    for (const start of this.#numbers("package-lines")) {
      let end = start;
      while (end < data.length && data[end] !== TAB) end++;
      const measured = measure(data, start, end);
      if (measured >= least) found.push([data.toString("latin1", start, end), measured]);
    }
    return found;
  }

  packageGraph(): PackageGraph {
    return {
      firstNeed: this.#numbers("package-first"),
      needs: this.#numbers("package-needs"),
      downloadKib: this.#numbers("package-download"),
      installedKib: this.#numbers("package-installed"),
      inBase: this.#file.read("package-base"),
    };
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** All of a section; "" when there is none of that name. */
  #text(section: string): string {
    const known = this.#texts.get(section);
    if (known !== undefined) return known;
    const text = this.#file.has(section) ? this.#file.read(section).toString() : "";
    this.#texts.set(section, text);
    return text;
  }

  #lines(section: string): readonly string[] {
    const known = this.#read.get(section);
    if (known !== undefined) return known;
    const text = this.#text(section);
    const lines = text === "" ? [] : text.split("\n");
    this.#read.set(section, lines);
    return lines;
  }

  #fields(section: string, number: number): string[] {
    return this.#lines(section)[number]?.split("\t") ?? [];
  }

  /** The lines for one language, which begin with a number, by that; none for a language that nothing is in. */
  #translations(kind: "find" | "text", language: string): ReadonlyMap<number, string> {
    const section = `${kind}.${language}`;
    const known = this.#translated.get(section);
    if (known !== undefined) return known;
    const byNumber = new Map(this.#lines(section).map((line) => [Number.parseInt(line, 10), line]));
    this.#translated.set(section, byNumber);
    return byNumber;
  }

  #translation(kind: "find" | "text", language: string, number: number): string[] {
    return this.#translations(kind, language).get(number)?.split("\t") ?? [];
  }

  #numbers(section: string): Uint32Array {
    const data = this.#file.read(section);
    // A copy, since a buffer of the pool need not begin at a multiple of four.
    return new Uint32Array(new Uint8Array(data).buffer);
  }
}

function toPackage(number: number, line: string): PackageRow {
  const [name = "", version = "", section = "", homepage = "", description = ""] = line.split("\t");
  return { number, name, version, section, homepage, description };
}
