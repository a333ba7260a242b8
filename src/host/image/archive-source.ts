/** Which Debian archive packages come from, and the keys that sign it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";

/** The archive of a machine that names none. */
const DEFAULT_ARCHIVE = "http://ftp.debian.org/debian";
/** How long an archive may take to say whether it has a suite, in milliseconds. */
export const SUITE_DEADLINE_MS = 10_000;
const SOURCES_DIRECTORY = "/etc/apt/sources.list.d";
/** Addresses by which archives are known. */
export const MAIN_ARCHIVE = /^https?:.*\/debian\/?$/;
const SECURITY_ARCHIVE = /^https?:.*\/debian-security\/?$/;
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** VITRINE_DEBIAN_MIRROR, else the main archive among this machine's own apt sources, else the documented default. */
export function archiveAddress(): string {
  return chosen("VITRINE_DEBIAN_MIRROR") ?? fromOwnSources(MAIN_ARCHIVE) ?? DEFAULT_ARCHIVE;
}

/** VITRINE_DEBIAN_SECURITY_MIRROR ("none" for none), else the security archive among this machine's own apt sources, if there is one. */
function securityAddress(): string | undefined {
  if (process.env.VITRINE_DEBIAN_SECURITY_MIRROR === "none") return undefined;
  return chosen("VITRINE_DEBIAN_SECURITY_MIRROR") ?? fromOwnSources(SECURITY_ARCHIVE);
}

/** One suite of an archive. */
export interface ArchiveSuite {
  readonly archive: string;
  readonly suite: string;
}

/**
 * Everything that belongs to a release: itself, and its updates and security updates where the archives have them. With a
 * `mirror` of one's own only what that has.
 */
export async function releaseSuites(release: string, mirror?: string): Promise<ArchiveSuite[]> {
  const archive = mirror ?? archiveAddress();
  const security = mirror === undefined ? securityAddress() : undefined;
  const more = [
    { archive, suite: `${release}-updates` },
    ...(security === undefined ? [] : [{ archive: security, suite: `${release}-security` }]),
  ];
  const there = await Promise.all(more.map(isThere));
  return [{ archive, suite: release }, ...more.filter((_, index) => there[index])];
}

/** Development releases have no updates beside themselves, and small mirrors leave them out. */
async function isThere(suite: ArchiveSuite): Promise<boolean> {
  try {
    const answer = await fetch(`${suiteAddress(suite)}/InRelease`, {
      method: "HEAD",
      signal: AbortSignal.timeout(SUITE_DEADLINE_MS),
    });
    return answer.ok;
  } catch {
    // The release itself is asked of the same server next, and that says what is wrong with it.
    return false;
  }
}

/** Where the files of a suite are. */
export function suiteAddress({ archive, suite }: ArchiveSuite): string {
  return `${archive.replace(/\/$/, "")}/dists/${suite}`;
}

/** A line of apt's sources. */
export function sourceLine({ archive, suite }: ArchiveSuite, keyring: string, components = "main"): string {
  return `deb [signed-by=${keyring}] ${archive} ${suite} ${components}`;
}

function chosen(variable: string): string | undefined {
  const value = process.env[variable];
  return value === "" ? undefined : value;
}

function fromOwnSources(wanted: RegExp): string | undefined {
  const files = ["/etc/apt/sources.list"];
  if (existsSync(SOURCES_DIRECTORY)) {
    files.push(...readdirSync(SOURCES_DIRECTORY).map((file) => `${SOURCES_DIRECTORY}/${file}`));
  }
  for (const file of files.filter((name) => existsSync(name))) {
    const found = findArchive(readFileSync(file, "utf8"), file.endsWith(".sources"), wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first address in a sources file that is `wanted` and serves the component main. */
export function findArchive(text: string, deb822: boolean, wanted: RegExp): string | undefined {
  for (const stanza of text.replaceAll(/^#.*\n?/gm, "").split(deb822 ? /\n\s*\n/ : "\n")) {
    const line = deb822 ? undefined : /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+\s+(.*)$/.exec(stanza);
    const uris = (deb822 ? field(stanza, "URIs") : line?.[1]) ?? "";
    const components = (deb822 ? field(stanza, "Components") : line?.[2]) ?? "";
    const address = uris.split(/\s+/).find((uri) => wanted.test(uri));
    if (address !== undefined && components.split(/\s+/).includes("main")) return address;
  }
  return undefined;
}

/** The keyring that the archive's signatures are checked with; "unavailable" when the machine has none. */
export function archiveKeyring(): string {
  if (existsSync(KEYRING)) return KEYRING;
  throw new VitrineError("unavailable", `Cannot check the archive's signatures: no keyring at "${KEYRING}"`, {
    fix: "apt install debian-archive-keyring",
  });
}

function field(stanza: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(stanza)?.[1]?.trim();
}
