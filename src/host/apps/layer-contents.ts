/** What a builder says of a layer: printed by programs of the guest, so taken only where it has the form that is wanted. */
import { VitrineError } from "../../base/error.ts";
import { type Untrusted, validate } from "../../base/untrusted.ts";

/** Packages, and files of interest, of one layer. A full desktop has 3000 packages. */
export const MAX_LAYER_PACKAGES = 20_000;
export const MAX_LAYER_PATHS = 20_000;
/** Characters of what one step prints for us to read. */
export const MAX_STEP_OUTPUT_CHARS = 8 * 1024 * 1024;

const NAME = "[a-z0-9][a-z0-9+.-]{1,127}";
const VERSION = "[A-Za-z0-9.+:~-]{1,128}";

export interface FetchPlan {
  /** Names of the packages that will be fetched. */
  readonly packages: readonly string[];
  readonly bytes: number;
}

/** What `apt-get --print-uris install` prints: 'ADDRESS' FILE SIZE HASH, a line for each package. */
export function parsePlan(text: Untrusted<string>): FetchPlan {
  const found = matches(text, new RegExp(`^'\\S+' (${NAME})_\\S+\\.deb (\\d{1,12})(?: \\S*)?$`), MAX_LAYER_PACKAGES);
  return {
    packages: found.map(([, name = ""]) => name),
    bytes: found.reduce((sum, [, , size]) => sum + Number(size), 0),
  };
}

/** Lines of "NAME VERSION". */
export function parseVersions(text: Untrusted<string>): { name: string; version: string }[] {
  return matches(text, new RegExp(`^(${NAME}) (${VERSION})$`), MAX_LAYER_PACKAGES).map(
    ([, name = "", version = ""]) => ({
      name,
      version,
    }),
  );
}

export interface Upgrade {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** It comes from an archive of security updates. */
  readonly security: boolean;
}

/** What `apt-get -s dist-upgrade` would install: Inst NAME [OLD] (NEW ORIGIN ...). */
export function parseUpgrades(text: Untrusted<string>): Upgrade[] {
  const form = new RegExp(`^Inst (${NAME}) \\[(${VERSION})\\] \\((${VERSION}) (.*)\\)`);
  return matches(text, form, MAX_LAYER_PACKAGES)
    .map(([, name = "", from = "", to = "", origin = ""]) => ({ name, from, to, security: /-security/i.test(origin) }))
    .filter(({ from, to }) => from !== to);
}

/** One number of bytes; 0 when it is none. */
export function parseSize(text: Untrusted<string>): number {
  return Number(matches(text, /^(\d{1,13})$/, 1)[0]?.[1] ?? 0);
}

/** One name of a package, and nothing else. */
export function parsePackageName(text: Untrusted<string>): string {
  const name = matches(text, new RegExp(`^(${NAME})$`), 1)[0]?.[1];
  if (name !== undefined) return name;
  throw new VitrineError("invalid-argument", "Cannot install this file: it is no Debian package");
}

/** The files of a layer that matter outside of it. */
export interface LayerPaths {
  /** Names of desktop entries, without ".desktop". */
  readonly entries: readonly string[];
  readonly commands: readonly string[];
  readonly icons: readonly { readonly name: string; readonly size: number; readonly path: string }[];
}

/** Lines with a path each, as the builder's `owned` and `added` print them. */
export function parsePaths(text: Untrusted<string>): LayerPaths {
  const found = matches(text, /^(\/usr\/[A-Za-z0-9@%+,._/ -]{1,400})$/, MAX_LAYER_PATHS).map(([, path = ""]) => path);
  const last = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const named = (pattern: RegExp) => [...new Set(found.flatMap((path) => pattern.exec(path)?.[1] ?? []))];
  return {
    entries: named(/^\/usr\/share\/applications\/([A-Za-z0-9_][A-Za-z0-9_.-]*)\.desktop$/),
    commands: named(/^\/usr\/(?:s?bin|games)\/([A-Za-z0-9_][A-Za-z0-9_.+-]*)$/),
    icons: found.flatMap((path) => {
      const size = /^\/usr\/share\/icons\/hicolor\/(\d+)x\1\/apps\/[^/]+\.png$/.exec(path)?.[1];
      return size === undefined ? [] : [{ name: last(path).slice(0, -".png".length), size: Number(size), path }];
    }),
  };
}

/** The lines that have the form, `most` of them: a match each. */
function matches(text: Untrusted<string>, form: RegExp, most: number): RegExpExecArray[] {
  return validate(text, (raw) => {
    const lines = raw.slice(0, MAX_STEP_OUTPUT_CHARS).split("\n");
    return lines.map((line) => form.exec(line)).filter((match) => match !== null);
  }).slice(0, most);
}
