/** The kernel's side of the event loop: an epoll instance, and an eventfd in it that ends a wait. epoll_ctl(2). */

import { systemError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { errno, libc } from "./libc.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EFD_FLAGS = 0o2000000 | 0o4000; // close-on-exec, non-blocking
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
export const READABLE = EPOLLIN | EPOLLRDHUP;
export const HANGUP = EPOLLERR | EPOLLHUP;

/** struct epoll_event is packed on x86-64 and nowhere else: { u32 events; u64 data }. */
export const DATA_OFFSET = process.arch === "x64" ? 4 : 8;
export const EVENT_SIZE = DATA_OFFSET + 8;

/** The eventfd's cookie; watches count from 1. */
export const WAKE_COOKIE = 0n;
const WAKE_VALUE = new Uint8Array(new BigUint64Array([1n]).buffer);
const wakeBuffer = new Uint8Array(8);

const event = new DataView(new ArrayBuffer(EVENT_SIZE));
const eventBytes = new Uint8Array(event.buffer);

export interface Kernel {
  readonly epoll: OwnedFd;
  readonly eventfd: OwnedFd;
}

/** epoll_ctl with `cookie` as the event's data. Returns 0 or the errno. */
export function epollControl(epoll: OwnedFd, operation: number, raw: number, events: number, cookie: bigint): number {
  event.setUint32(0, events, true);
  event.setBigUint64(DATA_OFFSET, cookie, true);
  return libc.epollControl(epoll.raw, operation, raw, eventBytes) === 0 ? 0 : errno();
}

export function openKernel(): Kernel {
  const epollRaw = libc.epollCreate(EPOLL_CLOEXEC);
  if (epollRaw < 0) throw systemError("creating an epoll instance", errno());
  const epoll = OwnedFd.own(epollRaw);
  const eventfdRaw = libc.eventfd(0, EFD_FLAGS);
  const reason = eventfdRaw < 0 ? errno() : epollControl(epoll, EPOLL_CTL_ADD, eventfdRaw, EPOLLIN, WAKE_COOKIE);
  if (reason === 0) return { epoll, eventfd: OwnedFd.own(eventfdRaw) };
  epoll.close();
  if (eventfdRaw >= 0) OwnedFd.own(eventfdRaw).close();
  throw systemError("creating an eventfd", reason);
}

/** Ends the wait that is pending, or the next one. */
export function wake(kernel: Kernel): void {
  if (libc.write(kernel.eventfd.raw, WAKE_VALUE, WAKE_VALUE.length) < 0) {
    throw systemError("waking the event loop", errno());
  }
}

/** Takes a {@link wake} back, so that it ends no further wait. */
export function quietWake(kernel: Kernel): void {
  libc.read(kernel.eventfd.raw, wakeBuffer, wakeBuffer.length);
}
