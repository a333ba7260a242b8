/**
 * The file system in which the guest finds the window arena. It is made here, once, with one file whose bytes lie in one
 * piece at a known place; each sandbox gets a copy in memory. The host writes it and hands the place to the compositor,
 * the guest mounts it (ext4, DAX) and maps the file; the host never reads it back.
 */

import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { ARENA_BYTES } from "../../channel/contract/display.ts";
import { OwnedFd } from "../../sys/fd.ts";
import { Mapping, memfdCreate, punchHole } from "../../sys/memory.ts";
import type { BuildOptions } from "./build-options.ts";
import { runTool } from "./run-tool.ts";
import { ensureVersion } from "./versions.ts";

export { ARENA_BYTES };

export interface ArenaTemplate {
  readonly path: string;
  /** Bytes of the whole file system: the size of an arena's memory file. */
  readonly size: number;
  /** Where the window file's data begin in it, and how many bytes they are (ARENA_BYTES). */
  readonly dataOffset: number;
  readonly dataLength: number;
}

/** Room for ext4's own structures. A multiple of 2 MiB, as virtio-pmem wants the whole to be. */
const METADATA_BYTES = 16 * 1024 * 1024;
const BLOCK_BYTES = 4096;
/** Name of the window file in the guest: /arena/windows. */
export const ARENA_FILE = "windows";
const MKFS_OPTIONS = [
  "-b4096",
  "-m0",
  "-I256",
  "-N16",
  // No journal: nothing is kept. Structures together at the start, so that the data can lie in one piece.
  "-O^has_journal,^resize_inode,^metadata_csum,^64bit,^dir_index,flex_bg,sparse_super2",
  "-G4096",
  "-Enum_backup_sb=0,packed_meta_blocks=1,lazy_itable_init=0,nodiscard,root_owner=0:0",
];
const SPACE_MIB = 600;

export async function ensureArenaTemplate(options: BuildOptions = {}): Promise<ArenaTemplate> {
  const key = createHash("sha256")
    .update(JSON.stringify([ARENA_BYTES, METADATA_BYTES, MKFS_OPTIONS]))
    .digest("hex")
    .slice(0, 16);
  const path = await ensureVersion(
    "arena",
    key,
    async (directory) => {
      options.onProgress?.({ stage: "making the window arena" });
      const template = await makeTemplate(directory, options.signal);
      writeFileSync(join(directory, "arena.json"), JSON.stringify(template));
    },
    { ...options, spaceMib: SPACE_MIB },
  );
  const place = JSON.parse(readFileSync(join(path, "arena.json"), "utf8")) as { dataOffset: number };
  return {
    path: join(path, "arena.ext4"),
    size: ARENA_BYTES + METADATA_BYTES,
    dataOffset: place.dataOffset,
    dataLength: ARENA_BYTES,
  };
}

/** A sealed memory file (shrink, grow, seal) holding a fresh arena; the caller owns it. */
export function createArena(template: ArenaTemplate): OwnedFd {
  const arena = memfdCreate("vitrine-arena", template.size, ["shrink", "grow", "seal"]);
  using mapping = Mapping.map(arena, { length: template.size, writable: true });
  const file = openSync(template.path, constants.O_RDONLY);
  try {
    if (fstatSync(file).size !== template.size) throw damaged(template.path);
    // Only what is not zero: pages that are never written take no memory.
    const block = new Uint8Array(BLOCK_BYTES);
    const zero = new Uint8Array(BLOCK_BYTES);
    const copy = (from: number, to: number) => {
      for (let at = from; at < to; at += BLOCK_BYTES) {
        readSync(file, block, 0, BLOCK_BYTES, at);
        if (Buffer.compare(block, zero) !== 0) mapping.bytes.set(block, at);
      }
    };
    copy(0, template.dataOffset);
    copy(template.dataOffset + template.dataLength, template.size);
  } finally {
    closeSync(file);
  }
  return arena;
}

async function makeTemplate(directory: string, signal: AbortSignal | undefined): Promise<{ dataOffset: number }> {
  const content = join(directory, "content");
  const image = join(directory, "arena.ext4");
  mkdirSync(content);
  // mke2fs allocates no blocks for zeros, so the file is filled with something else, and emptied again below.
  const fill = new Uint8Array(1024 * 1024).fill(0xff);
  const file = openSync(join(content, ARENA_FILE), "w");
  for (let at = 0; at < ARENA_BYTES; at += fill.length) writeSync(file, fill);
  closeSync(file);
  await runTool("truncate", ["-s", String(ARENA_BYTES + METADATA_BYTES), image], { signal });
  await runTool("mke2fs", ["-q", "-F", "-t", "ext4", ...MKFS_OPTIONS, "-d", content, image], { signal });
  rmSync(content, { recursive: true });
  const dataOffset = await findData(image, signal);
  const fd = OwnedFd.own(openSync(image, constants.O_RDWR));
  punchHole(fd, dataOffset, ARENA_BYTES);
  fd.close();
  return { dataOffset };
}

/** Where the file's blocks begin; they must follow each other without a gap. */
async function findData(image: string, signal: AbortSignal | undefined): Promise<number> {
  const text = await runTool("debugfs", ["-R", `dump_extents /${ARENA_FILE}`, image], { signal });
  // Level, entry, logical range, physical range, length: only the lines of the last level carry data.
  const rows = [...text.matchAll(/^\s*(\d+)\/\s*(\d+)\s+\d+\/\s*\d+\s+(\d+)\s*-\s*(\d+)\s+(\d+)\s*-\s*(\d+)/gm)].map(
    (row) => row.map(Number),
  );
  let next: number | undefined;
  let first: number | undefined;
  let blocks = 0;
  for (const [, level, deepest, logical, logicalEnd, physical, physicalEnd] of rows as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ][]) {
    if (level !== deepest) continue;
    if (logical !== blocks || (next !== undefined && physical !== next))
      throw new VitrineError("internal", "Cannot make the arena: its file is in pieces");
    first ??= physical;
    next = physicalEnd + 1;
    blocks = logicalEnd + 1;
  }
  if (first === undefined || blocks * BLOCK_BYTES !== ARENA_BYTES)
    throw new VitrineError("internal", "Cannot make the arena: its file is not whole");
  if (statSync(image).size !== ARENA_BYTES + METADATA_BYTES) throw damaged(image);
  return first * BLOCK_BYTES;
}

function damaged(path: string): VitrineError {
  return new VitrineError("corrupt", `Cannot use arena template "${path}": its size is wrong`, {
    fix: `rm -r "${join(path, "..")}"`,
  });
}
