/** What a failure of apt means, from what it said. Its words came from a guest: they are shown cleaned, and decide no more than that. */
import { type ErrorCode, VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";

/** Last lines that are shown, and characters of each. */
const SHOWN_LINES = 6;
const SHOWN_LINE_CHARS = 300;

interface Meaning {
  readonly words: RegExp;
  readonly code: ErrorCode;
  readonly message: (found: RegExpExecArray) => string;
  readonly fix?: string;
}

/** The first that fits counts: what is wrong with the archive explains what is not found in it. */
const MEANINGS: readonly Meaning[] = [
  {
    words: /don't have enough free space|No space left on device|Disk quota exceeded/i,
    code: "no-space",
    message: () => "the builder's disk is full",
    fix: "free disk space, or set XDG_DATA_HOME to a place that has some",
  },
  {
    words:
      /NO_PUBKEY|BADSIG|EXPKEYSIG|is not signed|Hash Sum mismatch|unexpected size|signatures? (?:were|was) invalid/i,
    code: "corrupt",
    message: () => "the archive's signature or digests are not right",
    fix: "check VITRINE_DEBIAN_MIRROR, and that debian-archive-keyring is up to date",
  },
  {
    words: /Release file for \S+ is (?:expired|not valid yet)/i,
    code: "corrupt",
    message: () => "the archive's release file is out of date",
    fix: "check this machine's clock, or choose another archive with VITRINE_DEBIAN_MIRROR",
  },
  {
    words:
      /Temporary failure resolving|Could not resolve|Could not connect|Connection timed out|Network is unreachable|No route to host|Connection refused|Failed to fetch/i,
    code: "unavailable",
    message: () => "the archive cannot be reached",
    fix: "check the network, or choose another archive with VITRINE_DEBIAN_MIRROR",
  },
  {
    words: /Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate/,
    code: "not-found",
    message: (found) => `there is no package "${sanitizeText(found[1] ?? found[2] ?? "", 80)}"`,
    fix: "vitrine catalog refresh, then vitrine search",
  },
  {
    words:
      /unmet dependencies|held broken packages|Unable to correct problems|Unable to satisfy dependencies|Conflicts: /i,
    code: "invalid-argument",
    message: () => "these packages cannot be installed together",
    fix: "put them into sandboxes of their own",
  },
];

/** The error for a step that has failed. `said`: the end of what it wrote to its standard error. */
export function aptFailure(what: string, said: string): VitrineError {
  for (const { words, code, message, fix } of MEANINGS) {
    const found = words.exec(said);
    if (found !== null) {
      return new VitrineError(code, [`Cannot ${what}: ${message(found)}`, ...quoted(said)].join("\n"), {
        ...(fix === undefined ? {} : { fix }),
      });
    }
  }
  return new VitrineError(
    "guest-failed",
    [`Cannot ${what}: a package could not be installed`, ...quoted(said)].join("\n"),
  );
}

/** The lines that tell most: apt's own errors, else the last ones. */
function quoted(said: string): string[] {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /^(?:E|Err|dpkg|W): ?|unmet|Depends:|Conflicts:|error/i.test(line));
  return (errors.length > 0 ? errors : lines)
    .slice(-SHOWN_LINES)
    .map((line) => `  ${sanitizeText(line, SHOWN_LINE_CHARS)}`);
}
