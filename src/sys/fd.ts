/** File descriptors with an owner: whoever holds the {@link OwnedFd} closes it, exactly once. */
import { VitrineError } from "../base/error.ts";
import { EBADF, systemError } from "./errors.ts";
import { errno, libc } from "./libc.ts";

const F_DUPFD_CLOEXEC = 1030;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** Not a descriptor: what an OwnedFd holds once it is closed or taken. */
const GONE = -1;

/**
 * One open descriptor and the duty to close it. `using fd = ...` closes it at the end of the block; close() again is
 * harmless; any other use after close() or take() throws VitrineError "internal".
 */
export class OwnedFd implements Disposable {
  #raw: number;
  #releaseHook: (() => void) | undefined;

  private constructor(raw: number) {
    this.#raw = raw;
  }

  /** Takes over the open descriptor `raw`: from now on nobody else may close it. */
  static own(raw: number): OwnedFd {
    if (!Number.isInteger(raw) || raw < 0) {
      throw new VitrineError("internal", `owning descriptor "${raw}" failed: an open descriptor number is wanted`);
    }
    return new OwnedFd(raw);
  }

  /** The number, for one call: do not keep it. Throws VitrineError "internal" when closed or taken. */
  get raw(): number {
    if (this.#raw === GONE) {
      throw new VitrineError("internal", "a descriptor was used after it had been closed or given away");
    }
    return this.#raw;
  }

  get isOpen(): boolean {
    return this.#raw !== GONE;
  }

  /** Gives ownership away: returns the number, which the caller must close. A watch on it ends. */
  take(): number {
    const raw = this.raw;
    this.#runReleaseHook();
    this.#raw = GONE;
    return raw;
  }

  /** A second descriptor of the same open file (same offset, same status flags), close-on-exec, owned by the caller. */
  dup(): OwnedFd {
    const copy = libc.fcntl(this.raw, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw systemError(`duplicating descriptor "${this.raw}"`, errno());
    return OwnedFd.own(copy);
  }

  /** Closes the descriptor; nothing if that has happened. A watch on it ends first. */
  close(): void {
    if (this.#raw === GONE) return;
    this.#runReleaseHook();
    const raw = this.#raw;
    this.#raw = GONE;
    // Linux has released the number whatever close returns; only EBADF says that somebody else had closed it before.
    if (libc.close(raw) < 0 && errno() === EBADF) throw systemError(`closing descriptor "${raw}"`, EBADF);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * For the event loop only: `hook` runs right before the number is given up, so that no watch outlives it. There is
   * room for one; undefined removes it.
   */
  setReleaseHook(hook: (() => void) | undefined): void {
    if (hook !== undefined && this.#releaseHook !== undefined) {
      throw new VitrineError("internal", `watching descriptor "${this.raw}" failed: one without a watch is wanted`);
    }
    this.#releaseHook = hook;
  }

  #runReleaseHook(): void {
    const hook = this.#releaseHook;
    this.#releaseHook = undefined;
    hook?.();
  }
}

/**
 * Makes reads and writes return at once ("again" of readSome and writeSome) or wait. The flag belongs to the open file:
 * everybody who has a duplicate, a child process as well, sees the change.
 */
export function setNonBlocking(fd: OwnedFd, nonBlocking: boolean): void {
  const flags = libc.fcntl(fd.raw, F_GETFL, 0);
  if (flags < 0) throw systemError(`reading the flags of descriptor "${fd.raw}"`, errno());
  const wanted = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (wanted !== flags && libc.fcntl(fd.raw, F_SETFL, wanted) < 0) {
    throw systemError(`setting the flags of descriptor "${fd.raw}"`, errno());
  }
}
