/**
 * Finding files of the app root from outside of it. The app root is another system's tree: its symbolic links, absolute
 * ones and ".." too, mean places in it and never lead out. What is found may change before it is used; that is the
 * guest's own affair, since the process that uses it is confined to the app root.
 */
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { VitrineError } from "../../base/error.ts";

/** Links followed on the way to one file, as in the kernel. */
const MAX_LINKS = 40;
/** Characters of a path, links put in: PATH_MAX. */
const MAX_PATH_CHARS = 4096;

/** The file at `path`, which is absolute in the root at `root`, behind all links: where it is outside, and what it is. */
export function findInRoot(root: string, path: string): { outside: string; stats: Stats } | undefined {
  const rest = path.split("/").reverse();
  const found: string[] = [];
  let links = 0;
  let stats = lstatSync(`${root}/`, { throwIfNoEntry: false });
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      found.pop();
      continue;
    }
    const outside = `${root === "/" ? "" : root}/${[...found, name].join("/")}`;
    if (outside.length > MAX_PATH_CHARS) return undefined;
    try {
      stats = lstatSync(outside, { throwIfNoEntry: false });
      if (stats === undefined) return undefined;
      if (stats.isSymbolicLink()) {
        links += 1;
        const target = readlinkSync(outside);
        if (links > MAX_LINKS || target === "") return undefined;
        if (target.startsWith("/")) found.length = 0;
        rest.push(...target.split("/").reverse());
        continue;
      }
    } catch {
      return undefined; // ENOTDIR, ENAMETOOLONG, EACCES: not a file to be found.
    }
    found.push(name);
  }
  const outside = found.length === 0 ? root : `${root === "/" ? "" : root}/${found.join("/")}`;
  // After ".." what was looked at last is not where we are.
  stats = lstatSync(outside, { throwIfNoEntry: false });
  return stats === undefined ? undefined : { outside, stats };
}

/**
 * Where in the root at `root` the command `command` is: with a slash in it a path, from `directory` if it is relative,
 * else the first executable file of that name along `path`. The answer keeps its last name even if that is a link, since
 * programs look at the name they are called by. Throws "not-found", or "invalid-argument" if it is not executable.
 */
export function resolveCommand(
  command: string,
  options: { readonly root: string; readonly path: string; readonly directory: string },
): string {
  const absolute = (path: string) => (path.startsWith("/") ? path : `${options.directory}/${path}`);
  const candidates = command.includes("/")
    ? [absolute(command)]
    : options.path.split(":").map((folder) => `${absolute(folder === "" ? "." : folder)}/${command}`);
  let present = false;
  for (const candidate of command === "" ? [] : candidates) {
    const file = findInRoot(options.root, candidate);
    if (file === undefined) continue;
    if (file.stats.isFile() && (file.stats.mode & 0o111) !== 0) return candidate;
    present = true;
  }
  if (present && command.includes("/")) {
    throw new VitrineError("invalid-argument", `Cannot start "${command}": an executable file is wanted`);
  }
  throw new VitrineError("not-found", `Cannot start "${command}": no such command in the image`);
}
