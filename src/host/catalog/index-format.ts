/**
 * What the index holds: everything that searching and showing need, in the order and form in which they need it. Texts are
 * lines of fields parted by tabs; clean text has neither. Sections:
 *
 *     about          JSON, {@link About}
 *     apps           a line for each component: id, kind, package, version, source
 *     text.LANGUAGE  a line for each component that has any in it (in C all have): number, name, summary
 *     find           a line for each component, folded: id, package, name, keywords, summary, words of the description
 *     find.LANGUAGE  a line for each component that has any in it, folded: number, name, keywords, summary
 *     vocabulary, vocabulary.LANGUAGE   a line for each different word of ids, packages, names and keywords, folded
 *     places, details   where each component's record begins (u32, one more than components); deflated JSON
 *     package-lines, packages   where each line begins; name, version, section, home page, description, sorted by name
 *     package-first, package-needs, package-download, package-installed, package-base   arrays of {@link PackageGraph}
 */

/** A verified tar of icons in the store of files. */
export interface IconArchive {
  readonly size: number;
  readonly scale: number;
  readonly sha256: string;
}

/** What the index says of itself. */
export interface About {
  /** What it was made of; equal inputs need no new index. */
  readonly key: string;
  readonly createdAt: number;
  readonly components: number;
  readonly packages: number;
  readonly sources: readonly AboutSource[];
}

export interface AboutSource {
  readonly name: string;
  readonly date: number | null;
  readonly components: number;
  readonly icons: readonly IconArchive[];
  /** What was left out, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** Words of a description shorter than this find too much. */
export const MIN_WORD_CHARS = 3;
/** Languages that can be searched in; Debian's components have 250. Each has three sections. */
export const MAX_INDEX_LANGUAGES = 600;
