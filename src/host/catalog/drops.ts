/** Counts what a source offered and the catalog did not take, by reason: nothing is left out unseen. */

/** Why a whole component, or one field of one, was left out. */
export type DropReason =
  | "document: not readable"
  | "document: too large"
  | "component: unknown type"
  | "component: bad id"
  | "component: no name"
  | "component: id is there already"
  | "component: merges into another"
  | "component: too many"
  | "package: not readable"
  | "package: too many"
  | "field: package"
  | "field: language"
  | "field: text"
  | "field: keywords"
  | "field: licence"
  | "field: category"
  | "field: address"
  | "field: desktop entry"
  | "field: icon"
  | "field: screenshot"
  | "field: version"
  | "field: media type"
  | "field: extended component";

export class Drops {
  readonly #counts = new Map<DropReason, number>();

  count(reason: DropReason, times = 1): void {
    if (times > 0) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + times);
  }

  /** How often each reason came up, those that did not left out. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
