/** Reads a log as it is, then as it grows. */
import { constants, watch } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { sanitizeText } from "../../base/sanitize.ts";
import { LineCutter, MAX_LOG_LINE_CHARS } from "../../host/sandbox/log-file.ts";

/** How often to look whether a followed log is complete, in milliseconds; new lines are noticed at once. */
export const FOLLOW_CHECK_MS = 500;

/**
 * Gives `onLine` every line of FILE.1 and FILE, made safe to show; then, while `follow()` says so, those that are added,
 * also over a change of files. False: there is no such log.
 */
export async function readLog(
  path: string,
  onLine: (line: string) => void,
  options: { follow: () => boolean },
): Promise<boolean> {
  const cutter = new LineCutter((line) => onLine(sanitizeText(line, MAX_LOG_LINE_CHARS)));
  await copyFrom(`${path}.1`, 0, cutter);
  const change = changes(path);
  try {
    let read = await copyFrom(path, 0, cutter);
    if (read === undefined) return false;
    while (options.follow()) {
      await change.next();
      const status = await stat(path).catch(() => undefined);
      if (status === undefined) continue;
      // The file was put aside and a new one begun: what was still unread of the old one comes first.
      if (status.ino !== read.inode || status.size < read.position) {
        await copyFrom(`${path}.1`, read.position, cutter);
        read = { inode: status.ino, position: 0 };
      }
      read = (await copyFrom(path, read.position, cutter)) ?? read;
    }
    await copyFrom(path, read.position, cutter);
    cutter.end();
    return true;
  } finally {
    change.close();
  }
}

/** Hands over the file from `position` on; returns where it ends now, undefined when there is no such file. */
async function copyFrom(
  path: string,
  position: number,
  cutter: LineCutter,
): Promise<{ inode: number; position: number } | undefined> {
  const file = await open(path, constants.O_RDONLY).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const buffer = new Uint8Array(64 * 1024);
    let at = position;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return { inode: (await file.stat()).ino, position: at };
      cutter.push(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** next() resolves when the file may have changed. */
function changes(path: string): { next(): Promise<void>; close(): void } {
  let wake: (() => void) | undefined;
  let pending = false;
  const notify = () => {
    pending = true;
    wake?.();
  };
  const watcher = watch(dirname(path), (_event, name) => {
    if (name === basename(path)) notify();
  });
  const timer = setInterval(notify, FOLLOW_CHECK_MS);
  return {
    next: async () => {
      if (!pending) await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
      pending = false;
    },
    close: () => {
      watcher.close();
      clearInterval(timer);
    },
  };
}
