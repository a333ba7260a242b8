/** Which packages are on this machine in some sandbox or image: read from their records as they are, for a mark beside a name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dataDirectory, type Environment } from "./directories.ts";

/** Records that are read of each kind; more images and sandboxes than that are nobody's. */
export const MAX_IMAGE_ENTRIES = 10_000;

/** Where a package was asked for, by the names of sandboxes and images. */
export interface Holders {
  readonly sandboxes: readonly string[];
  readonly images: readonly string[];
}

/** The holders of a package, by its name. A record that cannot be read counts for nothing: its own commands say what is wrong. */
export function installedPackages(environment: Environment): (name: string) => Holders {
  const directory = dataDirectory(environment);
  const images = namesIn(join(directory, "images"))
    .filter((file) => file.endsWith(".json"))
    .map((file) => [file.slice(0, -".json".length), packagesOfImage(join(directory, "images", file))] as const);
  const sandboxes = namesIn(join(directory, "sandboxes"))
    .filter((name) => !name.includes("."))
    .map((name) => [name, packagesOfSandbox(join(directory, "sandboxes", name, "sandbox.json"))] as const);
  const holding = (all: typeof images, name: string) =>
    all.flatMap(([holder, packages]) => (packages.includes(name) ? [holder] : []));
  return (name) => ({ sandboxes: holding(sandboxes, name), images: holding(images, name) });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).slice(0, MAX_IMAGE_ENTRIES);
  } catch {
    return []; // Nothing of that kind was ever made.
  }
}

function packagesOfImage(file: string): unknown[] {
  const record = readJson(file) as { inputs?: { packages?: unknown } } | undefined;
  return Array.isArray(record?.inputs?.packages) ? record.inputs.packages : [];
}

function packagesOfSandbox(file: string): unknown[] {
  const record = readJson(file) as { system?: { apps?: unknown } } | undefined;
  const apps = record?.system?.apps;
  return Array.isArray(apps) ? apps.map((app: { source?: { package?: unknown } }) => app?.source?.package) : [];
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
