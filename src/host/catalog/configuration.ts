/**
 * Which sources the catalog has: those of $XDG_CONFIG_HOME/vitrine/catalog.json, else Debian's archive, for the release that
 * images are made of.
 *
 *     {"sources": [
 *       {"kind": "debian", "suite": "trixie", "components": ["main", "contrib"]},
 *       {"kind": "debian", "suite": "trixie-updates"},
 *       {"kind": "directory", "name": "here", "path": "/usr/share/swcatalog/xml"},
 *       {"kind": "file", "name": "flathub", "address": "https://.../appstream.xml.gz"}
 *     ]}
 */
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
import { readUserSettings } from "../files/user-settings.ts";
import { archiveAddress, archiveKeyring } from "../image/archive-source.ts";
import { ARCHITECTURE, RELEASE } from "../image/packages.ts";
import { DirectorySource, FileSource } from "./appstream-source.ts";
import { DebianSource } from "./debian-source.ts";
import { catalogConfiguration, type Environment } from "./directories.ts";
import type { CatalogSource } from "./source.ts";

/** Sources of one catalog. */
export const MAX_SOURCES = 32;

const name = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/));
const absolutePath = z.string().check(z.regex(/^\//));
const suite = z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/));

const sourceSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("debian"),
    name: z.optional(name),
    suite,
    components: z.optional(z.array(z.string().check(z.regex(/^[a-z][a-z0-9-]{0,63}$/)))),
    /** Address without "/dists"; by default the archive of everything else. */
    archive: z.optional(z.string().check(z.regex(/^https?:\/\/\S+$/))),
    /** By default Debian's. */
    keyring: z.optional(absolutePath),
  }),
  z.strictObject({ kind: z.literal("directory"), name, path: absolutePath }),
  z.strictObject({
    kind: z.literal("file"),
    name,
    address: z.string().check(z.regex(/^(?:https?:\/\/\S+|\/.+)$/)),
    sha256: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
  }),
]);
const schema = z.strictObject({ sources: z.array(sourceSchema).check(z.minLength(1), z.maxLength(MAX_SOURCES)) });
type SourceDescription = z.infer<typeof sourceSchema>;

const DEFAULT: readonly SourceDescription[] = [{ kind: "debian", suite: RELEASE }];

/** The sources that are configured, the most important first. "invalid-argument" when the file is not right. */
export function configuredSources(environment: Environment): CatalogSource[] {
  const path = catalogConfiguration(environment);
  const sources = readSources(path).map(toSource);
  const names = sources.map((source) => source.name);
  const twice = names.find((entry, index) => names.indexOf(entry) !== index);
  if (twice === undefined) return sources;
  throw new VitrineError(
    "invalid-argument",
    `Cannot use "${path}": two sources are named "${twice}", want different names`,
  );
}

/** A suite of a Debian archive, as it is configured. */
export interface ConfiguredArchive {
  readonly archive: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** Path of the keyring that its signature is checked with. */
  readonly keyring: string;
}

/** The Debian archives that the user has configured: where packages are installed from. None without a configuration. */
export function configuredArchives(environment: Environment): ConfiguredArchive[] {
  const sources = readSources(catalogConfiguration(environment));
  return sources === DEFAULT ? [] : sources.flatMap((source) => (source.kind === "debian" ? [toArchive(source)] : []));
}

function toArchive(source: SourceDescription & { kind: "debian" }): ConfiguredArchive {
  return {
    archive: source.archive ?? archiveAddress(),
    suite: source.suite,
    components: source.components ?? ["main"],
    keyring: source.keyring ?? archiveKeyring(),
  };
}

function readSources(path: string): readonly SourceDescription[] {
  return readUserSettings(path, schema)?.sources ?? DEFAULT;
}

function toSource(description: SourceDescription): CatalogSource {
  switch (description.kind) {
    case "debian":
      return new DebianSource({
        name: description.name ?? `debian ${description.suite}`,
        ...toArchive(description),
        architecture: ARCHITECTURE,
      });
    case "directory":
      return new DirectorySource(description.name, description.path);
    case "file":
      return new FileSource(description.name, description.address, description.sha256);
  }
}
