/** Whether a file may have changed, without reading it. */
import { statSync } from "node:fs";

/**
 * What the kernel notes of the file at `path`, which it changes with every write and every replacement, and which nobody
 * but root can set back. Undefined when there is none.
 */
export function fileStamp(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false, bigint: true });
  return status === undefined ? undefined : `${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
}
