/** Pipes, advisory locks, limits of this process, and the identity of a socket's peer. */
import { EAGAIN, EINTR, systemError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { errno, libc } from "./libc.ts";

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const LOCK_EX = 2;
const LOCK_NB = 4;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const RLIMIT_CORE = 4;

/**
 * A pipe: [end to read, end to write], both close-on-exec and non-blocking. An end that goes to a program as a standard
 * stream should be made blocking first (setNonBlocking): programs expect it, and the two ends do not share the flag.
 */
export function pipe(): [OwnedFd, OwnedFd] {
  const pair = new Int32Array(2);
  if (libc.pipe2(pair, O_NONBLOCK | O_CLOEXEC) < 0) throw systemError("creating a pipe", errno());
  return [OwnedFd.own(pair[0] ?? -1), OwnedFd.own(pair[1] ?? -1)];
}

/**
 * Tries to take the exclusive lock (flock(2)) of an open file; false when another open of it holds the lock. It goes
 * when the descriptor and all its duplicates are closed, so also when the process dies.
 */
export function tryLock(fd: OwnedFd): boolean {
  for (;;) {
    if (libc.flock(fd.raw, LOCK_EX | LOCK_NB) === 0) return true;
    const reason = errno();
    if (reason === EAGAIN) return false;
    if (reason !== EINTR) throw systemError(`locking descriptor "${fd.raw}"`, reason);
  }
}

/** Who connected a Unix socket, as the kernel noted at connect time (for a pair: who made it). */
export function peerCredentials(fd: OwnedFd): { pid: number; uid: number; gid: number } {
  const credentials = new Uint8Array(12);
  const length = new Uint32Array([credentials.length]);
  if (libc.getsockopt(fd.raw, SOL_SOCKET, SO_PEERCRED, credentials, length) < 0) {
    throw systemError(`asking who is behind socket "${fd.raw}"`, errno());
  }
  const view = new DataView(credentials.buffer);
  return { pid: view.getInt32(0, true), uid: view.getUint32(4, true), gid: view.getUint32(8, true) };
}

/** No memory of this process, nor of those that it starts from now on, is written down when it crashes. For good. */
export function forbidCoreDumps(): void {
  if (libc.setrlimit(RLIMIT_CORE, new BigUint64Array(2)) < 0) throw systemError("forbidding core dumps", errno());
}
