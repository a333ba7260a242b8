/** Memory files, their seals, mappings, and reads that cannot fault. */
import { fstatSync } from "node:fs";
import { VitrineError } from "../base/error.ts";
import { EINTR, EINVAL, systemError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { errno, libc, type Pointer, viewMemory } from "./libc.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const O_CLOEXEC = 0o2000000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** What can be forbidden for a memory file, for good and for every holder (F_SEAL_* of fcntl(2)). */
export type Seal = "shrink" | "grow" | "write" | "seal";
const SEAL_BITS: Readonly<Record<Seal, number>> = { seal: 1, shrink: 2, grow: 4, write: 8 };
const SEALS: readonly Seal[] = ["seal", "shrink", "grow", "write"];

/**
 * A file in memory of `size` bytes, zeroed, close-on-exec, sealed with `seals`. `name` is only for /proc. Throws
 * VitrineError (no-space, limit).
 */
export function memfdCreate(name: string, size: number, seals: readonly Seal[] = []): OwnedFd {
  const raw = libc.memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (raw < 0) throw systemError(`creating the memory file "${name}"`, errno());
  const fd = OwnedFd.own(raw);
  try {
    if (libc.ftruncate(raw, size) < 0) throw systemError(`giving the memory file "${name}" ${size} bytes`, errno());
    const bits = seals.reduce((sum, seal) => sum | SEAL_BITS[seal], 0);
    if (bits !== 0 && libc.fcntl(raw, F_ADD_SEALS, bits) < 0) {
      throw systemError(`sealing the memory file "${name}"`, errno());
    }
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** The seals that are set; none for a file that cannot have any. */
export function getSeals(fd: OwnedFd): Seal[] {
  const bits = libc.fcntl(fd.raw, F_GET_SEALS, 0);
  if (bits < 0) {
    const reason = errno();
    if (reason === EINVAL) return [];
    throw systemError(`reading the seals of descriptor "${fd.raw}"`, reason);
  }
  return SEALS.filter((seal) => (bits & SEAL_BITS[seal]) !== 0);
}

/** Gives the memory or disk blocks of a range (bytes) back; it reads as zeros afterwards. The size stays. */
export function punchHole(fd: OwnedFd, offset: number, length: number): void {
  if (libc.fallocate(fd.raw, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length) < 0) {
    throw systemError(`freeing ${length} bytes at ${offset} of descriptor "${fd.raw}"`, errno());
  }
}

/** Size of the file in bytes. */
export function fileSize(fd: OwnedFd): number {
  return fstatSync(fd.raw).size;
}

/**
 * Opens `path` with `flags` (constants.O_* of node:fs), always close-on-exec. `mode` is for files that O_CREAT makes.
 * Throws VitrineError not-found, denied, ...
 */
export function openFile(path: string, flags: number, mode = 0o600): OwnedFd {
  if (path.includes("\0"))
    throw new VitrineError("invalid-argument", `opening "${path}" failed: a path without NUL is wanted`);
  for (;;) {
    const raw = libc.open(path, flags | O_CLOEXEC, mode);
    if (raw >= 0) return OwnedFd.own(raw);
    const reason = errno();
    if (reason !== EINTR) throw systemError(`opening "${path}"`, reason);
  }
}

/**
 * A shared mapping of a file. `bytes` is the memory itself, not a copy. After close() `bytes`, and every subarray of it,
 * has length 0: late writes do nothing instead of faulting.
 *
 * Touching mapped memory that the file no longer backs ends the process (SIGBUS). So map only files whose size nobody
 * else can reduce: one's own, or one sealed against shrinking. Read a stranger's file with {@link preadInto}.
 */
export class Mapping implements Disposable {
  readonly bytes: Uint8Array;
  #address: Pointer | undefined;
  readonly #length: number;

  private constructor(address: Pointer, length: number) {
    this.#address = address;
    this.#length = length;
    this.bytes = new Uint8Array(viewMemory(address, length));
  }

  /**
   * Maps `length` bytes of `fd` from `offset` (a multiple of the page size). The descriptor may be closed afterwards.
   * Throws VitrineError invalid-argument when the file is shorter than that.
   */
  static map(fd: OwnedFd, options: { length: number; writable: boolean; offset?: number }): Mapping {
    const { length, writable, offset = 0 } = options;
    const size = fileSize(fd);
    if (!Number.isSafeInteger(length) || length <= 0 || offset < 0 || offset + length > size) {
      throw new VitrineError(
        "invalid-argument",
        `mapping "${length}" bytes at ${offset} failed: a range inside the file of ${size} bytes is wanted`,
      );
    }
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = libc.mmap(null, length, protection, MAP_SHARED, fd.raw, offset);
    if (address === MAP_FAILED) throw systemError(`mapping "${length}" bytes of descriptor "${fd.raw}"`, errno());
    return new Mapping(address, length);
  }

  close(): void {
    const address = this.#address;
    if (address === undefined) return;
    this.#address = undefined;
    // Detaches the buffer from the memory before the memory goes.
    (this.bytes.buffer as ArrayBuffer).transfer(0);
    if (libc.munmap(address, this.#length) < 0) throw systemError(`unmapping ${this.#length} bytes`, errno());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Reads from `position` of the file into `target`, which may be a part of a {@link Mapping}; returns the bytes read,
 * fewer than asked at the end of the file. Never moves the file offset and never faults: a file that its owner truncates
 * in the meantime gives a short read.
 */
export function preadInto(fd: OwnedFd, target: Uint8Array, position: number): number {
  const wanted = target.byteLength;
  if (wanted === 0) return 0;
  const raw = fd.raw;
  let done = 0;
  let rest = target;
  for (;;) {
    const count = libc.pread(raw, rest, wanted - done, position + done);
    if (count < 0) {
      const reason = errno();
      if (reason === EINTR) continue;
      throw systemError(`reading ${wanted} bytes at ${position} of descriptor "${raw}"`, reason);
    }
    done += count;
    // Linux reads at most 2 GiB at a time, and a signal may cut a read short.
    if (count === 0 || done === wanted) return done;
    rest = target.subarray(done);
  }
}
