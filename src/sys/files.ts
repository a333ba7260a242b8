/** What node:fs cannot do with files: finding the holes of sparse ones, and letting two paths change places. */
import { EINVAL, ENXIO, systemError } from "./errors.ts";
import type { OwnedFd } from "./fd.ts";
import { errno, libc } from "./libc.ts";
import { fileSize } from "./memory.ts";

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

/** A part of a file, in bytes. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * The parts of a file that are on the disk, in order; what is between them reads as zeros. All of it where the file system
 * knows no holes. Moves the descriptor's offset.
 */
export function* dataRanges(fd: OwnedFd): Generator<FileRange> {
  const size = fileSize(fd);
  for (let end = 0; end < size; ) {
    const offset = libc.lseek(fd.raw, end, SEEK_DATA);
    if (offset < 0) {
      const reason = errno();
      if (reason === ENXIO) return;
      if (reason !== EINVAL) throw systemError(`looking for data in descriptor "${fd.raw}"`, reason);
      return void (yield { offset: end, length: size - end });
    }
    const hole = libc.lseek(fd.raw, offset, SEEK_HOLE);
    if (hole < 0) throw systemError(`looking for a hole in descriptor "${fd.raw}"`, errno());
    end = Math.min(hole, size);
    if (end > offset) yield { offset, length: end - offset };
  }
}

/** Lets two paths of one file system change places, in one step. Throws VitrineError not-found, unavailable, ... */
export function exchangePaths(one: string, other: string): void {
  if (libc.renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) === 0) return;
  throw systemError(`exchanging "${one}" and "${other}"`, errno());
}
