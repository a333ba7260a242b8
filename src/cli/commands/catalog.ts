/** `vitrine catalog`: where apps are known from, and bringing that up to date. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import type { About } from "../../host/catalog/index-format.ts";
import { type CliContext, writeJson } from "../context.ts";
import { formatTable } from "../terminal/report.ts";

const json = { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" } as const;

const refresh = buildCommand<{ force: boolean; json: boolean }, [], CliContext>({
  async func(flags) {
    const { refreshCatalogOf } = await import("../apps/catalog-access.ts");
    const { changed, about } = await refreshCatalogOf(this, flags.force);
    if (flags.json) writeJson(this, { changed, ...about });
  },
  parameters: {
    flags: {
      force: { kind: "boolean", default: false, withNegated: false, brief: "Make the index anew, changed or not" },
      json,
    },
  },
  docs: {
    brief: "Fetch what the catalog's sources have now",
    fullDescription:
      "Fetches only what has changed, and checks signatures and digests before anything is read. What was there before is\n" +
      "kept when that fails. Searching needs no network afterwards.",
  },
});

const status = buildCommand<{ json: boolean }, [], CliContext>({
  async func(flags) {
    const { VitrineError } = await import("../../base/error.ts");
    const { Catalog } = await import("../../host/catalog/catalog.ts");
    using catalog = Catalog.open(this.process.env);
    if (catalog === undefined) {
      throw new VitrineError("not-found", "Cannot show the catalog: it was not fetched yet", {
        fix: "vitrine catalog refresh",
      });
    }
    const { about, checkedAt } = catalog;
    if (flags.json) return writeJson(this, { ...about, checkedAt });
    const day = (time: number | null): string => (time === null ? "-" : new Date(time).toISOString().slice(0, 10));
    const rows = about.sources.map((source) => [
      source.name,
      day(source.date),
      String(source.components),
      String(leftOut(source)),
    ]);
    this.process.stdout.write(formatTable(["SOURCE", "SIGNED", "COMPONENTS", "LEFT OUT"], rows));
    this.process.stdout.write(`${about.packages} packages; up to date on ${day(checkedAt)}\n`);
  },
  parameters: { flags: { json } },
  docs: {
    brief: "Show the catalog's sources, and how old it is",
    fullDescription:
      "Sources are those of $XDG_CONFIG_HOME/vitrine/catalog.json, else Debian's archive. LEFT OUT counts components, and\n" +
      "fields of components, that were not valid; --json says why.",
  },
});

function leftOut({ drops }: About["sources"][number]): number {
  return Object.values(drops).reduce((sum, count) => sum + count, 0);
}

export const catalogCommands = buildRouteMap({
  routes: { refresh, status },
  docs: { brief: "The catalog of apps: refresh it, show where it comes from" },
});
