/** Parameters that name a sandbox, an image or an app; a shell proposes those that there are. */
import { parsePolicy } from "../host/network/policy.ts";
import { HOME_STEP_BYTES } from "../host/sandbox/home-disk.ts";
import type { CliContext } from "./context.ts";
import { parseBytes } from "./terminal/report.ts";

async function proposeSandboxes(this: CliContext, partial: string): Promise<string[]> {
  const { listSandboxes } = await import("../host/sandbox/record.ts");
  return beginningWith(
    listSandboxes(this.process.env).map((entry) => entry.name),
    partial,
  );
}

async function proposeMade(this: CliContext, partial: string): Promise<string[]> {
  const { configNames } = await import("../host/sandbox/config.ts");
  return beginningWith(configNames(this.process.env), partial);
}

async function proposeImages(this: CliContext, partial: string): Promise<string[]> {
  const { listImages } = await import("../host/image/images.ts");
  return beginningWith(
    listImages().records.map((record) => record.name),
    partial,
  );
}

/** Ids of desktop applications; nothing before the first search has fetched the catalog. */
async function proposeApps(this: CliContext, partial: string): Promise<string[]> {
  const { Catalog } = await import("../host/catalog/catalog.ts");
  using catalog = Catalog.open(this.process.env);
  const rows = Array.from({ length: catalog?.about.components ?? 0 }, (_, number) => catalog?.row(number));
  return beginningWith(
    rows.flatMap((row) => (row?.kind === "desktop-application" ? [row.id] : [])),
    partial,
  );
}

async function proposeInstalled(this: CliContext, partial: string): Promise<string[]> {
  const { installedNames } = await import("../host/apps/find-app.ts");
  return beginningWith(installedNames(this.process.env), partial);
}

function beginningWith(names: string[], partial: string): string[] {
  return names.filter((name) => name.startsWith(partial));
}

export const sandboxName = { parse: String, placeholder: "SANDBOX", proposeCompletions: proposeSandboxes } as const;
/** One that was made, running or not. */
export const madeSandboxName = { parse: String, placeholder: "SANDBOX", proposeCompletions: proposeMade } as const;
export const imageName = { parse: String, placeholder: "NAME", proposeCompletions: proposeImages } as const;
export const catalogName = { parse: String, placeholder: "APP", proposeCompletions: proposeApps } as const;

/** Most that a home may take. */
export const homeSize = {
  parse: (text: string) => parseBytes(text, HOME_STEP_BYTES),
  placeholder: "SIZE",
} as const;

/** What a sandbox may reach. */
export const networkPolicy = { parse: parsePolicy, placeholder: "none|internet|lan|HOST,..." } as const;

/** An app that is installed, or a sandbox. */
export const installedName = { parse: String, placeholder: "APP", proposeCompletions: proposeInstalled } as const;
