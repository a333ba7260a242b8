/** What no sandbox needs any more: bases and layers, and what killed commands have left. */
import { join } from "node:path";
import { newestBases } from "../image/base-image.ts";
import { removeTree } from "../image/store.ts";
import { STORED_NAME_CHARS } from "../image/stored-image.ts";
import { type AppSystem, configNames, findConfig } from "../sandbox/config.ts";
import type { Environment } from "../sandbox/directories.ts";
import { removeSnapshotsOf } from "../snapshot/snapshot-store.ts";
import { storedImages } from "./layers.ts";

/**
 * Removes the bases and layers that no sandbox names, nor keeps to go back to. Only for the holder of the store's lock.
 * While a sandbox's configuration cannot be read, nothing is removed: nobody knows what it needs.
 */
export function collectGarbage(environment: Environment): void {
  let systems: AppSystem[];
  try {
    systems = configNames(environment).flatMap((name) => {
      const config = findConfig(name, environment);
      return [config?.system, config?.previous].filter((system) => system?.kind === "apps");
    });
  } catch {
    return;
  }
  const short = (digest: string) => digest.slice(0, STORED_NAME_CHARS);
  const bases = new Set([...systems.map(({ base }) => base.digest), ...newestBases()].map(short));
  const layers = new Set(systems.map(({ layer }) => short(layer.digest)));
  for (const [kind, needed] of [
    ["base", bases],
    ["layer", layers],
  ] as const) {
    for (const { path, digest } of storedImages(kind)) {
      if (needed.has(digest)) continue;
      removeSnapshotsOf(join(path, `${kind}.erofs`));
      removeTree(path);
    }
  }
}
