/** Pseudo-terminals: pty(7), ioctl_tty(2). Needs a devpts file system at /dev/pts. */
import { constants } from "node:fs";
import { systemError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { errno, libc } from "./libc.ts";
import { openFile } from "./memory.ts";

const O_CLOEXEC = 0o2000000;
const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTPEER = 0x5441;
const TIOCSWINSZ = 0x5414;

/** Size of a terminal in characters. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Opens a terminal of the given size. `controller` is the emulator's end, non-blocking; `peer` is the end to give to a
 * program as its standard streams, blocking as programs expect. Both are close-on-exec and become nobody's controlling
 * terminal by being opened. Close `peer` once the program has it: the controller then reads the end of the stream when
 * the program's last copy goes.
 */
export function openPty(size: WindowSize): { controller: OwnedFd; peer: OwnedFd } {
  const controller = openFile("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    if (libc.ioctl(controller.raw, TIOCSPTLCK, new Uint8Array(4)) < 0)
      throw systemError("unlocking a terminal", errno());
    // By descriptor, not by its path under /dev/pts: that may be another devpts in this mount namespace.
    const flags = constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC;
    const raw = libc.ioctlNumber(controller.raw, TIOCGPTPEER, flags);
    if (raw < 0) throw systemError("opening a terminal's other end", errno());
    const peer = OwnedFd.own(raw);
    try {
      setWindowSize(controller, size);
      return { controller, peer };
    } catch (error) {
      peer.close();
      throw error;
    }
  } catch (error) {
    controller.close();
    throw error;
  }
}

/** Sets the size of a terminal through either end; the programs in its foreground get SIGWINCH if it changed. */
export function setWindowSize(fd: OwnedFd, size: WindowSize): void {
  const winsize = new Uint16Array([size.rows, size.columns, 0, 0]);
  if (libc.ioctl(fd.raw, TIOCSWINSZ, new Uint8Array(winsize.buffer)) < 0) {
    throw systemError(`setting the size of terminal "${fd.raw}" to ${size.columns}x${size.rows}`, errno());
  }
}
