/**
 * The one place where foreign functions are declared: the C library, through koffi. Everything here is the bare call,
 * typed: it returns what C returns, -1 for failure with the reason in {@link errno}. The files beside this one give the
 * calls owners, errors and names; nothing outside this folder imports it.
 *
 * koffi's own type names: int64 stands for ssize_t and off_t, a pointer is a BigInt, a Uint8Array passes as the address
 * of its first byte (the engine does not move it during the call).
 */
import { koffi } from "./koffi-native.ts";

/** An address. Raw memory: whoever holds one must know what it points to and how long it lives. */
export type Pointer = bigint;

const library = koffi.load("libc.so.6");

/** Declares one C function. The cast is the only place where the C prototype and the TypeScript type meet. */
function declare<F>(name: string, result: string, parameters: readonly string[]): F {
  return library.func(name, result, [...parameters]) as unknown as F;
}

/** An asynchronous variant runs on a thread of the runtime's pool and calls back on the main thread. */
type WithAsync<F extends (...args: never[]) => unknown> = F & {
  async(...args: [...Parameters<F>, (error: unknown, result: ReturnType<F>) => void]): void;
};

type Memory = Uint8Array | Pointer | null;

export const libc = {
  close: declare<(fd: number) => number>("close", "int", ["int"]),
  open: declare<(path: string, flags: number, mode: number) => number>("open", "int", ["str", "int", "uint"]),
  fcntl: declare<(fd: number, command: number, argument: number) => number>("fcntl", "int", ["int", "int", "ulong"]),
  read: declare<(fd: number, into: Memory, length: number) => number>("read", "int64", ["int", "void *", "uint64"]),
  write: declare<(fd: number, from: Memory, length: number) => number>("write", "int64", ["int", "void *", "uint64"]),
  pread: declare<(fd: number, into: Memory, length: number, position: number) => number>("pread", "int64", [
    "int",
    "void *",
    "uint64",
    "int64",
  ]),
  pipe2: declare<(pair: Int32Array, flags: number) => number>("pipe2", "int", ["void *", "int"]),
  clockSettime: declare<(clock: number, from: BigInt64Array) => number>("clock_settime", "int", ["int", "void *"]),
  clockGettime: declare<(clock: number, into: BigInt64Array) => number>("clock_gettime", "int", ["int", "void *"]),
  setrlimit: declare<(resource: number, limits: BigUint64Array) => number>("setrlimit", "int", ["int", "void *"]),
  flock: declare<(fd: number, operation: number) => number>("flock", "int", ["int", "int"]),
  isatty: declare<(fd: number) => number>("isatty", "int", ["int"]),
  ioctl: declare<(fd: number, request: number, argument: Memory) => number>("ioctl", "int", ["int", "ulong", "void *"]),
  ioctlNumber: declare<(fd: number, request: number, argument: number) => number>("ioctl", "int", [
    "int",
    "ulong",
    "ulong",
  ]),

  mount: declare<(source: string, target: string, type: string, flags: number, options: string | null) => number>(
    "mount",
    "int",
    ["str", "str", "str", "ulong", "str"],
  ),
  umount: declare<(target: string) => number>("umount", "int", ["str"]),

  memfdCreate: declare<(name: string, flags: number) => number>("memfd_create", "int", ["str", "uint"]),
  lseek: declare<(fd: number, offset: number, whence: number) => number>("lseek", "int64", ["int", "int64", "int"]),
  renameat2: declare<(fromFolder: number, from: string, toFolder: number, to: string, flags: number) => number>(
    "renameat2",
    "int",
    ["int", "str", "int", "str", "uint"],
  ),
  ftruncate: declare<(fd: number, length: number) => number>("ftruncate", "int", ["int", "int64"]),
  fallocate: declare<(fd: number, mode: number, offset: number, length: number) => number>("fallocate", "int", [
    "int",
    "int",
    "int64",
    "int64",
  ]),
  mmap: declare<
    (address: null, length: number, protection: number, flags: number, fd: number, offset: number) => Pointer
  >("mmap", "void *", ["void *", "uint64", "int", "int", "int", "int64"]),
  munmap: declare<(address: Pointer, length: number) => number>("munmap", "int", ["void *", "uint64"]),
  madvise: declare<(address: Pointer, length: number, advice: number) => number>("madvise", "int", [
    "void *",
    "uint64",
    "int",
  ]),

  socket: declare<(domain: number, type: number, protocol: number) => number>("socket", "int", ["int", "int", "int"]),
  socketpair: declare<(domain: number, type: number, protocol: number, pair: Int32Array) => number>(
    "socketpair",
    "int",
    ["int", "int", "int", "void *"],
  ),
  bind: declare<(fd: number, address: Memory, length: number) => number>("bind", "int", ["int", "void *", "uint"]),
  listen: declare<(fd: number, backlog: number) => number>("listen", "int", ["int", "int"]),
  accept4: declare<(fd: number, address: null, length: null, flags: number) => number>("accept4", "int", [
    "int",
    "void *",
    "void *",
    "int",
  ]),
  connect: declare<(fd: number, address: Memory, length: number) => number>("connect", "int", [
    "int",
    "void *",
    "uint",
  ]),
  shutdown: declare<(fd: number, how: number) => number>("shutdown", "int", ["int", "int"]),
  getsockopt: declare<(fd: number, level: number, option: number, value: Memory, length: Uint32Array) => number>(
    "getsockopt",
    "int",
    ["int", "int", "int", "void *", "void *"],
  ),
  send: declare<(fd: number, bytes: Memory, length: number, flags: number) => number>("send", "int64", [
    "int",
    "void *",
    "uint64",
    "int",
  ]),
  sendmsg: declare<(fd: number, message: Memory, flags: number) => number>("sendmsg", "int64", [
    "int",
    "void *",
    "int",
  ]),
  recvmsg: declare<(fd: number, message: Memory, flags: number) => number>("recvmsg", "int64", [
    "int",
    "void *",
    "int",
  ]),

  poll: declare<(fds: Memory, count: number, timeout: number) => number>("poll", "int", ["void *", "ulong", "int"]),
  epollCreate: declare<(flags: number) => number>("epoll_create1", "int", ["int"]),
  epollControl: declare<(epoll: number, operation: number, fd: number, event: Memory) => number>("epoll_ctl", "int", [
    "int",
    "int",
    "int",
    "void *",
  ]),
  epollWait: declare<WithAsync<(epoll: number, events: Pointer, maximum: number, timeout: number) => number>>(
    "epoll_wait",
    "int",
    ["int", "void *", "int", "int"],
  ),
  eventfd: declare<(initial: number, flags: number) => number>("eventfd", "int", ["uint", "int"]),
} as const;

/** Why the last call failed. Read it at once: the next call, of anybody, may change it. */
export function errno(): number {
  return koffi.errno();
}

/** The address of the first byte of `bytes`; good for as long as the caller keeps `bytes` alive and attached. */
export function addressOf(bytes: Uint8Array): Pointer {
  return koffi.address(bytes);
}

/** `length` bytes at `pointer` as an ArrayBuffer, not copied. The memory must outlive the buffer's last use. */
export function viewMemory(pointer: Pointer, length: number): ArrayBuffer {
  return koffi.view(pointer, length);
}

/**
 * `length` bytes, zeroed, that never move and are never freed: for the buffers that this folder keeps for as long as the
 * process lives.
 */
export function allocateForever(length: number): { pointer: Pointer; bytes: Uint8Array } {
  const pointer: Pointer = koffi.alloc("uint8", length);
  const bytes = new Uint8Array(koffi.view(pointer, length));
  bytes.fill(0);
  return { pointer, bytes };
}
