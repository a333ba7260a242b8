/** The packages that kernel, initramfs and tools image are made of, fetched together and unpacked once. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildOptions } from "./build-options.ts";
import { RELEASE, unpackPackages } from "./packages.ts";
import { ensureVersion } from "./versions.ts";

/** Each with what it is needed for. */
const PACKAGES = [
  "linux-image-cloud-amd64", // kernel and modules, signed and tested by the distribution
  "busybox-static", // initramfs, init, and how the agent starts apps
  "libc6", // the agent and the programs below are linked to it
  "libstdc++6", // the agent's foreign-function library
  "libgcc-s1",
  "e2fsprogs", // makes, mends and grows the file system of a sandbox's home
  ...["libext2fs2t64", "libcom-err2", "libblkid1", "libuuid1"],
  "erofs-utils", // packs what was installed into a layer
  ...["libdeflate0", "liblz4-1", "liblzma5", "libpcre2-8-0", "libselinux1", "libxxhash0", "libzstd1", "zlib1g"],
] as const;

const SPACE_MIB = 800;

/** Returns the folder below which the packages lie unpacked. */
export async function ensureBootPackages(options: BuildOptions = {}): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([RELEASE, PACKAGES]))
    .digest("hex")
    .slice(0, 16);
  const path = await ensureVersion(
    "packages",
    key,
    async (directory) => {
      const versions = await unpackPackages(PACKAGES, join(directory, "root"), {
        signal: options.signal,
        onStage: (stage) => options.onProgress?.({ stage }),
      });
      writeFileSync(join(directory, "versions.json"), `${JSON.stringify(versions, null, 2)}\n`);
    },
    { ...options, spaceMib: SPACE_MIB },
  );
  return join(path, "root");
}
