/**
 * What a layer holds for the user's desktop: desktop entries and icons, as the guest wrote them. They are kept beside the
 * sandbox's configuration, so that launchers can be made anew without a machine, and checked each time they are read.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { taint, type Untrusted, validate } from "../../base/untrusted.ts";
import { syncToDisk } from "../files/durable-file.ts";
import { STORED_NAME_CHARS } from "../image/stored-image.ts";
import type { AppSystem } from "../sandbox/config.ts";
import type { BuiltLayer } from "./layer-build.ts";

/** The folder for those of a system, in a sandbox's folder. */
export function exportedFolder(directory: string, { layer }: AppSystem): string {
  return join(directory, `exported-${layer.digest.slice(0, STORED_NAME_CHARS)}`);
}

/** Writes them; they are on the disk then. */
export function saveExported(folder: string, { entries, icons }: BuiltLayer): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const save = (name: string, data: Untrusted<Uint8Array>) =>
    validate(data, (bytes) => writeFileSync(join(folder, name), bytes, { flush: true, mode: 0o600 }));
  for (const [entry, data] of entries) save(`${entry}.desktop`, data);
  for (const [entry, pictures] of icons) {
    for (const [index, picture] of pictures.entries()) save(`${entry}.${index}.png`, picture);
  }
  syncToDisk(folder);
}

/** The desktop entry of that name, and its icons; undefined when there is none. */
export function readExported(
  folder: string,
  entry: string,
): { entry: Untrusted<Uint8Array>; icons: Untrusted<Uint8Array>[] } | undefined {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return undefined;
  }
  if (!names.includes(`${entry}.desktop`)) return undefined;
  const read = (name: string) => taint(new Uint8Array(readFileSync(join(folder, name))));
  const pictures = names.filter(
    (name) => name.startsWith(`${entry}.`) && /^\d+\.png$/.test(name.slice(entry.length + 1)),
  );
  return { entry: read(`${entry}.desktop`), icons: pictures.sort().map(read) };
}
