/** Finds the programs that monitors are made of. */
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** Administrators' folders count even where they are not in PATH. */
const FURTHER_FOLDERS = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/** The real path of the executable `name` (or of `name` itself, if it is a path), undefined when there is none. */
export function findProgram(name: string, path: string = process.env.PATH ?? ""): string | undefined {
  const candidates = name.includes("/")
    ? [name]
    : [...path.split(delimiter).filter(isAbsolute), ...FURTHER_FOLDERS].map((folder) => join(folder, name));
  return candidates.filter(isExecutable).map((file) => realpathSync(file))[0];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
