/** App layers in the store: each a file system that a builder made, named by its content. */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { syncToDisk } from "../files/durable-file.ts";
import { removeTree, storeDirectory, storedPath } from "../image/store.ts";
import { STORED_NAME_CHARS, type StoredImage } from "../image/stored-image.ts";
import { verifyFile } from "../image/verified-file.ts";

function layerPath({ digest }: StoredImage): string {
  return join(storedPath("layer", digest.slice(0, STORED_NAME_CHARS)), "layer.erofs");
}

/** The file of a layer, verified; "corrupt" when it is not what was built. `sandbox`: whose it is, for the message. */
export async function openLayer(image: StoredImage, sandbox: string): Promise<string> {
  const path = layerPath(image);
  const stampFile = join(dirname(path), "verified");
  const what = `the apps of sandbox "${sandbox}"`;
  await verifyFile({ ...image, path, what, fix: `vitrine update --force ${sandbox}`, stampFile });
  return path;
}

/** Moves a layer that is on the disk into the store. Only for the holder of the store's lock, who then names it somewhere. */
export function publishLayer(image: StoredImage & { path: string }): void {
  const path = layerPath(image);
  const place = dirname(path);
  if (existsSync(place)) return;
  const unfinished = `${place}.building`;
  removeTree(unfinished);
  mkdirSync(unfinished);
  renameSync(image.path, join(unfinished, "layer.erofs"));
  syncToDisk(unfinished);
  renameSync(unfinished, place);
  syncToDisk(storeDirectory());
}

/** Names of everything of that kind in the store, by the beginnings of their digests. */
export function storedImages(kind: "base" | "layer"): { path: string; digest: string }[] {
  return readdirSync(storeDirectory()).flatMap((name) => {
    const digest = new RegExp(`^${kind}-([0-9a-f]{${STORED_NAME_CHARS}})$`).exec(name)?.[1];
    return digest === undefined ? [] : [{ path: join(storeDirectory(), name), digest }];
  });
}
