/**
 * Which app opens which type of file: the user's mimeapps.list. It is the user's own file, so only the entries of the ids in
 * question are touched, and every other line stays as it is. Specification: Association between MIME types and
 * applications, 1.0.1.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { Environment } from "../sandbox/directories.ts";

const DEFAULTS = "[Default Applications]";

/** Makes the launcher `id` the first choice for `mimeTypes`. */
export function setDefaultApp(id: string, mimeTypes: readonly string[], environment: Environment): void {
  change(environment, (lines) => {
    const wanted = new Set(mimeTypes);
    const kept = editSection(lines, DEFAULTS, (type, ids) => {
      if (!wanted.delete(type)) return ids;
      return [`${id}.desktop`, ...ids.filter((other) => other !== `${id}.desktop`)];
    });
    const added = [...wanted].map((type) => `${type}=${id}.desktop;`);
    if (added.length === 0) return kept;
    const header = kept.indexOf(DEFAULTS);
    if (header < 0) return [...kept, ...(kept.length > 0 ? [""] : []), DEFAULTS, ...added];
    return [...kept.slice(0, header + 1), ...added, ...kept.slice(header + 1)];
  });
}

/** Removes the launchers `ids` from everything that the file says. */
export function forgetApps(ids: readonly string[], environment: Environment): void {
  const gone = new Set(ids.map((id) => `${id}.desktop`));
  change(environment, (lines) => editSection(lines, undefined, (_type, found) => found.filter((id) => !gone.has(id))));
}

/** Edits the lists of ids in `section`, or in all; a line whose list becomes empty goes, others stay to the letter. */
function editSection(
  lines: readonly string[],
  section: string | undefined,
  edit: (type: string, ids: readonly string[]) => readonly string[],
): string[] {
  let current = "";
  return lines.flatMap((line) => {
    if (line.startsWith("[")) current = line.trim();
    const [, type = "", value = ""] = /^([^#=[]+)=(.*)$/.exec(line) ?? [];
    if (type === "" || (section !== undefined && current !== section)) return [line];
    const ids = value.split(";").filter((id) => id !== "");
    const edited = edit(type.trim(), ids);
    if (edited.length === ids.length && edited.every((id, index) => id === ids[index])) return [line];
    return edited.length === 0 ? [] : [`${type}=${edited.join(";")};`];
  });
}

function change(environment: Environment, edit: (lines: readonly string[]) => string[]): void {
  const configured = environment.XDG_CONFIG_HOME;
  const usable = configured !== undefined && isAbsolute(configured);
  const path = join(usable ? configured : join(environment.HOME || homedir(), ".config"), "mimeapps.list");
  const before = readIfThere(path);
  const lines = before === "" ? [] : before.replace(/\n$/, "").split("\n");
  const edited = edit(lines);
  const after = edited.length === 0 ? "" : `${edited.join("\n")}\n`;
  if (after === before || edited.join("\n") === lines.join("\n")) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, after);
  renameSync(unfinished, path);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
