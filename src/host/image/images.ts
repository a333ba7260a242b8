/**
 * App images by name. What an image is made of gives its key; the file system lies in the store under that key, and a
 * name is a small record that points to it. So the same inputs give the same image, two names may share one, and a name
 * changes from one image to another in one step.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
import { removeSnapshotsOf } from "../snapshot/snapshot-store.ts";
import type { BuildOptions } from "./build-options.ts";
import { fileDigest } from "./erofs.ts";
import { buildRootfs, rootfsPackages } from "./rootfs.ts";
import { ensureStored, removeTree, storeDirectory, storedPath } from "./store.ts";
import { verifyFile } from "./verified-file.ts";

/** What an image is made of: the same inputs give the same image. */
export interface ImageInputs {
  readonly release: string;
  readonly packages: readonly string[];
}

const recordSchema = z.object({
  format: z.literal(1),
  name: z.string(),
  key: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  inputs: z.object({ release: z.string(), packages: z.array(z.string()) }),
  /** SHA-256 of the file system. */
  digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  bytes: z.int(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
});
export type ImageRecord = z.infer<typeof recordSchema>;

export interface OpenImage {
  readonly record: ImageRecord;
  /** Absolute, verified. */
  readonly path: string;
}

/** Raised when images are put together in another way. */
const LAYOUT = 1;
const SPACE_MIB = 3000;
const IMAGE_FILE = "image.erofs";
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+$/;
const RELEASE = /^[a-z][a-z-]{0,31}$/;

/** `built` is false when that image was there already. */
export async function buildImage(
  name: string,
  inputs: ImageInputs,
  options: BuildOptions & { mirror?: string } = {},
): Promise<{ record: ImageRecord; built: boolean }> {
  const checked = checkInputs(name, inputs);
  const key = createHash("sha256")
    .update(JSON.stringify([LAYOUT, checked.release, rootfsPackages(checked.packages).sort()]))
    .digest("hex")
    .slice(0, 16);
  const { path, built } = await ensureStored(
    "image",
    key,
    async (directory) => {
      const work = join(directory, "work");
      mkdirSync(work);
      const file = join(directory, IMAGE_FILE);
      const onStage = (stage: string, fraction?: number) =>
        options.onProgress?.(fraction === undefined ? { stage } : { stage, fraction });
      await buildRootfs({ ...checked, mirror: options.mirror }, file, work, { signal: options.signal, onStage });
      removeTree(work);
      onStage("computing the digest");
      const made = { digest: await fileDigest(file), bytes: statSync(file).size, createdAt: Date.now() };
      writeFileSync(join(directory, "made.json"), JSON.stringify(made));
    },
    { ...options, spaceMib: SPACE_MIB },
  );
  // Those of an image that was there before and was made anew.
  if (built) removeSnapshotsOf(join(path, IMAGE_FILE));
  const made = JSON.parse(readFileSync(join(path, "made.json"), "utf8")) as Pick<
    ImageRecord,
    "digest" | "bytes" | "createdAt"
  >;
  const record: ImageRecord = recordSchema.parse({ format: 1, name, key, inputs: checked, ...made });
  writeRecord(record);
  return { record, built };
}

/** The image of that name, its file verified; "not-found", or "corrupt" with how to build it again. */
export async function openImage(name: string): Promise<OpenImage> {
  const record = readRecord(name);
  const path = join(storedPath("image", record.key), IMAGE_FILE);
  await verifyFile({
    path,
    bytes: record.bytes,
    digest: record.digest,
    what: `image "${name}"`,
    fix: `vitrine image build ${name} --release ${record.inputs.release} --packages ${record.inputs.packages.join(",")} --force`,
    stampFile: join(storedPath("image", record.key), "verified"),
  });
  return { record, path };
}

export function listImages(): { records: ImageRecord[]; broken: { name: string; reason: string }[] } {
  const records: ImageRecord[] = [];
  const broken: { name: string; reason: string }[] = [];
  for (const file of readdirSync(recordsDirectory()).sort()) {
    const name = file.replace(/\.json$/, "");
    if (name === file) continue;
    try {
      records.push(readRecord(name));
    } catch (error) {
      broken.push({ name, reason: VitrineError.from(error).message });
    }
  }
  return { records, broken };
}

/** Removes a name, and the file system when no other name has it. `usedBy` says which sandboxes run it or are made of it. */
export async function removeImage(name: string, usedBy: (name: string) => string[]): Promise<void> {
  const users = usedBy(name);
  if (users.length > 0) {
    throw new VitrineError("unavailable", `Cannot remove image "${name}": sandbox "${users.join('", "')}" needs it`, {
      fix: `vitrine stop ${users[0]}, or vitrine remove ${users[0]} if it was made of it`,
    });
  }
  const file = recordFile(name);
  if (!existsSync(file)) throw notFound(name);
  let key: string | undefined;
  try {
    key = readRecord(name).key;
  } catch {
    // A broken record: the name goes, and what it pointed to stays, as nobody knows what that was.
  }
  rmSync(file);
  if (key !== undefined && !listImages().records.some((record) => record.key === key)) {
    removeSnapshotsOf(join(storedPath("image", key), IMAGE_FILE));
    removeTree(storedPath("image", key));
    rmSync(`${storedPath("image", key)}.lock`, { force: true });
  }
}

function checkInputs(name: string, inputs: ImageInputs): ImageInputs {
  const bad = (what: string, value: string, wanted: string) =>
    new VitrineError("invalid-argument", `Cannot build image: ${what} "${value}" is not valid, ${wanted} wanted`);
  if (!NAME.test(name)) throw bad("name", name, "lower-case letters, digits, '.', '_', '-'");
  if (!RELEASE.test(inputs.release)) throw bad("release", inputs.release, 'a Debian release such as "trixie"');
  if (inputs.packages.length === 0) throw bad("list of packages", "", "at least one package");
  for (const name of inputs.packages) if (!PACKAGE.test(name)) throw bad("package", name, "a Debian package name");
  return { release: inputs.release, packages: [...new Set(inputs.packages)].sort() };
}

function recordsDirectory(): string {
  const directory = join(storeDirectory(), "images");
  mkdirSync(directory, { recursive: true });
  return directory;
}

function recordFile(name: string): string {
  if (!NAME.test(name)) throw new VitrineError("invalid-argument", `Cannot use image name "${name}": not a valid name`);
  return join(recordsDirectory(), `${name}.json`);
}

function readRecord(name: string): ImageRecord {
  const file = recordFile(name);
  if (!existsSync(file)) throw notFound(name);
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new VitrineError("corrupt", `Cannot read the record of image "${name}": "${file}" is damaged`, {
      cause,
      fix: `vitrine image remove ${name}, then build it again`,
    });
  }
}

function writeRecord(record: ImageRecord): void {
  const file = recordFile(record.name);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function notFound(name: string): VitrineError {
  const known = listImages().records.map((record) => record.name);
  const fix =
    known.length > 0
      ? `one of: ${known.join(", ")}; or vitrine image build ${name} --packages ...`
      : `vitrine image build ${name} --packages ...`;
  return new VitrineError("not-found", `Cannot find image "${name}": no such image`, { fix });
}
