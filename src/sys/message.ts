/**
 * Messages that carry file descriptors over Unix sockets: sendmsg(2) and recvmsg(2) with SCM_RIGHTS, see unix(7) and
 * cmsg(3). The kernel's structures are laid out by hand in one block of memory that every call uses again:
 *
 *   offset 0   struct msghdr    { name*, namelen, iov*, iovlen, control*, controllen, flags }   56 bytes
 *   offset 64  struct iovec     { base*, length }                                               16 bytes
 *   offset 80  struct cmsghdr   { length, level, type }                                         16 bytes, then the fds
 *
 * This is the layout of every 64-bit little-endian Linux (x86-64 and aarch64 alike).
 */
import { VitrineError } from "../base/error.ts";
import { EAGAIN, EINTR, systemError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { addressOf, allocateForever, errno, libc } from "./libc.ts";

const MSG_CTRUNC = 0x8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
const RECEIVE_FLAGS = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** Descriptors in one message, sent or received: what libwayland uses. */
export const MAX_FDS_PER_MESSAGE = 28;
/** Bytes in one call: keeps a length inside 32 bits. A longer array is sent, or filled, in part. */
const MAX_BYTES_PER_CALL = 0x4000_0000;

const NO_FDS: readonly OwnedFd[] = [];

const IOVEC_OFFSET = 64;
const CONTROL_OFFSET = 80;
const CONTROL_HEADER_SIZE = 16;
const BLOCK_SIZE = CONTROL_OFFSET + CONTROL_HEADER_SIZE + 4 * MAX_FDS_PER_MESSAGE;

const block = allocateForever(BLOCK_SIZE);
const words = new Int32Array(block.bytes.buffer);
const pointers = new BigUint64Array(block.bytes.buffer);

// Indexes into `pointers` (8 bytes each) and `words` (4 bytes each; the low half of a 64-bit length).
const P_IOV = 2;
const P_IOV_COUNT = 3;
const P_CONTROL = 4;
const P_IOV_BASE = IOVEC_OFFSET / 8;
const W_CONTROL_LENGTH = 10;
const W_FLAGS = 12;
const W_IOV_LENGTH = (IOVEC_OFFSET + 8) / 4;
const W_CMSG_LENGTH = CONTROL_OFFSET / 4;
const W_CMSG_LEVEL = W_CMSG_LENGTH + 2;
const W_CMSG_TYPE = W_CMSG_LENGTH + 3;
const W_CMSG_DATA = W_CMSG_LENGTH + 4;

pointers[P_IOV] = block.pointer + BigInt(IOVEC_OFFSET);
pointers[P_IOV_COUNT] = 1n;
pointers[P_CONTROL] = block.pointer + BigInt(CONTROL_OFFSET);

function describe(bytes: Uint8Array, controlLength: number): void {
  pointers[P_IOV_BASE] = addressOf(bytes);
  words[W_IOV_LENGTH] = Math.min(bytes.byteLength, MAX_BYTES_PER_CALL);
  words[W_CONTROL_LENGTH] = controlLength;
  words[W_FLAGS] = 0;
}

/**
 * Sends `bytes`, and with the first of them duplicates of `fds` (the caller still owns its own). Returns how many bytes
 * went, perhaps fewer than given: the descriptors went with them all the same, so the rest is sent without. "again" when
 * there is no room now, and nothing was sent. Throws VitrineError: "io" on EPIPE and ECONNRESET, "limit" above
 * {@link MAX_FDS_PER_MESSAGE} or with too many descriptors in flight.
 */
export function sendMessage(fd: OwnedFd, bytes: Uint8Array, fds: readonly OwnedFd[] = NO_FDS): number | "again" {
  const raw = fd.raw;
  if (fds.length > 0) {
    if (fds.length > MAX_FDS_PER_MESSAGE) {
      throw new VitrineError("limit", `sending "${fds.length}" descriptors failed: at most ${MAX_FDS_PER_MESSAGE} fit`);
    }
    if (bytes.byteLength === 0) {
      throw new VitrineError("internal", `sending "${fds.length}" descriptors without a byte failed: one is wanted`);
    }
    const controlLength = CONTROL_HEADER_SIZE + 4 * fds.length;
    for (const [index, passed] of fds.entries()) words[W_CMSG_DATA + index] = passed.raw;
    words[W_CMSG_LENGTH] = controlLength;
    words[W_CMSG_LENGTH + 1] = 0;
    words[W_CMSG_LEVEL] = SOL_SOCKET;
    words[W_CMSG_TYPE] = SCM_RIGHTS;
    describe(bytes, controlLength);
  } else if (bytes.byteLength === 0) {
    return 0;
  }
  for (;;) {
    const count =
      fds.length > 0 ? libc.sendmsg(raw, block.bytes, SEND_FLAGS) : libc.send(raw, bytes, bytes.byteLength, SEND_FLAGS);
    if (count >= 0) return count;
    const reason = errno();
    if (reason === EAGAIN) return "again";
    if (reason !== EINTR) throw systemError(`sending ${bytes.byteLength} bytes over socket "${raw}"`, reason);
  }
}

/** Takes over every descriptor that the last recvmsg left in the block. */
function takeReceived(): OwnedFd[] {
  const fds: OwnedFd[] = [];
  if ((words[W_CONTROL_LENGTH] ?? 0) < CONTROL_HEADER_SIZE) return fds;
  // The kernel puts all descriptors of a message into one control message, and no other kind has been asked for.
  if (words[W_CMSG_LEVEL] !== SOL_SOCKET || words[W_CMSG_TYPE] !== SCM_RIGHTS) return fds;
  const count = ((words[W_CMSG_LENGTH] ?? 0) - CONTROL_HEADER_SIZE) >> 2;
  for (let index = 0; index < count; index++) fds.push(OwnedFd.own(words[W_CMSG_DATA + index] ?? -1));
  return fds;
}

/**
 * Receives into `into` (which must have room) and up to `maxFds` descriptors, close-on-exec, which the caller then owns.
 * They come no later than the first byte that they were sent with, perhaps with the bytes before it; one call never
 * returns those of two messages.
 * Length 0 is the end of the stream. "again" when nothing is there now. When the peer sent more descriptors than
 * `maxFds`, those that came are closed and VitrineError "protocol" is thrown: the stream is broken then, close it.
 * Throws "io" on ECONNRESET.
 */
export function receiveMessage(
  fd: OwnedFd,
  into: Uint8Array,
  maxFds: number = MAX_FDS_PER_MESSAGE,
): { length: number; fds: OwnedFd[] } | "again" {
  if (into.byteLength === 0 || maxFds < 0 || maxFds > MAX_FDS_PER_MESSAGE) {
    throw new VitrineError(
      "invalid-argument",
      `receiving "${into.byteLength}" bytes and ${maxFds} descriptors failed: ` +
        `room for a byte and 0 to ${MAX_FDS_PER_MESSAGE} descriptors are wanted`,
    );
  }
  const raw = fd.raw;
  for (;;) {
    // Not rounded up to 8 bytes as CMSG_SPACE would: the padding would let one descriptor more in.
    describe(into, maxFds === 0 ? 0 : CONTROL_HEADER_SIZE + 4 * maxFds);
    const length = libc.recvmsg(raw, block.bytes, RECEIVE_FLAGS);
    if (length >= 0) {
      const fds = takeReceived();
      if (((words[W_FLAGS] ?? 0) & MSG_CTRUNC) === 0) return { length, fds };
      for (const received of fds) received.close();
      throw new VitrineError(
        "protocol",
        `receiving from socket "${raw}" failed: at most ${maxFds} descriptors per message are wanted, more were sent`,
      );
    }
    const reason = errno();
    if (reason === EAGAIN) return "again";
    if (reason !== EINTR) throw systemError(`receiving from socket "${raw}"`, reason);
  }
}
