/** Which packages are on this machine in some image: read from the images' records as they are, for a mark beside a name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dataDirectory, type Environment } from "./directories.ts";

/** Records that are read; more images than that are nobody's. */
export const MAX_IMAGE_ENTRIES = 10_000;

/** Names of the images that were asked to hold each package. A record that cannot be read counts for nothing. */
export function installedPackages(environment: Environment): ReadonlyMap<string, readonly string[]> {
  const directory = join(dataDirectory(environment), "images");
  const found = new Map<string, string[]>();
  for (const { image, packages } of readRecords(directory)) {
    for (const name of packages) found.set(name, [...(found.get(name) ?? []), image]);
  }
  return found;
}

function readRecords(directory: string): { image: string; packages: string[] }[] {
  let files: string[];
  try {
    files = readdirSync(directory).filter((name) => name.endsWith(".json"));
  } catch {
    // No image was ever built.
    return [];
  }
  return files.slice(0, MAX_IMAGE_ENTRIES).flatMap((file) => {
    try {
      const record = JSON.parse(readFileSync(join(directory, file), "utf8")) as { inputs?: { packages?: unknown } };
      const packages = record.inputs?.packages;
      const names = Array.isArray(packages) ? packages.filter((name) => typeof name === "string") : [];
      return [{ image: file.slice(0, -".json".length), packages: names }];
    } catch {
      // The image commands say what is wrong with it.
      return [];
    }
  });
}
