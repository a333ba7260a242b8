/** `vitrine search`: apps of the catalog by what they are called and what they do. */
import { buildCommand } from "@stricli/core";
import { type CliContext, writeJson } from "../context.ts";
import { cutToWidth, formatTable } from "../terminal/report.ts";

/** Matches that are shown unless more are asked for: a screenful. */
export const DEFAULT_SEARCH_ENTRIES = 20;
/** A summary is not cut to less than this on a narrow terminal, in characters. */
const LEAST_SUMMARY = 20;
const GAP = 2;

interface SearchFlags {
  readonly all: boolean;
  readonly json: boolean;
  readonly limit: number;
}

export const searchCommand = buildCommand<SearchFlags, string[], CliContext>({
  async func({ all, json, limit }, ...words) {
    const { openCatalog } = await import("../apps/catalog-access.ts");
    const { installedPackages } = await import("../../host/catalog/installed.ts");
    const { userLanguages } = await import("../../host/catalog/locale.ts");
    const { nearestNames, search } = await import("../../host/catalog/search.ts");
    const text = words.join(" ");
    using catalog = await openCatalog(this);
    const languages = userLanguages(this.process.env);
    const matches = search(catalog, text, { languages, all });
    if (matches.length === 0) {
      const { VitrineError } = await import("../../base/error.ts");
      const nearest = nearestNames(catalog, text, languages, false);
      if (json) writeJson(this, { query: text, total: 0, matches: [], nearest });
      const more = all
        ? ""
        : `${nearest.length > 0 ? "; or " : ""}vitrine search --all "${text}", for what is no desktop app`;
      const meant = nearest.length > 0 ? `did you mean ${nearest.join(", ")}?` : "";
      throw new VitrineError("not-found", `Cannot find "${text}": no app matches`, { fix: meant + more });
    }
    const installed = installedPackages(this.process.env);
    const shown = (limit === 0 ? matches : matches.slice(0, limit)).map((match) => ({
      id: match.id,
      name: match.name,
      summary: match.summary,
      version: match.version === "" ? null : match.version,
      package: match.package === "" ? null : match.package,
      kind: match.kind,
      source: catalog.about.sources[match.source]?.name ?? null,
      ...installed(match.package),
    }));
    if (json) return writeJson(this, { query: text, total: matches.length, matches: shown });
    const rows = shown.map((match) => [
      match.name,
      match.id,
      match.version ?? "-",
      match.package ?? "-",
      [...match.sandboxes, ...match.images.map((image) => `image ${image}`)].join(", ") || "-",
      match.summary,
    ]);
    const header = ["NAME", "ID", "VERSION", "PACKAGE", "INSTALLED IN", "SUMMARY"];
    this.process.stdout.write(formatTable(header, fitted(rows, header, this.process.stdout)));
    const rest = matches.length - shown.length;
    if (rest > 0) this.process.stderr.write(`${rest} more; --limit 0 shows all\n`);
  },
  parameters: {
    flags: {
      all: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Search fonts, addons, console programs and so on too",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      limit: {
        kind: "parsed",
        parse: parseLimit,
        default: String(DEFAULT_SEARCH_ENTRIES),
        brief: "Most matches to show, 0 for all",
        placeholder: "N",
      },
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "Words of a name, an id, or of what it does", parse: String, placeholder: "WORD" },
    },
  },
  docs: {
    brief: "Search for apps",
    fullDescription:
      "Searches names, ids, keywords, summaries and descriptions, in your language (LANG) and in English. Spelling mistakes are\n" +
      "forgiven. The first search fetches the catalog; vitrine catalog refresh brings it up to date.\n\n" +
      "  vitrine search calculator",
  },
});

/** On a terminal the summaries are cut, so that a row is a line. */
function fitted(rows: string[][], header: string[], output: CliContext["process"]["stdout"]): string[][] {
  const { columns } = output;
  if (output.isTTY !== true || columns === undefined) return rows;
  const others = header
    .slice(0, -1)
    .map((title, column) => Math.max(title.length, ...rows.map((row) => Bun.stringWidth(row[column] ?? ""))));
  const room = columns - others.reduce((sum, width) => sum + width + GAP, 0);
  return rows.map((row) => [...row.slice(0, -1), cutToWidth(row.at(-1) ?? "", Math.max(LEAST_SUMMARY, room))]);
}

function parseLimit(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new TypeError(`"${text}" is no number of matches: want 0 or more`);
}
