/** Files of the store that are used only if they are what was built. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { fileDigest } from "./erofs.ts";

export interface ExpectedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly digest: string;
  /** For messages: 'image "demo"'. */
  readonly what: string;
  /** The command that makes it anew. */
  readonly fix: string;
  /** A file beside it, in which is noted that it was verified. */
  readonly stampFile: string;
}

/** Throws "corrupt" when the file is not what was built. */
export async function verifyFile({ path, bytes, digest, what, fix, stampFile }: ExpectedFile): Promise<void> {
  const bad = (why: string) => new VitrineError("corrupt", `Cannot use ${what}: ${why}`, { fix });
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw bad("its file is missing");
  if (status.size !== bytes) throw bad(`it has ${status.size} bytes, ${bytes} wanted`);
  // Reading 400 MB for each start would take longer than the start: the digest is computed again when the file may have changed.
  const stamp = `${status.dev}:${status.ino}:${status.size}:${status.mtimeMs}:${status.ctimeMs}:${digest}`;
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  if ((await fileDigest(path)) !== digest) throw bad("its content is not what was built (digest differs)");
  writeFileSync(stampFile, stamp);
}
