/**
 * The signed release file of an archive: which suite it is, how long it may be believed, and size and SHA-256 of every other
 * file. Specification: Debian Repository Format, "Release files". Only text that a signature has covered may come here.
 */
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";

/** Files that one release may list; Debian 13 lists 1 300, its development suite 3 500. */
export const MAX_RELEASE_ENTRIES = 50_000;
/** Bytes of a file that a release may list; more than that is not downloaded for a catalog. */
export const MAX_LISTED_BYTES = 1024 * 1024 * 1024;

export interface ListedFile {
  readonly path: string;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface Release {
  readonly suite: string;
  readonly codename: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly validUntil: number | undefined;
  /** Files can be asked for by digest, so that they match this release while the archive is being changed. */
  readonly byHash: boolean;
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  readonly files: ReadonlyMap<string, ListedFile>;
}

const LISTED = /^ ([0-9a-f]{64}) +([0-9]{1,12}) +(\S{1,512})$/;
const PATH = /^[A-Za-z0-9][A-Za-z0-9._+~-]*(?:\/[A-Za-z0-9][A-Za-z0-9._+~-]*)*$/;

/** Reads a release file; "corrupt" when it is none. `address` is for the message. */
export function parseRelease(text: string, address: string): Release {
  const fields = new Map<string, string>();
  const files = new Map<string, ListedFile>();
  let current = "";
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^([A-Za-z0-9-]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      current = name;
      fields.set(name, value.trim());
    } else if (current === "SHA256") {
      const [, sha256 = "", size = "", path = ""] = LISTED.exec(line) ?? [];
      if (!PATH.test(path) || Number(size) > MAX_LISTED_BYTES) continue;
      if (files.size >= MAX_RELEASE_ENTRIES) throw unusable(address, `it lists more than ${MAX_RELEASE_ENTRIES} files`);
      files.set(path, { path, size: Number(size), sha256 });
    }
  }
  const date = Date.parse(fields.get("Date") ?? "");
  if (Number.isNaN(date)) throw unusable(address, `its date "${show(fields.get("Date"))}" cannot be read`);
  const until = fields.get("Valid-Until");
  const validUntil = until === undefined ? undefined : Date.parse(until);
  if (Number.isNaN(validUntil)) throw unusable(address, `its end "${show(until)}" cannot be read`);
  return {
    suite: fields.get("Suite") ?? "",
    codename: fields.get("Codename") ?? "",
    date,
    validUntil,
    byHash: fields.get("Acquire-By-Hash") === "yes",
    components: words(fields.get("Components")),
    architectures: words(fields.get("Architectures")),
    files,
  };
}

export interface ReleaseExpectation {
  readonly address: string;
  readonly suite: string;
  /** The date of the release that was accepted last, if any. */
  readonly heldDate: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Throws unless `release` is of the suite that was asked for, still valid, and no older than what is held. */
export function checkRelease(release: Release, { address, suite, heldDate, now }: ReleaseExpectation): void {
  if (release.suite !== suite && release.codename !== suite) {
    const found = show([release.suite, release.codename].filter((name) => name !== "").join(", "));
    throw unusable(address, `it is signed for suite "${found}", "${suite}" was asked for`);
  }
  if (release.validUntil !== undefined && release.validUntil < now) {
    throw unusable(address, `it was valid until ${day(release.validUntil)} only: the mirror is stale, or replays it`);
  }
  if (heldDate !== undefined && release.date < heldDate) {
    throw unusable(
      address,
      `it is of ${day(release.date)}, older than the one of ${day(heldDate)} that was seen before`,
    );
  }
}

function unusable(address: string, why: string): VitrineError {
  return new VitrineError("corrupt", `Cannot trust the release file "${address}": ${why}`, {
    fix: "choose another mirror with VITRINE_DEBIAN_MIRROR, and check this machine's clock",
  });
}

function words(value = ""): string[] {
  return value.split(/\s+/).filter((word) => word !== "");
}

function day(time: number): string {
  return new Date(time)
    .toISOString()
    .replace(/:\d\d\.\d+Z$/, " UTC")
    .replace("T", " ");
}

function show(value = ""): string {
  return sanitizeText(value, 80);
}
