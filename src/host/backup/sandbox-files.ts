/** What a sandbox's folder holds beside its configuration and the disk of its home. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { PACKAGES } from "../apps/commit.ts";
import { exportedFolder } from "../apps/exported-files.ts";
import type { SandboxConfig } from "../sandbox/config.ts";
import { isBackedUp } from "./format.ts";

export interface SandboxFile {
  /** From the sandbox's folder. */
  readonly path: string;
  readonly absolute: string;
  readonly bytes: number;
}

/** Packages that were installed from files, and what its apps have for the desktop: of those it has now. */
export function sandboxFiles(directory: string, { system }: SandboxConfig): SandboxFile[] {
  if (system.kind !== "apps") return [];
  const exported = exportedFolder(directory, system).slice(directory.length + 1);
  const packages = system.apps.flatMap(({ source }) => (source.kind === "file" ? [`${PACKAGES}/${source.file}`] : []));
  return [...namesIn(directory, exported), ...packages].flatMap((path) => {
    const absolute = join(directory, path);
    const status = statSync(absolute, { throwIfNoEntry: false });
    return isBackedUp(path) && status?.isFile() === true ? [{ path, absolute, bytes: status.size }] : [];
  });
}

function namesIn(directory: string, folder: string): string[] {
  try {
    return readdirSync(join(directory, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return []; // An image has none.
  }
}
