/**
 * Clipboard and drag-and-drop data on their way between apps and the host. Outlives the connection that began it: a
 * program may ask for the clipboard, close its display, and then read.
 */
import { fdStream } from "../../channel/fd-stream.ts";
import type { Mux } from "../../channel/mux.ts";
import { copyOneWay } from "../../channel/pipe.ts";
import { type OwnedFd, setNonBlocking } from "../../sys/fd.ts";
import { pipe } from "../../sys/process.ts";
import { MAX_GUEST_TRANSFERS } from "./limits.ts";

export class GuestTransfers {
  readonly #mux: Mux;
  #running = 0;

  constructor(mux: Mux) {
    this.#mux = mux;
  }

  /** Writes what the host sends to `fd`, which it takes over. At the bound the app gets nothing: its pipe is closed. */
  toApp(client: number, token: number, fd: OwnedFd): void {
    using owned = fd;
    if (this.#running >= MAX_GUEST_TRANSFERS) return;
    setNonBlocking(owned, true);
    const stream = this.#mux.open({ kind: "transfer", client, token, announcedBy: "guest" });
    const app = fdStream(owned.dup());
    this.#running += 1;
    copyOneWay(stream, app, { onDone: () => stream.end() });
    app.onClose(() => {
      this.#running -= 1;
      stream.destroy();
    });
  }

  /** The writing end of a pipe for an app, which the caller owns; what the app writes goes to the host. */
  fromApp(client: number, token: number): OwnedFd {
    const [readEnd, writeEnd] = pipe();
    using owned = readEnd;
    setNonBlocking(writeEnd, false);
    // At the bound nobody reads: the app finds its pipe broken.
    if (this.#running >= MAX_GUEST_TRANSFERS) return writeEnd;
    try {
      const stream = this.#mux.open({ kind: "transfer", client, token, announcedBy: "host" });
      const app = fdStream(owned.dup());
      this.#running += 1;
      const over = once(() => {
        this.#running -= 1;
        app.destroy();
      });
      copyOneWay(app, stream, { onDone: over });
      stream.onData(() => {});
      stream.onClose(over);
      return writeEnd;
    } catch (error) {
      writeEnd.close();
      throw error;
    }
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
