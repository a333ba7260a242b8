/** The catalog for commands: opened, or fetched first where there is none yet. */
import { VitrineError } from "../../base/error.ts";
import { Catalog } from "../../host/catalog/catalog.ts";
import type { RefreshResult } from "../../host/catalog/refresh.ts";
import type { CliContext } from "../context.ts";

/** After how many days a search mentions that the catalog could be refreshed. */
const OLD_DAYS = 30;
const DAY_MS = 86_400_000;

/** Opens the catalog; the first time it is fetched, with progress shown. */
export async function openCatalog(context: CliContext): Promise<Catalog> {
  const { env, stderr } = context.process;
  const present = Catalog.open(env);
  if (present === undefined) await refreshCatalogOf(context, false);
  const catalog = present ?? Catalog.open(env);
  if (catalog === undefined) throw new VitrineError("internal", "Cannot open the catalog that was just fetched");
  const days = Math.floor((Date.now() - catalog.checkedAt) / DAY_MS);
  if (days >= OLD_DAYS)
    stderr.write(`vitrine: the catalog is ${days} days old; vitrine catalog refresh brings it up to date\n`);
  return catalog;
}

/** Refreshes the catalog with a line of progress; Ctrl-C leaves the old one. */
export async function refreshCatalogOf(context: CliContext, force: boolean): Promise<RefreshResult> {
  const { configuredSources } = await import("../../host/catalog/configuration.ts");
  const { refreshCatalog } = await import("../../host/catalog/refresh.ts");
  const { interruptible } = await import("../terminal/interrupt.ts");
  const { ProgressLine } = await import("../terminal/progress.ts");
  const environment = context.process.env;
  const progress = new ProgressLine(context, "catalog");
  return await interruptible(async (signal) => {
    try {
      const sources = configuredSources(environment);
      const result = await refreshCatalog(sources, { environment, signal, force, onProgress: progress.report });
      progress.done(result.changed ? `${result.about.components} apps and other components` : "up to date");
      return result;
    } catch (error) {
      progress.fail();
      throw error;
    }
  });
}
