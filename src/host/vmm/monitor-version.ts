/** Asks a monitor for its version. */
import { execFile } from "node:child_process";
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";

export type Version = readonly [major: number, minor: number, patch: number];

/** How long a monitor may take to say its version: it takes a few milliseconds. */
export const VERSION_DEADLINE_MS = 10_000;

/** What `program --version` says after a "v". Throws "unavailable" when it says nothing of the kind. */
export function monitorVersion(program: string): Promise<Version> {
  return new Promise((resolve, reject) => {
    execFile(program, ["--version"], { timeout: VERSION_DEADLINE_MS }, (error, output) => {
      const [, major, minor, patch = "0"] = /\bv(\d+)\.(\d+)(?:\.(\d+))?/.exec(output) ?? [];
      if (error === null && minor !== undefined) return resolve([Number(major), Number(minor), Number(patch)]);
      const said = sanitizeText(error?.message ?? output.trim(), 200);
      reject(new VitrineError("unavailable", `Cannot tell the version of "${program}": ${said}`, { cause: error }));
    });
  });
}

/** Throws "unavailable" when `version` is before `oldest`. `name`: of the monitor. */
export function requireVersion(name: string, version: Version, oldest: Version): void {
  const place = version.findIndex((number, index) => number !== oldest[index]);
  if (place < 0 || (version[place] ?? 0) > (oldest[place] ?? 0)) return;
  throw new VitrineError("unavailable", `Cannot use ${name} ${version.join(".")}: want ${oldest.join(".")} or later`, {
    fix: `install a later release of ${name}, or use --driver qemu`,
  });
}
