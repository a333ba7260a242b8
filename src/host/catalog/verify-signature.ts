/**
 * Checks the signature of a clear-signed file (InRelease) with gpgv, and gives back what the signature covers: nothing else
 * of the file is ever looked at.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";

/** How long gpgv may take; it needs 30 ms. */
export const SIGNATURE_DEADLINE_MS = 30_000;
/** Bytes of signed text that are read. */
export const MAX_SIGNED_BYTES = 16 * 1024 * 1024;
/** Bytes of gpgv's report that are read. */
const MAX_REPORT_BYTES = 256 * 1024;

/**
 * The text in `file` that a key of `keyring` has signed. Several keys may have signed, some of them unknown to an older
 * keyring: one good signature is wanted, and none that is wrong. Throws "corrupt" when that is not so, "unavailable" without gpgv.
 */
export async function readSigned(file: string, keyring: string, address: string): Promise<string> {
  const refuse = (why: string): VitrineError =>
    new VitrineError("corrupt", `Cannot trust "${address}": ${why}`, {
      fix: `check the archive's address and that "${keyring}" is up to date`,
    });
  if (!isOneSignedText(await readFile(file, "latin1"))) throw refuse("it is not one signed text and nothing else");
  const { signed, report } = await runGpgv(file, keyring);
  const states = new Map(
    [...report.matchAll(/^\[GNUPG:\] ([A-Z_]+) ?(.*)$/gm)].map(([, name = "", rest = ""]) => [name, rest]),
  );
  if (states.has("BADSIG")) throw refuse("its signature is wrong, it was changed after signing");
  if (!states.has("GOODSIG") || !states.has("VALIDSIG")) {
    const problem = PROBLEMS.find((name) => states.has(name)) ?? "";
    const which = sanitizeText(`${problem} ${states.get(problem) ?? ""}`.trim(), 80);
    throw refuse(`it has no valid signature of a key in the keyring${which === "" ? "" : ` (${which})`}`);
  }
  return signed;
}

/** Why gpgv takes a signature for no good one, the most telling first. */
const PROBLEMS = ["REVKEYSIG", "EXPKEYSIG", "EXPSIG", "NO_PUBKEY", "ERRSIG", "NODATA"] as const;

/**
 * gpgv passes by what stands around a signed text, and reads several in a row: a file could then hold text of another
 * release, or of nobody. So the form of the file is checked first (RFC 9580, 7: a line of the text itself never begins so).
 */
function isOneSignedText(content: string): boolean {
  const lines = content.replaceAll("\r", "").trimEnd().split("\n");
  const markers = lines.filter((line) => line.startsWith("-----"));
  return (
    lines[0] === MARKERS[0] &&
    lines.at(-1) === MARKERS[2] &&
    markers.length === MARKERS.length &&
    markers.every((line, index) => line.trimEnd() === MARKERS[index])
  );
}

const MARKERS = [
  "-----BEGIN PGP SIGNED MESSAGE-----",
  "-----BEGIN PGP SIGNATURE-----",
  "-----END PGP SIGNATURE-----",
] as const;

async function runGpgv(file: string, keyring: string): Promise<{ signed: string; report: string }> {
  const options = ["--status-fd", "3", "--weak-digest", "SHA1", "--keyring", keyring, "--output", "-"];
  const child = spawn("gpgv", [...options, file], {
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore", "pipe"],
    timeout: SIGNATURE_DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", (cause) => {
      reject(
        new VitrineError("unavailable", `Cannot check signatures: "gpgv" does not start: ${cause.message}`, {
          cause,
          fix: "apt install gpgv",
        }),
      );
    });
    child.on("close", (_status, signal) => {
      if (signal === null) resolve();
      else reject(new VitrineError("timeout", `Cannot check the signature of "${file}": gpgv was ended by ${signal}`));
    });
  });
  // What gpgv says counts, not how it exits: an unknown key beside a good one makes it exit with 2.
  const [signed, report] = await Promise.all([
    readAll(child.stdout, MAX_SIGNED_BYTES),
    readAll(child.stdio[3] as Readable, MAX_REPORT_BYTES),
    ended,
  ]);
  return { signed, report };
}

async function readAll(stream: Readable | null, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += (chunk as Buffer).length;
    if (length > maxBytes) throw new VitrineError("limit", `Cannot read what gpgv says: more than ${maxBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
