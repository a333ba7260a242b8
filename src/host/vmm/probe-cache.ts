/**
 * What probes have found, kept: booting a machine to see whether it boots takes up to seconds, and the answer changes only
 * with what it depends on.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir, release } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import * as z from "zod/mini";
import type { Kernel } from "../image/kernel.ts";

/**
 * How long it is believed that a monitor does not boot, in milliseconds: the host may have been too busy. That it does is
 * believed for good.
 */
export const PROBE_RETRY_MS = 24 * 60 * 60 * 1000;

/** `triedAt`: milliseconds since 1970. */
const entrySchema = z.object({ key: z.string(), reason: z.nullable(z.string()), triedAt: z.number() });
const cacheSchema = z.record(z.string(), entrySchema);
type Cache = z.infer<typeof cacheSchema>;

/**
 * Undefined when the monitor `name`, whose program is at `program`, boots `kernel` here, else why not. Asks `boot` unless
 * it is known already, or `force` says to ask again.
 */
export async function rememberedProbe(
  options: { readonly name: string; readonly program: string; readonly kernel: Kernel; readonly force: boolean },
  boot: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const { name, program, kernel, force } = options;
  const key = cacheKey(program, kernel);
  const known = readCache()[name];
  const fresh = known !== undefined && (known.reason === null || Date.now() - known.triedAt < PROBE_RETRY_MS);
  if (fresh && known.key === key && !force) return known.reason ?? undefined;
  const reason = await boot();
  writeCache({ ...readCache(), [name]: { key, reason: reason ?? null, triedAt: Date.now() } });
  return reason;
}

/** Everything on which the answer depends. Which file the program is says more than its version, and is asked sooner. */
function cacheKey(program: string, kernel: Kernel): string {
  const cpu = /^model name.*$/m.exec(read("/proc/cpuinfo"))?.[0] ?? "";
  const { size, mtimeMs } = statSync(program);
  const facts = [read("/etc/machine-id"), cpu, release(), program, size, mtimeMs, kernel.digest];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function cacheFile(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".cache");
  return join(base, "vitrine", "probes.json");
}

/** A cache that cannot be read is an empty one. */
function readCache(): Cache {
  try {
    return cacheSchema.parse(JSON.parse(readFileSync(cacheFile(), "utf8")));
  } catch {
    return {};
  }
}

function writeCache(cache: Cache): void {
  const file = cacheFile();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(cache));
  renameSync(`${file}.new`, file);
}
