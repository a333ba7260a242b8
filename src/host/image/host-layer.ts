/**
 * A layer over the app's own with what the host gives apps of any system: the data of the user's locales, and fonts. It is
 * made once for each choice of them, from files that the host has, and the guest reads it as it does any other layer.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { BuildOptions } from "./build-options.ts";
import { makeErofs } from "./erofs.ts";
import { chooseFonts, type FontWishes, fontsStamp } from "./host-fonts.ts";
import { ensureLocales, LOCALES } from "./locale-data.ts";
import { runTool } from "./run-tool.ts";
import { removeTree } from "./store.ts";
import { ensureVersion } from "./versions.ts";

/** A folder that fontconfig reads in every distribution, and that packages leave to others. */
const FONTS = "usr/local/share/fonts/host";
const SPACE_MIB = 500;

export interface HostLayerWishes {
  /** As "de_DE.UTF-8". */
  readonly locales: readonly string[];
  readonly fonts: FontWishes;
}

/** The layer's file; undefined when there is nothing that an image does not have itself. */
export async function ensureHostLayer(
  wishes: HostLayerWishes,
  options: BuildOptions = {},
): Promise<string | undefined> {
  const locales = wishes.locales.length === 0 ? undefined : await ensureLocales(wishes.locales, options);
  const key = createHash("sha256")
    .update(JSON.stringify([locales ?? null, wishes.fonts, fontsStamp()]))
    .update(readFileSync(import.meta.filename))
    .digest("hex")
    .slice(0, 16);
  const path = await ensureVersion(
    "host",
    key,
    async (directory) => {
      const root = join(directory, "root");
      if (locales !== undefined) cpSync(locales, join(root, LOCALES), { recursive: true, dereference: true });
      layFonts(await chooseFonts(wishes.fonts), join(root, FONTS));
      if (existsSync(root)) {
        // Everyone in the guest may read it, whatever the files' rights are here.
        await runTool("chmod", ["-R", "a=rX,u+w", root]);
        // Fontconfig takes a folder that is as old as it remembers for one that it knows.
        const time = 1 + Number.parseInt(key.slice(0, 7), 16);
        await makeErofs(join(directory, "host.erofs"), root, { allRoot: true, time, signal: options.signal });
      }
      removeTree(root);
    },
    { ...options, spaceMib: SPACE_MIB },
  );
  return readdirSync(path).map((name) => join(path, name))[0];
}

function layFonts(files: readonly string[], folder: string): void {
  if (files.length > 0) mkdirSync(folder, { recursive: true });
  // Two of one name from different folders are one font in two places.
  for (const file of files) cpSync(file, join(folder, basename(file)), { dereference: true });
}
