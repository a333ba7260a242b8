/** Waiting for one descriptor without the event loop: poll(2). For the rare place that can do nothing else meanwhile. */
import { EINTR, systemError } from "./errors.ts";
import type { OwnedFd } from "./fd.ts";
import { errno, libc } from "./libc.ts";

const POLLIN = 1;

/** struct pollfd { int fd; short events; short revents }. */
const pollfd = new DataView(new ArrayBuffer(8));
const pollfdBytes = new Uint8Array(pollfd.buffer);

/**
 * Blocks the whole process until `fd` has bytes to read, or has ended, for `milliseconds` at most. False: it has not. Throws
 * VitrineError "io" when the system refuses.
 */
export function awaitReadable(fd: OwnedFd, milliseconds: number): boolean {
  const end = performance.now() + milliseconds;
  for (;;) {
    pollfd.setInt32(0, fd.raw, true);
    pollfd.setInt16(4, POLLIN, true);
    const count = libc.poll(pollfdBytes, 1, Math.max(0, Math.ceil(end - performance.now())));
    if (count >= 0) return count > 0;
    const reason = errno();
    if (reason !== EINTR) throw systemError(`waiting for descriptor "${fd.raw}"`, reason);
  }
}
