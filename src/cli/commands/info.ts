/** `vitrine info`: what the catalog knows of an app or a package. */
import { buildCommand } from "@stricli/core";
import type { Catalog } from "../../host/catalog/catalog.ts";
import type { Component, Localized } from "../../host/catalog/component.ts";
import type { Resolved } from "../../host/catalog/resolve.ts";
import { type CliContext, writeJson } from "../context.ts";
import { catalogName } from "../names.ts";
import { formatBytes, wrap } from "../terminal/report.ts";

/** Columns of running text where the terminal has more or does not say. */
const TEXT_COLUMNS = 80;
/** Pixels of the icon that --json names: what menus and stores want. */
const ICON_SIZE = 128;

export const infoCommand = buildCommand<{ json: boolean }, [string], CliContext>({
  async func({ json }, name) {
    const { openCatalog } = await import("../apps/catalog-access.ts");
    const { userLanguages } = await import("../../host/catalog/locale.ts");
    const { resolve } = await import("../../host/catalog/resolve.ts");
    using catalog = await openCatalog(this);
    const languages = userLanguages(this.process.env);
    const details = await describe(this, catalog, resolve(catalog, name, languages), languages);
    if (json) return writeJson(this, { ...details, icon: await iconOf(this, catalog, details.id) });
    this.process.stdout.write(format(details, Math.min(this.process.stdout.columns ?? TEXT_COLUMNS, TEXT_COLUMNS)));
  },
  parameters: {
    flags: { json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" } },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "AppStream id, package, or name", ...catalogName }],
    },
  },
  docs: {
    brief: "Show what is known of an app, and what it may do",
    fullDescription:
      "Sizes are those of the package, and of the package with all it needs beyond the base image: an estimate, which the\n" +
      "installation may undercut.\n\n  vitrine info org.gnome.Calculator",
  },
});

type Details = Awaited<ReturnType<typeof describe>>;

async function describe(context: CliContext, catalog: Catalog, found: Resolved, languages: readonly string[]) {
  const { upstreamVersion } = await import("../../host/catalog/package-version.ts");
  const { installSize } = await import("../../host/catalog/package-graph.ts");
  const { installedPackages } = await import("../../host/catalog/installed.ts");
  const { grantedTo } = await import("../apps/granted.ts");
  const holders = installedPackages(context.process.env)(
    (found.kind === "package" ? found.row.name : found.row.package) || "",
  );
  const component = found.kind === "component" ? catalog.component(found.row.number) : undefined;
  const row = found.kind === "package" ? found.row : catalog.package(found.row.package);
  const graph = row === undefined ? undefined : catalog.packageGraph();
  const whole = row === undefined || graph === undefined ? undefined : installSize(graph, [row.number]);
  const inLanguage = <T>(text: Localized<T> | undefined): T | null =>
    text === undefined
      ? null
      : ([...languages, "C"].map((tag) => text[tag]).find((value) => value !== undefined) ?? null);
  return {
    id: component?.id ?? null,
    kind: component?.kind ?? null,
    name: inLanguage(component?.name) ?? row?.name ?? "",
    summary: inLanguage(component?.summary) ?? row?.description ?? "",
    description: inLanguage(component?.description),
    developer: inLanguage(component?.developer),
    license: component?.license ?? null,
    categories: component?.categories ?? [],
    homepage: component?.urls.homepage ?? (row?.homepage || null),
    urls: component?.urls ?? {},
    version: (row === undefined ? component?.version : upstreamVersion(row.version)) ?? null,
    package: row === undefined ? null : { name: row.name, version: row.version, section: row.section },
    source: found.kind === "component" ? (catalog.about.sources[found.row.source]?.name ?? null) : null,
    size:
      row === undefined || graph === undefined || whole === undefined
        ? null
        : {
            download: (graph.downloadKib[row.number] ?? 0) * 1024,
            installed: (graph.installedKib[row.number] ?? 0) * 1024,
            downloadWithNeeds: whole.download,
            installedWithNeeds: whole.installed,
            packages: whole.packages,
          },
    ...holders,
    extends: component?.extends ?? [],
    components: found.kind === "package" ? found.components.map(({ id }) => id) : [],
    screenshots: component?.screenshots ?? ([] as Component["screenshots"]),
    permissions: await grantedTo(holders.sandboxes[0], context.process.env),
  };
}

/** Path of its icon file, taken out of the archive of icons if nobody has yet. */
async function iconOf(context: CliContext, catalog: Catalog, id: string | null): Promise<string | null> {
  if (id === null) return null;
  const { catalogIcon } = await import("../../host/catalog/icons.ts");
  return catalogIcon(catalog, id, ICON_SIZE, context.process.env) ?? null;
}

function format(details: Details, columns: number): string {
  const { name, summary, description, size, screenshots, permissions } = details;
  const bytes = (own: number, all: number, count: number): string =>
    `${formatBytes(own)}; with all it needs at most ${formatBytes(all)} (${count} packages)`;
  const widest = Math.max(...permissions.map(({ granted }) => granted.length));
  const facts: [string, string | null][] = [
    ["Id", details.id],
    ["Version", details.version],
    ["Package", details.package === null ? null : `${details.package.name} ${details.package.version}`],
    ["Apps in it", list(details.components)],
    ["Addon for", list(details.extends)],
    ["Source", details.source],
    ["Installed", installedIn(details)],
    ["Developer", details.developer],
    ["Licence", details.license],
    ["Home page", details.homepage],
    ["Categories", list(details.categories) ?? details.package?.section ?? null],
    ["Download", size === null ? null : bytes(size.download, size.downloadWithNeeds, size.packages)],
    ["On disk", size === null ? null : bytes(size.installed, size.installedWithNeeds, size.packages)],
  ];
  const parts = [
    wrap(summary === "" || summary === name ? name : `${name}: ${summary}`, columns),
    ...(description === null ? [] : [wrap(description, columns)]),
    table(facts.flatMap(([title, value]) => (value === null ? [] : [[title, value] as const]))),
    `May do\n${table(permissions.map(({ name: what, granted, brief }) => [what, `${granted.padEnd(widest)}  ${brief}`]))}`,
    ...(screenshots.length === 0 ? [] : [`Screenshots\n${screenshots.map(({ url }) => `  ${url}`).join("\n")}`]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function installedIn({ sandboxes, images }: Details): string {
  const places = [
    ...sandboxes.map((name) => `in sandbox ${name}`),
    ...(images.length === 0 ? [] : [`in image ${images.join(", ")}`]),
  ];
  return places.length === 0 ? "no" : places.join("; ");
}

function list(entries: readonly string[]): string | null {
  return entries.length === 0 ? null : entries.join(", ");
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([title]) => title.length));
  return rows.map(([title, value]) => `  ${title.padEnd(width)}  ${value}`).join("\n");
}
