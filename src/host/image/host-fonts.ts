/**
 * The fonts of the host that apps shall have: those that the user's desktop is set in, those in which the host shows the
 * user's language, and those that the user has installed. Not every font there is: programs look into each when they
 * start, and some machines have thousands.
 */
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { fileStamp } from "../snapshot/file-stamp.ts";

/** Most font files that apps get, and most of their bytes: those of Chinese, Japanese and Korean have 20 MB each. */
export const MAX_HOST_FONT_FILES = 128;
export const MAX_HOST_FONT_BYTES = 192 * 1024 * 1024;

const GENERIC_FAMILIES = ["sans-serif", "serif", "monospace"];
const STYLES = ["", ":bold", ":italic", ":bold:italic"];
/** Which files a program can use as a font. */
const FONT_FILE = /\.(ttf|otf|ttc|otc|pfb)$/i;
/** Every image has it. */
const IN_EVERY_IMAGE = /\/DejaVu(Sans|SansMono|Serif)(-Bold)?\.ttf$/;

export interface FontWishes {
  /** Of the desktop's own fonts. */
  readonly families: readonly string[];
  /** "de", "ja"; undefined: no other than English. */
  readonly language: string | undefined;
}

/** The files, the most wanted first; none when the host has no fontconfig. */
export async function chooseFonts({ families, language }: FontWishes): Promise<string[]> {
  const named = families.flatMap((family) => STYLES.map((style) => `${escaped(family)}${style}`));
  const spoken = language === undefined ? [] : GENERIC_FAMILIES.flatMap((name) => spokenStyles(name, language));
  const matched = [...named, ...spoken].map((pattern) => fontconfig("fc-match", "--format=%{file}\n", pattern));
  const all = fontconfig("fc-list", "--format=%{file}\n");
  const own = (await all).filter((file) => userFolders().some((folder) => file.startsWith(folder + sep))).sort();
  return bounded([...(await Promise.all(matched)).flat(), ...own]);
}

/** Changes when what {@link chooseFonts} finds may change: fonts were installed, or removed. */
export function fontsStamp(): unknown {
  const folders = ["/usr/share/fonts", "/usr/local/share/fonts", "/var/cache/fontconfig", ...userFolders()];
  return folders.map((folder) => fileStamp(folder) ?? null);
}

function userFolders(): string[] {
  const data = process.env.XDG_DATA_HOME || join(homedir(), ".local/share");
  return [join(data, "fonts"), join(homedir(), ".fonts")];
}

const spokenStyles = (family: string, language: string) =>
  ["", ":bold"].map((style) => `${family}:lang=${language}${style}`);

function bounded(files: readonly string[]): string[] {
  let bytes = 0;
  const kept: string[] = [];
  for (const file of new Set(files)) {
    const status = statSync(file, { throwIfNoEntry: false });
    if (!FONT_FILE.test(file) || IN_EVERY_IMAGE.test(file) || status?.isFile() !== true) continue;
    if (kept.length >= MAX_HOST_FONT_FILES || bytes + status.size > MAX_HOST_FONT_BYTES) continue;
    bytes += status.size;
    kept.push(file);
  }
  return kept;
}

async function fontconfig(command: string, ...args: string[]): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 16 * 1024 * 1024 });
    return stdout.split("\n").filter((line) => line.startsWith("/"));
  } catch {
    return []; // No fontconfig: then there are the image's own fonts.
  }
}

/** For a pattern: what parts families, sizes and properties there does not do so in a name. */
function escaped(family: string): string {
  return family.replaceAll(/[\\,:-]/g, "\\$&");
}
