/**
 * The file of a backup: zstd over records, each a line of JSON and as many bytes as that says.
 *
 *   vitrine backup 1
 *   {"kind":"sandbox","config":{...},"home":{...}}       first
 *   {"kind":"file","path":"packages/own.deb","bytes":N}   N bytes: what else is in the sandbox's folder
 *   {"kind":"data","offset":O,"bytes":N}                  N bytes of the home's disk; what no record has is zero
 *   {"kind":"end","digest":"..."}                         SHA-256 of all before
 *
 * The disk is the guest's: to the host it is bytes, here as everywhere. What is read is checked as if a stranger had made
 * it, because it may come from another machine.
 */
import * as z from "zod/mini";
import { configSchema, MAX_CONFIG_CHARS } from "../sandbox/config.ts";
import { HOME_STEP_BYTES, MAX_HOME_BYTES, MIN_HOME_BYTES } from "../sandbox/home-disk.ts";

export const MAGIC = "vitrine backup 1\n";
/** Bytes of a record's line: a configuration, of which each character may be some bytes, and a little more. */
export const MAX_BACKUP_LINE_BYTES = 4 * MAX_CONFIG_CHARS;
/** Files in a backup beside the disk: entries, icons and packages of more apps than a sandbox may have. */
export const MAX_BACKUP_FILES = 20_000;
/** Bytes of one of them: the largest packages have two thousand million. */
export const MAX_BACKUP_FILE_BYTES = 8_000_000_000;
/** Bytes of the disk in one record, so that no reader needs more memory. */
export const BACKUP_CHUNK_BYTES = 1024 * 1024;

/** Folders of a sandbox whose files are in its backup. */
const FOLDERS = /^(packages|exported-[0-9a-f]{16})\/[A-Za-z0-9_][A-Za-z0-9_.+-]{0,254}$/;

const bytes = (most: number) => z.int().check(z.gte(0), z.lte(most));

const sandboxRecord = z.object({
  kind: z.literal("sandbox"),
  config: configSchema,
  home: z.object({
    quotaBytes: z.int().check(z.gte(MIN_HOME_BYTES), z.lte(MAX_HOME_BYTES), z.multipleOf(HOME_STEP_BYTES)),
    /** No guest has made a file system on it. */
    unused: z.boolean(),
    /** Bytes of all data records: to tell how far it is. */
    dataBytes: bytes(MAX_HOME_BYTES),
  }),
});
export type SandboxRecord = z.infer<typeof sandboxRecord>;

export const recordSchema = z.discriminatedUnion("kind", [
  sandboxRecord,
  z.object({
    kind: z.literal("file"),
    path: z.string().check(z.regex(FOLDERS)),
    bytes: bytes(MAX_BACKUP_FILE_BYTES),
  }),
  z.object({ kind: z.literal("data"), offset: bytes(MAX_HOME_BYTES), bytes: bytes(BACKUP_CHUNK_BYTES) }),
  z.object({ kind: z.literal("end"), digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)) }),
]);
export type BackupRecord = z.infer<typeof recordSchema>;

/** True for a file of a sandbox's folder, named from there, that belongs into its backup. */
export function isBackedUp(path: string): boolean {
  return FOLDERS.test(path);
}
