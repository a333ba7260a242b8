/** Fetches the packages that carry the protocol XML; apt verifies the archive's signature. Needs no privileges. */
import { unpackPackages } from "../../src/host/image/packages.ts";

export { RELEASE } from "../../src/host/image/packages.ts";

const PACKAGES: readonly string[] = ["libwayland-dev", "plasma-wayland-protocols", "wayland-protocols"];

/** Unpacks the packages below `directory`; returns their versions by name. Their /usr/share is `directory`/usr/share. */
export function fetchPackages(directory: string): Promise<Record<string, string>> {
  return unpackPackages(PACKAGES, directory);
}
