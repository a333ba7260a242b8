/**
 * Locales as the C library reads them: how numbers, dates and money are written, and what is sorted where. They come
 * compiled from the distribution's package that has them all, of which those stay that somebody wants: all take as much
 * room as the base, one takes 3 MB.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildOptions } from "./build-options.ts";
import { RELEASE, unpackPackages } from "./packages.ts";
import { removeTree, storedPath } from "./store.ts";
import { ensureVersion } from "./versions.ts";

const PACKAGE = "locales-all";
/** Where programs look for them. */
export const LOCALES = "usr/lib/locale";
const SPACE_MIB = 400;
/** How long nobody tries again when the archive could not be reached, in milliseconds: each time a start waits for it. */
export const LOCALES_RETRY_MS = 60 * 60 * 1000;

/**
 * The folder with the data of those locales ("de_DE.UTF-8"), each below the name that programs look for ("de_DE.utf8").
 * There is none of a locale that the distribution does not know. Undefined when they could not be fetched a while ago.
 */
export async function ensureLocales(names: readonly string[], options: BuildOptions = {}): Promise<string | undefined> {
  const wanted = [...new Set(names)].sort();
  const key = createHash("sha256")
    .update(JSON.stringify([RELEASE, wanted]))
    .digest("hex")
    .slice(0, 16);
  const failure = storedPath("locale", `${key}.failed`);
  if (!existsSync(storedPath("locale", key)) && isRecent(failure)) return undefined;
  try {
    const path = await fetchLocales(key, wanted, options);
    rmSync(failure, { force: true });
    return path;
  } catch (error) {
    if (options.signal?.aborted !== true) writeFileSync(failure, "");
    throw error;
  }
}

async function fetchLocales(key: string, wanted: readonly string[], options: BuildOptions): Promise<string> {
  return await ensureVersion(
    "locale",
    key,
    async (directory) => {
      const work = join(directory, "work");
      const onStage = (stage: string) => options.onProgress?.({ stage });
      await unpackPackages([PACKAGE], work, { signal: options.signal, onStage });
      for (const name of wanted) copyLocale(join(work, LOCALES), name, directory);
      removeTree(work);
    },
    { ...options, spaceMib: SPACE_MIB },
  );
}

function isRecent(file: string): boolean {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - written < LOCALES_RETRY_MS;
}

function copyLocale(from: string, name: string, to: string): void {
  const [, language = "", modifier = ""] = /^(\w+)\.UTF-8(@\w+)?$/.exec(name) ?? [];
  const target = `${language}.utf8${modifier}`;
  // A locale that has always been of this encoding is called by its language alone.
  const source = [target, `${language}${modifier}`].find((one) => existsSync(join(from, one)));
  if (source === undefined) return;
  mkdirSync(join(to, target));
  // What several locales have in common is in one of them, and the others have links to it.
  cpSync(join(from, source), join(to, target), { recursive: true, dereference: true });
}
