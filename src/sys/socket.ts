/**
 * Stream sockets of the Unix and vsock families. Everything made here is close-on-exec and non-blocking; nothing raises
 * SIGPIPE. Messages with descriptors are in message.ts.
 *
 * References: unix(7), vsock(7).
 */
import { fchmodSync } from "node:fs";
import { VitrineError } from "../base/error.ts";
import { EAGAIN, ECONNABORTED, EINPROGRESS, EINTR, EIO, ENOENT, ENOTCONN, systemError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { errno, libc } from "./libc.ts";

const AF_UNIX = 1;
const AF_VSOCK = 40;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const STREAM = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SHUT_WR = 1;
const VMADDR_CID_ANY = 0xffff_ffff;
const SOCKADDR_VM_SIZE = 16;

/** Bytes of a Unix socket path: sun_path holds 108 with the terminating NUL. */
export const MAX_UNIX_PATH_BYTES = 107;
/** Connections the kernel keeps waiting for accept: more than any burst of starting programs. */
export const DEFAULT_LISTEN_BACKLOG = 64;
/** The permission bits of a listening Unix socket: only its owner (and root) may connect. */
const LISTENER_MODE = 0o600;

function unixAddress(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > MAX_UNIX_PATH_BYTES || name.includes(0)) {
    throw new VitrineError(
      "invalid-argument",
      `the Unix socket path "${path}" has ${name.length} bytes: 1 to ${MAX_UNIX_PATH_BYTES} without NUL are wanted`,
      { fix: "choose a shorter directory, for example one under XDG_RUNTIME_DIR" },
    );
  }
  const address = new Uint8Array(2 + name.length + 1);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}

function vsockAddress(cid: number, port: number): Uint8Array {
  const address = new Uint8Array(SOCKADDR_VM_SIZE);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_VSOCK, true);
  view.setUint32(4, port, true);
  view.setUint32(8, cid, true);
  return address;
}

function newSocket(family: number): OwnedFd {
  const raw = libc.socket(family, STREAM, 0);
  if (raw < 0) throw systemError(`creating a socket of family "${family === AF_VSOCK ? "vsock" : "unix"}"`, errno());
  return OwnedFd.own(raw);
}

/** Runs `setUp` on a new socket; the socket is closed when that throws. */
function socketWith(family: number, setUp: (fd: OwnedFd) => void): OwnedFd {
  const fd = newSocket(family);
  try {
    setUp(fd);
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** Two connected Unix stream sockets. */
export function socketPair(): [OwnedFd, OwnedFd] {
  const pair = new Int32Array(2);
  if (libc.socketpair(AF_UNIX, STREAM, 0, pair) < 0) throw systemError("creating a socket pair", errno());
  return [OwnedFd.own(pair[0] ?? -1), OwnedFd.own(pair[1] ?? -1)];
}

/**
 * Connects to the Unix socket at `path`; the connection stands on return. Throws VitrineError "unavailable" when nobody
 * listens there, or more connections wait there than the listener admits.
 */
export function connectUnix(path: string): OwnedFd {
  const address = unixAddress(path);
  return socketWith(AF_UNIX, (fd) => {
    if (libc.connect(fd.raw, address, address.length) < 0) {
      throw systemError(`connecting to the socket "${path}"`, errno(), { codes: { [ENOENT]: "unavailable" } });
    }
  });
}

/**
 * Listens at `path`, which must not exist yet, with permissions 0600. Throws VitrineError "already-exists" when it does.
 * Closing the descriptor leaves the file: the caller removes it.
 */
export function listenUnix(path: string, backlog: number = DEFAULT_LISTEN_BACKLOG): OwnedFd {
  const address = unixAddress(path);
  return socketWith(AF_UNIX, (fd) => {
    // Linux gives the new file the mode of the socket itself, less the umask: so it is never open to others.
    fchmodSync(fd.raw, LISTENER_MODE);
    if (libc.bind(fd.raw, address, address.length) < 0) throw systemError(`listening at "${path}"`, errno());
    if (libc.listen(fd.raw, backlog) < 0) throw systemError(`listening at "${path}"`, errno());
  });
}

/** The next waiting connection, owned by the caller, or undefined when none waits. */
export function acceptConnection(listener: OwnedFd): OwnedFd | undefined {
  for (;;) {
    const raw = libc.accept4(listener.raw, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (raw >= 0) return OwnedFd.own(raw);
    const reason = errno();
    if (reason === EAGAIN) return undefined;
    if (reason !== EINTR && reason !== ECONNABORTED) throw systemError("accepting a connection", reason);
  }
}

/**
 * Starts connecting to a vsock port (cid 2 is the host, 1 this machine). The connection may still be under way on
 * return: watch the descriptor for writable, then call {@link checkConnected}.
 */
export function connectVsock(cid: number, port: number): OwnedFd {
  const address = vsockAddress(cid, port);
  return socketWith(AF_VSOCK, (fd) => {
    if (libc.connect(fd.raw, address, address.length) < 0) {
      const reason = errno();
      if (reason !== EINPROGRESS) throw systemError(`connecting to vsock "${cid}:${port}"`, reason);
    }
  });
}

/** Throws the VitrineError that a connection under way ended with ("unavailable", "timeout"), if it failed. */
export function checkConnected(fd: OwnedFd): void {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  if (libc.getsockopt(fd.raw, SOL_SOCKET, SO_ERROR, new Uint8Array(value.buffer), length) < 0) {
    throw systemError(`asking the state of socket "${fd.raw}"`, errno());
  }
  const reason = value[0] ?? 0;
  if (reason !== 0) throw systemError(`connecting socket "${fd.raw}"`, reason);
}

/** Listens on a vsock port, for every peer that this machine can have. */
export function listenVsock(port: number): OwnedFd {
  const address = vsockAddress(VMADDR_CID_ANY, port);
  return socketWith(AF_VSOCK, (fd) => {
    if (libc.bind(fd.raw, address, address.length) < 0 || libc.listen(fd.raw, DEFAULT_LISTEN_BACKLOG) < 0) {
      throw systemError(`listening at vsock port "${port}"`, errno());
    }
  });
}

/** Half-close: the peer reads the end of the stream, this side can go on reading. Nothing if the peer has gone. */
export function shutdownWrite(fd: OwnedFd): void {
  if (libc.shutdown(fd.raw, SHUT_WR) < 0) {
    const reason = errno();
    if (reason !== ENOTCONN) throw systemError(`ending the stream of socket "${fd.raw}"`, reason);
  }
}

/**
 * Plain read(2), for pipes, terminals and character devices as well. Returns the bytes read; 0 is the end of the stream,
 * also where a terminal's other end has been closed (Linux says EIO there). "again" when a non-blocking descriptor has
 * nothing now. `into` must have room. Throws VitrineError "io" on ECONNRESET and the like.
 */
export function readSome(fd: OwnedFd, into: Uint8Array): number | "again" {
  if (into.byteLength === 0) {
    throw new VitrineError("invalid-argument", `reading into "${0}" bytes failed: room for at least one is wanted`);
  }
  for (;;) {
    const count = libc.read(fd.raw, into, into.byteLength);
    if (count >= 0) return count;
    const reason = errno();
    if (reason === EAGAIN) return "again";
    if (reason === EINTR) continue;
    if (reason === EIO && libc.isatty(fd.raw) === 1) return 0;
    throw systemError(`reading from descriptor "${fd.raw}"`, reason);
  }
}

/**
 * Plain write(2). Returns the bytes written, perhaps fewer than given; "again" when a non-blocking descriptor has no
 * room now. Throws VitrineError "io" on EPIPE and ECONNRESET.
 */
export function writeSome(fd: OwnedFd, bytes: Uint8Array): number | "again" {
  if (bytes.byteLength === 0) return 0;
  for (;;) {
    const count = libc.write(fd.raw, bytes, bytes.byteLength);
    if (count >= 0) return count;
    const reason = errno();
    if (reason === EAGAIN) return "again";
    if (reason !== EINTR) throw systemError(`writing to descriptor "${fd.raw}"`, reason);
  }
}

export { MAX_FDS_PER_MESSAGE, receiveMessage, sendMessage } from "./message.ts";
