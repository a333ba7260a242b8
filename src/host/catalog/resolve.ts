/** From what a person calls a program (its AppStream id, its package, its name) to what the catalog has. */
import { VitrineError } from "../../base/error.ts";
import type { AppRow, Catalog, PackageRow } from "./catalog.ts";
import { nearestNames } from "./search.ts";
import { wordsOf } from "./text.ts";

/** A component, or a package with the components in it: none, or several of equal right. */
export type Resolved =
  | { readonly kind: "component"; readonly row: AppRow }
  | { readonly kind: "package"; readonly row: PackageRow; readonly components: readonly AppRow[] };

/**
 * What `text` names: an id, else a package, else a name in one of the `languages`, else an id in other letter case. Throws
 * "not-found", with what is most like it, or with the ids when it is the name of several.
 */
export function resolve(catalog: Catalog, text: string, languages: readonly string[]): Resolved {
  const id = text.replace(/\.desktop$/, "");
  const rows = Array.from({ length: catalog.about.components }, (_, number) => catalog.row(number));
  const found = (row: AppRow | undefined): Resolved | undefined => row && { kind: "component", row };
  return (
    found(rows.find((row) => row.id === id)) ??
    resolvePackage(catalog, rows, text) ??
    found(resolveName(catalog, rows, text, languages)) ??
    found(rows.find((row) => row.id.toLowerCase() === id.toLowerCase())) ??
    refuse(catalog, text, languages)
  );
}

function resolvePackage(catalog: Catalog, rows: readonly AppRow[], name: string): Resolved | undefined {
  const row = catalog.package(name);
  const inside = rows.filter((entry) => entry.package === name);
  const apps = inside.filter(({ kind }) => kind === "desktop-application");
  const [only, second] = apps.length > 0 ? apps : inside;
  if (only !== undefined && second === undefined) return { kind: "component", row: only };
  return row === undefined ? undefined : { kind: "package", row, components: inside };
}

function resolveName(
  catalog: Catalog,
  rows: readonly AppRow[],
  text: string,
  languages: readonly string[],
): AppRow | undefined {
  const words = wordsOf(text).map((word) => [word]);
  const name = words.join(" ");
  const named = catalog.mentioning(words, languages).flatMap((number) => {
    const row = rows[number];
    return row !== undefined && catalog.searchable(number, languages).names.includes(name) ? [row] : [];
  });
  const apps = named.filter(({ kind }) => kind === "desktop-application");
  const candidates = apps.length > 0 ? apps : named;
  if (candidates.length <= 1) return candidates[0];
  throw new VitrineError("not-found", `Cannot tell what "${text}" is: ${candidates.length} have that name`, {
    fix: `one of: ${candidates.map((row) => row.id).join(", ")}`,
  });
}

function refuse(catalog: Catalog, text: string, languages: readonly string[]): never {
  const nearest = nearestNames(catalog, text, languages, true);
  throw new VitrineError("not-found", `Cannot find "${text}": no app or package of that name is in the catalog`, {
    fix: nearest.length > 0 ? `did you mean ${nearest.join(", ")}?` : `vitrine search "${text}"`,
  });
}
