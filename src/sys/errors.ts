/**
 * System call failures as {@link VitrineError}. The errno survives as the error's cause, so that a caller who must tell
 * EPIPE from EIO can ask {@link errnoName}. Names and texts are Linux's (asm-generic/errno.h); the numbers are the same
 * on x86-64 and aarch64.
 */
import { type ErrorCode, VitrineError } from "../base/error.ts";

type ErrnoEntry = readonly [name: string, text: string, code: ErrorCode];

const ERRNO = new Map<number, ErrnoEntry>([
  [1, ["EPERM", "operation not permitted", "denied"]],
  [2, ["ENOENT", "no such file or directory", "not-found"]],
  [4, ["EINTR", "interrupted", "io"]],
  [5, ["EIO", "input/output error", "io"]],
  [6, ["ENXIO", "no such device or address", "unavailable"]],
  [9, ["EBADF", "bad file descriptor", "internal"]],
  [11, ["EAGAIN", "temporarily unavailable", "unavailable"]],
  [12, ["ENOMEM", "out of memory", "limit"]],
  [13, ["EACCES", "permission denied", "denied"]],
  [14, ["EFAULT", "bad address", "internal"]],
  [16, ["EBUSY", "busy", "unavailable"]],
  [17, ["EEXIST", "exists already", "already-exists"]],
  [19, ["ENODEV", "no such device", "unavailable"]],
  [20, ["ENOTDIR", "not a directory", "not-found"]],
  [21, ["EISDIR", "is a directory", "invalid-argument"]],
  [22, ["EINVAL", "invalid argument", "invalid-argument"]],
  [23, ["ENFILE", "too many open files on the system", "limit"]],
  [24, ["EMFILE", "too many open files", "limit"]],
  [25, ["ENOTTY", "not a terminal", "invalid-argument"]],
  [26, ["ETXTBSY", "file busy", "unavailable"]],
  [27, ["EFBIG", "file too large", "limit"]],
  [28, ["ENOSPC", "no space left on device", "no-space"]],
  [29, ["ESPIPE", "cannot seek", "invalid-argument"]],
  [30, ["EROFS", "read-only file system", "denied"]],
  [32, ["EPIPE", "broken pipe", "io"]],
  [36, ["ENAMETOOLONG", "name too long", "invalid-argument"]],
  [38, ["ENOSYS", "not implemented by the kernel", "unavailable"]],
  [40, ["ELOOP", "too many symbolic links", "denied"]],
  [88, ["ENOTSOCK", "not a socket", "invalid-argument"]],
  [90, ["EMSGSIZE", "message too long", "limit"]],
  [91, ["EPROTOTYPE", "wrong socket type", "unavailable"]],
  [92, ["ENOPROTOOPT", "no such socket option", "unavailable"]],
  [93, ["EPROTONOSUPPORT", "protocol not supported", "unavailable"]],
  [95, ["EOPNOTSUPP", "not supported", "unavailable"]],
  [97, ["EAFNOSUPPORT", "address family not supported", "unavailable"]],
  [98, ["EADDRINUSE", "address in use", "already-exists"]],
  [99, ["EADDRNOTAVAIL", "address not available", "unavailable"]],
  [101, ["ENETUNREACH", "network unreachable", "unavailable"]],
  [103, ["ECONNABORTED", "connection aborted", "io"]],
  [104, ["ECONNRESET", "connection reset", "io"]],
  [105, ["ENOBUFS", "no buffer space", "limit"]],
  [106, ["EISCONN", "already connected", "internal"]],
  [107, ["ENOTCONN", "not connected", "io"]],
  [109, ["ETOOMANYREFS", "too many descriptors in flight", "limit"]],
  [110, ["ETIMEDOUT", "timed out", "timeout"]],
  [111, ["ECONNREFUSED", "connection refused", "unavailable"]],
  [113, ["EHOSTUNREACH", "host unreachable", "unavailable"]],
  [114, ["EALREADY", "already in progress", "internal"]],
  [115, ["EINPROGRESS", "in progress", "internal"]],
  [122, ["EDQUOT", "disk quota exceeded", "no-space"]],
]);

/** The errno values that the code of this folder branches on. */
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const EBADF = 9;
export const EAGAIN = 11;
export const EINVAL = 22;
export const ECONNABORTED = 103;
export const ENOTCONN = 107;
export const EINPROGRESS = 115;

/** The cause that every {@link systemError} carries. */
class SystemCallFailure extends Error {
  readonly errno: number;
  readonly errnoName: string;

  constructor(errno: number, errnoName: string, text: string) {
    super(`${errnoName}: ${text}`);
    this.name = "SystemCallFailure";
    this.errno = errno;
    this.errnoName = errnoName;
  }
}

/** "EPIPE", "ENOENT", ... when `error` came from a system call of this folder, else undefined. */
export function errnoName(error: unknown): string | undefined {
  if (error instanceof VitrineError && error.cause instanceof SystemCallFailure) return error.cause.errnoName;
  return undefined;
}

/**
 * Makes the error for a failed system call: `action` says what was tried and on what value ('opening "/dev/kvm"'),
 * `codes` overrides the usual code for single errno values.
 */
export function systemError(
  action: string,
  errno: number,
  options: { codes?: Readonly<Record<number, ErrorCode>>; fix?: string } = {},
): VitrineError {
  const [name, text, usual] = ERRNO.get(errno) ?? [`errno ${errno}`, "unknown error", "io" as const];
  return new VitrineError(options.codes?.[errno] ?? usual, `${action} failed: ${text} ("${name}")`, {
    cause: new SystemCallFailure(errno, name, text),
    ...(options.fix === undefined ? {} : { fix: options.fix }),
  });
}
