/** Icons of the catalog: taken out of the verified archive when somebody asks for one, and kept. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Catalog } from "./catalog.ts";
import { gunzip } from "./decompress.ts";
import { catalogPaths, type Environment } from "./directories.ts";
import { pngSize } from "./png-header.ts";
import { resolve } from "./resolve.ts";
import { tarMember } from "./tar.ts";

/** Bytes of an unpacked archive of icons; the largest of Debian 13 has 13 million. */
export const MAX_ICON_ARCHIVE_BYTES = 256 * 1024 * 1024;
/** Bytes of one icon. */
export const MAX_ICON_BYTES = 1024 * 1024;

/**
 * Path of a PNG file with the icon of the component `id`, `size` pixels wide or the nearest size that there is; undefined
 * when it has none. Throws "corrupt" when the archive of icons is damaged, "not-found" for an unknown id.
 */
export function catalogIcon(catalog: Catalog, id: string, size: number, environment: Environment): string | undefined {
  const found = resolve(catalog, id, []);
  if (found.kind !== "component") return undefined;
  const paths = catalogPaths(environment);
  const archives = catalog.about.sources[found.row.source]?.icons ?? [];
  const fitting = catalog
    .component(found.row.number)
    // An archive has a file of icons for each of its components, and which one an icon is in is not said.
    .icons.flatMap((icon) =>
      archives
        .filter((archive) => archive.size === icon.size && archive.scale === icon.scale)
        .map((archive) => ({ icon, archive })),
    )
    .sort((a, b) => Math.abs(a.icon.size - size) - Math.abs(b.icon.size - size) || b.icon.size - a.icon.size);
  for (const { icon, archive } of fitting) {
    const folder = join(paths.icons, archive.sha256);
    const path = join(folder, icon.name);
    if (existsSync(path)) return path;
    const data = readIcon(join(paths.files, archive.sha256), archive.sha256, icon.name);
    const picture = data === undefined || data.length > MAX_ICON_BYTES ? undefined : pngSize(data);
    const pixels = icon.size * icon.scale;
    if (data === undefined || picture === undefined || picture.width > pixels || picture.height > pixels) continue;
    mkdirSync(folder, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    writeFileSync(unfinished, data);
    renameSync(unfinished, path);
    return path;
  }
  return undefined;
}

/** The file of that name in a packed archive whose digest must be `sha256`; undefined when that is not so. */
function readIcon(archive: string, sha256: string, name: string): Uint8Array | undefined {
  if (!existsSync(archive)) return undefined;
  const packed = readFileSync(archive);
  if (createHash("sha256").update(packed).digest("hex") !== sha256) return undefined;
  return tarMember(gunzip(archive, packed, MAX_ICON_ARCHIVE_BYTES), name);
}
