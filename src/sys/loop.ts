/**
 * Readiness of file descriptors: one level-triggered epoll instance for the process, and one asynchronous epoll_wait on
 * a pool thread that serves every watched descriptor.
 *
 * - An event names its watch by a cookie that is never used twice, not by the descriptor number: what the wait reported
 *   for a watch that has been closed since is dropped, even if the number belongs to another descriptor by then.
 * - A pending wait keeps the process alive. So when the last watch closes, an eventfd ends the wait and no new one
 *   starts.
 * - A watch without interest is taken out of epoll: the kernel reports hangups whether asked or not, and a paused stream
 *   whose peer has gone would keep the process spinning.
 * - After a wait has reported something, the next look is a poll at the end of the same turn of the event loop; only
 *   when that finds nothing does the wait go back to the pool. Under load this saves the way through the other thread
 *   (tens of microseconds), and timers, promises and other I/O still get their turn in between.
 * - The wait holds one thread of Bun's pool (two at the least, also on one processor). A job that blocks the other
 *   threads for good, like opening a FIFO through node:fs/promises, would starve this loop.
 *
 * References: epoll(7), epoll_ctl(2), eventfd(2).
 */
import { VitrineError } from "../base/error.ts";
import {
  DATA_OFFSET,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLOUT,
  EVENT_SIZE,
  epollControl,
  HANGUP,
  type Kernel,
  openKernel,
  quietWake,
  READABLE,
  WAKE_COOKIE,
  wake,
} from "./epoll.ts";
import { EINTR, EPERM, systemError } from "./errors.ts";
import type { OwnedFd } from "./fd.ts";
import { allocateForever, errno, libc } from "./libc.ts";

/** Descriptors reported by one epoll_wait; the rest come with the next one, which starts where this one ended. */
export const MAX_EVENTS_PER_WAIT = 64;

/**
 * Polls on the main thread before the next wait goes through the pool all the same: Bun 1.4.5 lets no uncaught exception
 * end the process while an immediate is pending, and under steady load one always would be.
 */
export const MAX_POLLS_IN_A_ROW = 32;

/** What to be told of. Neither: paused, nothing is told, hangup neither. */
export interface Interest {
  readonly readable?: boolean;
  readonly writable?: boolean;
}

/**
 * What a descriptor is ready for. Only what the interest names is ever true, except hangup (the peer has gone, or an
 * error waits to be read off by the next call). The handler is called again for as long as it stays true, so it must
 * read, write, drop the interest or close the watch. The end of a stream is `readable`.
 */
export interface Readiness {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly hangup: boolean;
}

/** One watched descriptor. Closing the descriptor, or taking it from its OwnedFd, closes its watch. */
export interface Watch {
  /** Replaces the interest: what is not named is off. Throws VitrineError "internal" after close(). */
  update(interest: Interest): void;
  /** Ends the watch; its handler is never called again. Idempotent. Does not close the descriptor. */
  close(): void;
}

type Handler = (ready: Readiness) => void;

interface Entry {
  readonly raw: number;
  readonly cookie: bigint;
  readonly handler: Handler;
  /** EPOLL* bits asked for; 0 is paused. */
  events: number;
  /** False once the kernel has refused the descriptor: a file that is always ready. */
  pollable: boolean;
}

const entries = new Map<bigint, Entry>();
/** Watches of descriptors that are always ready, as far as they are not paused. */
const alwaysReady = new Set<Entry>();
const reported = allocateForever(EVENT_SIZE * MAX_EVENTS_PER_WAIT);
const reportedView = new DataView(reported.bytes.buffer);
let kernel: Kernel | undefined;
let lastCookie = WAKE_COOKIE;
let state: "idle" | "polling" | "waiting" = "idle";
let waking = false;
let polls = 0;

function throwLater(error: unknown): void {
  polls = MAX_POLLS_IN_A_ROW;
  queueMicrotask(() => {
    throw error;
  });
}
let reportError: (error: unknown) => void = throwLater;

/**
 * Says who is told what a watch handler throws; the loop goes on either way. Undefined restores the default: the error
 * is thrown outside of the loop and so becomes an uncaught exception.
 */
export function setLoopErrorHandler(handler: ((error: unknown) => void) | undefined): void {
  reportError = handler ?? throwLater;
}

function setInterest(opened: Kernel, entry: Entry, interest: Interest): void {
  const events = (interest.readable === true ? READABLE : 0) | (interest.writable === true ? EPOLLOUT : 0);
  if (events === entry.events) return;
  const operation = entry.events === 0 ? EPOLL_CTL_ADD : events === 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  const reason = entry.pollable ? epollControl(opened.epoll, operation, entry.raw, events, entry.cookie) : 0;
  if (reason === EPERM) entry.pollable = false;
  else if (reason !== 0) throw systemError(`watching descriptor "${entry.raw}"`, reason);
  entry.events = events;
  if (entry.pollable) return;
  alwaysReady.delete(entry);
  if (events === 0) return;
  alwaysReady.add(entry);
  endWait(opened);
}

/** Hands out what a wait reported and goes on; `count` is what epoll_wait returned, with errno set. */
function finishWait(opened: Kernel, count: number): void {
  state = "idle";
  if (count < 0) {
    const reason = errno();
    if (reason !== EINTR) {
      throwLater(systemError("waiting for descriptors", reason));
      return;
    }
  }
  for (let index = 0; index < count; index++) {
    const cookie = reportedView.getBigUint64(index * EVENT_SIZE + DATA_OFFSET, true);
    if (cookie === WAKE_COOKIE) {
      quietWake(opened);
      waking = false;
    } else {
      deliver(cookie, reportedView.getUint32(index * EVENT_SIZE, true));
    }
  }
  if (alwaysReady.size > 0) for (const { cookie, events } of [...alwaysReady]) deliver(cookie, events);
  if (polls >= MAX_POLLS_IN_A_ROW || (count === 0 && alwaysReady.size === 0)) waitInPool(opened);
  else pollSoon(opened);
}

/** Asks again, without waiting, after everything else that this turn of the event loop has to do. */
function pollSoon(opened: Kernel): void {
  if (state !== "idle" || entries.size === 0) return;
  state = "polling";
  polls++;
  setImmediate(() => {
    finishWait(opened, libc.epollWait(opened.epoll.raw, reported.pointer, MAX_EVENTS_PER_WAIT, 0));
  });
}

function waitInPool(opened: Kernel): void {
  if (state !== "idle" || entries.size === 0) return;
  state = "waiting";
  polls = 0;
  const timeout = alwaysReady.size === 0 ? -1 : 0;
  libc.epollWait.async(opened.epoll.raw, reported.pointer, MAX_EVENTS_PER_WAIT, timeout, (_, count) => {
    // koffi has set errno to what the pool thread saw.
    finishWait(opened, count);
  });
}

/** Makes a wait in the pool return at once. */
function endWait(opened: Kernel): void {
  if (state !== "waiting" || waking) return;
  waking = true;
  wake(opened);
}

function deliver(cookie: bigint, events: number): void {
  const entry = entries.get(cookie);
  if (entry === undefined) return;
  // An earlier handler of this round may have changed the interest since.
  const hangup = entry.events !== 0 && (events & HANGUP) !== 0;
  const readable = (entry.events & READABLE) !== 0 && (events & (READABLE | HANGUP)) !== 0;
  const writable = (entry.events & EPOLLOUT) !== 0 && (events & (EPOLLOUT | HANGUP)) !== 0;
  if (!readable && !writable && !hangup) return;
  try {
    entry.handler({ readable, writable, hangup });
  } catch (error) {
    try {
      reportError(error);
    } catch (another) {
      throwLater(another);
    }
  }
}

/**
 * Calls `handler` on the main thread whenever `fd` is ready for what `interest` names, until the watch or the descriptor
 * is closed. The process stays alive for as long as a watch is open. One watch per descriptor: a second throws
 * VitrineError "internal" (watch a dup() instead). Regular files and the like, which epoll refuses, are always ready.
 */
export function watch(fd: OwnedFd, interest: Interest, handler: Handler): Watch {
  kernel ??= openKernel();
  const opened = kernel;
  lastCookie += 1n;
  const entry: Entry = { raw: fd.raw, cookie: lastCookie, handler, events: 0, pollable: true };
  const close = (): void => {
    if (!entries.delete(entry.cookie)) return;
    fd.setReleaseHook(undefined);
    setInterest(opened, entry, {});
    if (entries.size === 0) endWait(opened);
  };
  fd.setReleaseHook(close);
  entries.set(entry.cookie, entry);
  try {
    setInterest(opened, entry, interest);
  } catch (error) {
    entries.delete(entry.cookie);
    fd.setReleaseHook(undefined);
    throw error;
  }
  pollSoon(opened);
  return {
    update: (changed) => {
      if (entries.has(entry.cookie)) return setInterest(opened, entry, changed);
      throw new VitrineError("internal", `changing the watch of "${entry.raw}" failed: an open watch is wanted`);
    },
    close,
  };
}
