/** Brings the catalog up to date with its sources: all of it, or nothing. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { BuildProgress } from "../image/build-options.ts";
import { COMMON_PACKAGES } from "../image/rootfs.ts";
import { acquire } from "../image/store.ts";
import { Catalog } from "./catalog.ts";
import { type CatalogPaths, catalogPaths, type Environment } from "./directories.ts";
import { asNoSpace, FileStore } from "./file-store.ts";
import type { About } from "./index-format.ts";
import { encodeIndex, type SourceContent } from "./index-writer.ts";
import type { CatalogSource, PreparedSource } from "./source.ts";

/** Raised when the same files make another index than before. */
const LAYOUT = 1;

export interface RefreshOptions {
  readonly environment: Environment;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
  /** Make the index anew although its sources have not changed. */
  readonly force?: boolean;
}

export interface RefreshResult {
  /** False when everything was up to date. */
  readonly changed: boolean;
  readonly about: About;
}

/**
 * Asks every source what it has, and makes a new index when that is not what the last one was made of. Until the new one is
 * whole and in place the old one is used; when anything fails it stays. Waits for another refresh that is under way.
 */
export async function refreshCatalog(
  sources: readonly CatalogSource[],
  options: RefreshOptions,
): Promise<RefreshResult> {
  const paths = catalogPaths(options.environment);
  try {
    mkdirSync(paths.directory, { recursive: true, mode: 0o755 });
    using lock = await acquire(paths.lock, options);
    void lock;
    return await refresh(sources, paths, options);
  } catch (error) {
    throw asNoSpace(error, paths.directory);
  }
}

async function refresh(
  sources: readonly CatalogSource[],
  paths: CatalogPaths,
  { environment, onProgress, signal, force }: RefreshOptions,
): Promise<RefreshResult> {
  const store = new FileStore(paths.files);
  const onStage = (stage: string, fraction?: number): void =>
    onProgress?.(fraction === undefined ? { stage } : { stage, fraction });
  const prepared: PreparedSource[] = [];
  for (const source of sources)
    prepared.push(await source.prepare({ store, releases: paths.releases, signal, onStage }));
  const key = keyOf(sources, prepared);
  const held = force === true ? undefined : heldAbout(environment);
  if (held?.key === key) {
    const now = new Date();
    utimesSync(paths.index, now, now);
    for (const source of prepared) source.commit();
    return { changed: false, about: held };
  }
  onStage("making the index");
  const contents: SourceContent[] = [];
  for (const source of prepared) contents.push(await source.open());
  stopIfAborted(signal);
  await publish(paths.index, encodeIndex(key, contents, ["apt", ...COMMON_PACKAGES]));
  for (const source of prepared) source.commit();
  store.prune(new Set(prepared.flatMap(({ files }) => files)));
  pruneIcons(paths.icons, new Set(contents.flatMap(({ icons }) => icons.map(({ sha256 }) => sha256))));
  const about = heldAbout(environment);
  if (about === undefined) throw new VitrineError("internal", "Cannot read the catalog that was just written");
  return { changed: true, about };
}

function keyOf(sources: readonly CatalogSource[], prepared: readonly PreparedSource[]): string {
  const inputs = sources.map(({ name }, index) => [name, prepared[index]?.fingerprint]);
  return createHash("sha256")
    .update(JSON.stringify([LAYOUT, COMMON_PACKAGES, inputs]))
    .digest("hex");
}

/** What the catalog in place says of itself; undefined when there is none, or a damaged one. */
function heldAbout(environment: Environment): About | undefined {
  try {
    using catalog = Catalog.open(environment);
    return catalog?.about;
  } catch {
    return undefined;
  }
}

async function publish(path: string, data: Uint8Array): Promise<void> {
  const unfinished = `${path}.new`;
  try {
    const handle = await open(unfinished, "w", 0o644);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** Removes icons taken out of archives that are gone. */
function pruneIcons(directory: string, kept: ReadonlySet<string>): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (!kept.has(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new VitrineError("cancelled", "Cannot finish the refresh of the catalog: cancelled");
}
