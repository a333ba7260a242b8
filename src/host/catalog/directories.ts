/** Where the catalog lies: $XDG_DATA_HOME/vitrine/catalog. This file stays small: every search reads it. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** $XDG_DATA_HOME/vitrine; nothing is created. */
export function dataDirectory(environment: Environment): string {
  return join(baseDirectory(environment, "XDG_DATA_HOME", ".local/share"), "vitrine");
}

export interface CatalogPaths {
  readonly directory: string;
  /** What is searched, made from the files. */
  readonly index: string;
  /** Held by whoever refreshes. */
  readonly lock: string;
  /** Downloads, each named for its SHA-256. */
  readonly files: string;
  /** Signed release files as they were accepted last. */
  readonly releases: string;
  /** Icons that somebody asked for. */
  readonly icons: string;
}

export function catalogPaths(environment: Environment): CatalogPaths {
  const directory = join(dataDirectory(environment), "catalog");
  return {
    directory,
    index: join(directory, "index"),
    lock: join(directory, "lock"),
    files: join(directory, "files"),
    releases: join(directory, "releases"),
    icons: join(directory, "icons"),
  };
}

/** The file that names other sources than the default: $XDG_CONFIG_HOME/vitrine/catalog.json. */
export function catalogConfiguration(environment: Environment): string {
  return join(baseDirectory(environment, "XDG_CONFIG_HOME", ".config"), "vitrine", "catalog.json");
}

function baseDirectory(environment: Environment, variable: string, fallback: string): string {
  const configured = environment[variable];
  if (configured !== undefined && isAbsolute(configured)) return configured;
  return join(environment.HOME || homedir(), fallback);
}
