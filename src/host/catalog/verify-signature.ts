/**
 * Checks the signature of a clear-signed file (InRelease) with gpgv, and gives back what the signature covers: nothing else
 * of the file is ever looked at.
 */
import { spawn } from "node:child_process";
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
  const { signed, report } = await runGpgv(file, keyring);
  const refuse = (why: string): VitrineError =>
    new VitrineError("corrupt", `Cannot trust "${address}": ${why}`, {
      fix: `check the archive's address and that "${keyring}" is up to date`,
    });
  const states = [...report.matchAll(/^\[GNUPG:\] ([A-Z_]+)(.*)$/gm)];
  const has = (...names: string[]): boolean => states.some(([, name = ""]) => names.includes(name));
  if (has("BADSIG")) throw refuse("its signature is wrong, it was changed after signing");
  if (!has("GOODSIG") || !has("VALIDSIG")) {
    const problem = states.find(([, name = ""]) =>
      /^(?:NO_PUBKEY|EXPKEYSIG|EXPSIG|REVKEYSIG|ERRSIG|NODATA)$/.test(name),
    );
    const [, name = "", rest = ""] = problem ?? [];
    throw refuse(
      `no valid signature of a key in the keyring${name === "" ? "" : ` (${name}${sanitizeText(rest, 60)})`}`,
    );
  }
  // More than one signed message in a file could mix signed text of one with that of another.
  if (states.filter(([, name]) => name === "PLAINTEXT").length > 1) throw refuse("it holds more than one signed text");
  return signed;
}

async function runGpgv(file: string, keyring: string): Promise<{ signed: string; report: string }> {
  const child = spawn("gpgv", ["--status-fd", "3", "--keyring", keyring, "--output", "-", file], {
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
