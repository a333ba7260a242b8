/**
 * The command of an app's desktop entry, found and put together in the guest: on the host nobody reads it.
 * Reference: Desktop Entry Specification 1.5, "The Exec key".
 */
import { readFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { findInRoot } from "./resolve-command.ts";

/** Where entries are looked for, the first that has it counts. */
const FOLDERS = ["/usr/local/share/applications", "/usr/share/applications"];
/** Bytes of an entry; the largest, with all translations, have 60 000. */
const MAX_ENTRY_BYTES = 1024 * 1024;
/**
 * Put before a command by env(1): that toolkits shall use X11 though they know Wayland (Audacity's). Not every image has X11, and
 * Wayland shows such apps better: Audacity's tips are windows in the middle by X11.
 */
const WANTS_X11 = /^(GDK_BACKEND|SDL_VIDEODRIVER)=x11$|^QT_QPA_PLATFORM=xcb$/;

/**
 * The command line for `argv`: the name of an entry and what it shall open. Throws "not-found" when the image has no such
 * entry or action, "invalid-argument" when it has no command.
 */
export function entryCommand(root: string, argv: readonly string[], action: string | null): string[] {
  const [name = "", ...words] = argv;
  const path = `${name}.desktop`;
  const file = FOLDERS.map((folder) => findInRoot(root, `${folder}/${path}`)).find((found) => found?.stats.isFile());
  if (file === undefined || name.includes("/") || file.stats.size > MAX_ENTRY_BYTES) {
    throw new VitrineError("not-found", `Cannot start "${name}": no such desktop entry in the image`);
  }
  const text = readFileSync(file.outside, "utf8");
  const main = groupOf(text, "Desktop Entry");
  const group = action === null ? main : groupOf(text, `Desktop Action ${action}`);
  if (group === undefined) {
    throw new VitrineError("not-found", `Cannot start "${name}": its desktop entry has no action "${action}"`);
  }
  const exec = splitExec(group.get("Exec") ?? "");
  const own = exec[0] === "env" ? exec.filter((word) => !WANTS_X11.test(word)) : exec;
  const command = expand(own, words, {
    name: main?.get("Name") ?? "",
    icon: main?.get("Icon") ?? "",
  });
  if (command.length > 0) return command;
  throw new VitrineError("invalid-argument", `Cannot start "${name}": its desktop entry has no command`);
}

/** The keys of a group, without translations; the first of two counts. */
function groupOf(text: string, wanted: string): ReadonlyMap<string, string> | undefined {
  let inside = false;
  let found: Map<string, string> | undefined;
  for (const line of text.split("\n")) {
    const header = /^\[(.*)\]\s*$/.exec(line)?.[1];
    if (header !== undefined) {
      inside = header === wanted && found === undefined;
      if (inside) found = new Map();
      continue;
    }
    const [, key, value] = /^([A-Za-z0-9-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (inside && key !== undefined && value !== undefined && !found?.has(key)) found?.set(key, unescapeValue(value));
  }
  return found;
}

function unescapeValue(value: string): string {
  const characters: Readonly<Record<string, string>> = { s: " ", n: "\n", t: "\t", r: "\r", "\\": "\\" };
  return value.replace(/\\(.)/gs, (whole, character: string) => characters[character] ?? whole);
}

/** The words of an Exec value: apart by blanks, in double quotes a word with blanks, a backslash before " ` $ and \ there. */
export function splitExec(value: string): string[] {
  const words = value.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/gs) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"/gs, (_, inside: string) => inside.replace(/\\(["`$\\])/g, "$1")),
  );
}

/** Puts what the app shall open, and what the entry says of itself, in the place of the field codes. */
function expand(words: readonly string[], files: readonly string[], entry: { name: string; icon: string }): string[] {
  let taken = false;
  const expanded = words.flatMap((word) => {
    switch (word) {
      case "%F":
      case "%U":
        taken = true;
        return files;
      case "%f":
      case "%u":
        taken = true;
        return files.slice(0, 1);
      case "%i":
        return entry.icon === "" ? [] : ["--icon", entry.icon];
      case "%c":
        return [entry.name];
      default:
        // A code of its own that is none of the above stands for nothing.
        if (/^%[^%]$/.test(word)) return [];
        return word.replace(/%(.)/g, (_, code: string) => {
          if (code === "%") return "%";
          if (!"fFuU".includes(code)) return "";
          taken = true;
          return files[0] ?? "";
        });
    }
  });
  // An app that says nothing of files gets them as a command would: it may well know what to do with them.
  return taken ? expanded : [...expanded, ...files];
}
