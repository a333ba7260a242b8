/** EROFS images: read-only, and the same bytes for the same tree. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { runTool } from "./run-tool.ts";

/** File system identifiers and times are fixed, so that equal trees give equal images. */
const UUID = "76697472-696e-4e00-8000-000000000000";

/**
 * Writes the tree at `directory` to `file`, uncompressed: for what every start reads, where unpacking costs more than
 * reading. `allRoot`: everything belongs to root, whoever owns it here. `time`: of all files, in seconds since 1970.
 */
export async function makeErofs(
  file: string,
  directory: string,
  options: { allRoot?: boolean; time?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const owner = options.allRoot === true ? ["--all-root"] : [];
  await runTool("mkfs.erofs", ["--quiet", `-T${options.time ?? 0}`, `-U${UUID}`, ...owner, file, directory], {
    signal: options.signal,
  });
}

/** SHA-256 of a file, hex. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
