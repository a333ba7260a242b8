/**
 * The base of a release: the root file system that apps are installed over, the same for all of them. It is named by its
 * content; a small record says which one is the release's newest. Older ones stay as long as a sandbox is made of them.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
import { syncToDisk, writeDurably } from "../files/durable-file.ts";
import { type ArchiveSuite, releaseSuites, suiteAddress } from "./archive-source.ts";
import type { BuildOptions } from "./build-options.ts";
import { fileDigest } from "./erofs.ts";
import { buildRootfs } from "./rootfs.ts";
import { acquire, checkSpace, noSpace, removeTree, storeDirectory, storedPath } from "./store.ts";
import { STORED_NAME_CHARS, type StoredImage, storedImageSchema } from "./stored-image.ts";
import { verifyFile } from "./verified-file.ts";

/**
 * What the base has beside what every image has: what many desktop apps need and is large, so that it is there once. Names
 * are those of libraries, which the packages of every release provide.
 */
const BASE_PACKAGES = [
  "adwaita-icon-theme", // the icons that most toolkits fall back to
  "ca-certificates", // without, no app trusts any server
  "libgtk-3-0",
  "libegl1", // OpenGL, by Mesa, which draws without a graphics card; every app that may draw with it depends on it
  "libgl1",
  "libgles2",
  "libgtk-4-1",
  "libopengl0",
  "librsvg2-common", // icons are SVG
  "xwayland", // for apps that know only X11
];

const recordSchema = z.object({
  format: z.literal(1),
  release: z.string(),
  image: storedImageSchema,
  packages: z.array(z.string()),
  /** Names the state of the archive that it was made from. */
  archive: z.string(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
});
type BaseRecord = z.infer<typeof recordSchema>;

const SPACE_MIB = 3000;
const RELEASE = /^[a-z][a-z-]{0,31}$/;

/** Where the base of that content is. */
export function basePath({ digest }: StoredImage): string {
  return join(storedPath("base", digest.slice(0, STORED_NAME_CHARS)), "base.erofs");
}

/** The file of a base, verified; "corrupt" when it is not what was built. */
export async function openBase(image: StoredImage): Promise<string> {
  const path = basePath(image);
  const stampFile = join(dirname(path), "verified");
  await verifyFile({ ...image, path, what: "the base", fix: "vitrine update --force makes it anew", stampFile });
  return path;
}

/** The digests of the newest bases of all releases. */
export function newestBases(): string[] {
  return readdirSync(recordsDirectory())
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => readRecord(name.replace(/\.json$/, ""))?.image.digest ?? []);
}

/**
 * The newest base of a release; made when there is none yet, or, with `refresh`, when the archive has changed since. A new
 * one lies beside the old one until nobody needs that.
 */
export async function ensureBase(
  release: string,
  options: BuildOptions & { refresh?: boolean } = {},
): Promise<StoredImage & { built: boolean }> {
  if (!RELEASE.test(release)) {
    throw new VitrineError(
      "invalid-argument",
      `Cannot make a base of release "${release}": a name as "trixie" is wanted`,
    );
  }
  const known = usable(release);
  if (known !== undefined && options.refresh !== true && options.force !== true)
    return { ...known.image, built: false };
  using _lock = await acquire(join(storeDirectory(), `base-${release}.lock`), options);
  const now = usable(release);
  const archive =
    options.refresh === true || now === undefined ? await archiveState(await releaseSuites(release)) : now.archive;
  if (now !== undefined && options.force !== true && (options.refresh !== true || now.archive === archive)) {
    return { ...now.image, built: false };
  }
  return { ...(await build(release, archive, options)), built: true };
}

/** Names what archives have now, by their release files. Throws "unavailable" when one does not answer. */
export async function archiveState(suites: readonly ArchiveSuite[]): Promise<string> {
  const hash = createHash("sha256");
  for (const suite of suites) {
    const address = `${suiteAddress(suite)}/InRelease`;
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new VitrineError("io", `status ${answer.status}`);
      hash.update(new Uint8Array(await answer.arrayBuffer()));
    } catch (cause) {
      throw new VitrineError("unavailable", `Cannot reach the archive: no answer of "${address}"`, {
        cause,
        fix: "check the network, or choose another archive with VITRINE_DEBIAN_MIRROR",
      });
    }
  }
  return hash.digest("hex").slice(0, 32);
}

async function build(release: string, archive: string, options: BuildOptions): Promise<StoredImage> {
  checkSpace(SPACE_MIB);
  const building = join(storeDirectory(), `base-${release}.building`);
  removeTree(building);
  mkdirSync(join(building, "work"), { recursive: true });
  try {
    const file = join(building, "base.erofs");
    const inputs = { release, packages: BASE_PACKAGES };
    const onStage = (stage: string, fraction?: number) =>
      options.onProgress?.(fraction === undefined ? { stage } : { stage, fraction });
    await buildRootfs(inputs, file, join(building, "work"), { signal: options.signal, onStage });
    removeTree(join(building, "work"));
    onStage("computing the digest");
    const image = { digest: await fileDigest(file), bytes: statSync(file).size };
    if (options.signal?.aborted) throw new VitrineError("cancelled", "Cannot finish the base: cancelled");
    for (const path of [file, building]) syncToDisk(path);
    const place = storedPath("base", image.digest.slice(0, STORED_NAME_CHARS));
    if (existsSync(place)) removeTree(building);
    else renameSync(building, place);
    const record: BaseRecord = { format: 1, release, image, packages: BASE_PACKAGES, archive, createdAt: Date.now() };
    writeDurably(recordFile(release), `${JSON.stringify(record, null, 2)}\n`);
    return image;
  } catch (error) {
    removeTree(building);
    throw noSpace(error) ?? error;
  }
}

/** The record of a release whose base is there and holds what bases hold now. */
function usable(release: string): BaseRecord | undefined {
  const record = readRecord(release);
  if (record === undefined || !existsSync(basePath(record.image))) return undefined;
  return JSON.stringify(record.packages) === JSON.stringify(BASE_PACKAGES) ? record : undefined;
}

/** Undefined when there is none, or one that cannot be read: it is made anew then. */
function readRecord(release: string): BaseRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(recordFile(release), "utf8")));
  } catch {
    return undefined;
  }
}

function recordFile(release: string): string {
  return join(recordsDirectory(), `${release}.json`);
}

function recordsDirectory(): string {
  const directory = join(storeDirectory(), "bases");
  mkdirSync(directory, { recursive: true });
  return directory;
}
