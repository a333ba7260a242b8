/** Which kernel modules must be loaded, in which order, by modules.dep. */
import { VitrineError } from "../../base/error.ts";

/**
 * The files of `wanted` (module names, "-" and "_" alike) and all they depend on, each after what it depends on. `dep` is
 * the text of modules.dep, `builtin` of modules.builtin: what is built in needs no file.
 */
export function moduleFiles(wanted: readonly string[], dep: string, builtin: string): string[] {
  const byName = new Map<string, { file: string; needs: string[] }>();
  for (const line of dep.split("\n")) {
    const [file, needs = ""] = line.split(":", 2);
    if (file) byName.set(moduleName(file), { file, needs: needs.split(" ").filter((path) => path !== "") });
  }
  const builtins = new Set(builtin.split("\n").filter(Boolean).map(moduleName));
  const ordered: string[] = [];
  const visit = (name: string) => {
    if (builtins.has(name)) return;
    const module = byName.get(name);
    if (module === undefined) throw new VitrineError("not-found", `Cannot use this kernel: it has no module "${name}"`);
    if (ordered.includes(module.file)) return;
    for (const need of module.needs) visit(moduleName(need));
    ordered.push(module.file);
  };
  for (const name of wanted) visit(moduleName(name));
  return ordered;
}

/** "kernel/fs/erofs/erofs.ko.xz" is the module "erofs". */
function moduleName(path: string): string {
  return (path.split("/").pop() ?? path).replace(/\.ko(\.[a-z0-9]+)?$/, "").replaceAll("-", "_");
}
