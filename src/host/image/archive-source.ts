/** Which Debian archive packages come from, and the keys that sign it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";

/** The archive of a machine that names none. */
const DEFAULT_ARCHIVE = "http://ftp.debian.org/debian";
const SOURCES_DIRECTORY = "/etc/apt/sources.list.d";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** VITRINE_DEBIAN_MIRROR, else the main archive among this machine's own apt sources, else the documented default. */
export function archiveAddress(): string {
  const chosen = process.env.VITRINE_DEBIAN_MIRROR;
  if (chosen !== undefined && chosen !== "") return chosen;
  const files = ["/etc/apt/sources.list"];
  if (existsSync(SOURCES_DIRECTORY)) {
    files.push(...readdirSync(SOURCES_DIRECTORY).map((file) => `${SOURCES_DIRECTORY}/${file}`));
  }
  for (const file of files.filter((name) => existsSync(name))) {
    const found = mainArchive(readFileSync(file, "utf8"), file.endsWith(".sources"));
    if (found !== undefined) return found;
  }
  return DEFAULT_ARCHIVE;
}

/** The first address in a sources file that ends in /debian and serves the component main. */
export function mainArchive(text: string, deb822: boolean): string | undefined {
  for (const stanza of text.replaceAll(/^#.*\n?/gm, "").split(deb822 ? /\n\s*\n/ : "\n")) {
    const line = deb822 ? undefined : /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+\s+(.*)$/.exec(stanza);
    const uris = (deb822 ? field(stanza, "URIs") : line?.[1]) ?? "";
    const components = (deb822 ? field(stanza, "Components") : line?.[2]) ?? "";
    const address = uris.split(/\s+/).find((uri) => /^https?:.*\/debian\/?$/.test(uri));
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
