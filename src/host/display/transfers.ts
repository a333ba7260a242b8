/**
 * Clipboard and drag-and-drop data between a pipe of the compositor and a stream of the guest. The two meet by app
 * connection and token, in either order of arrival; one that stays alone is closed after a while.
 */

import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { copyOneWay } from "../../channel/pipe.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { MAX_TRANSFERS, TRANSFER_PAIRING_DEADLINE_MS } from "./limits.ts";

/** Who chose the token: data of the guest's transfers flow to the guest, data of the host's flow from it. */
export type Announcer = "guest" | "host";
type Waiting = { timer: ReturnType<typeof setTimeout> } & (
  | { side: "pipe"; pipe: OwnedFd }
  | { side: "stream"; stream: ByteStream }
);

export class Transfers {
  readonly #waiting = new Map<string, Waiting>();
  #running = 0;

  /** A pipe waits for the guest's stream. Takes ownership of `pipe`. */
  expect(client: number, announcedBy: Announcer, token: number, pipe: OwnedFd): void {
    const key = `${client}:${announcedBy}:${token}`;
    const other = this.#waiting.get(key);
    if (other?.side === "stream") {
      this.#forget(key, other);
      this.#start(announcedBy, pipe, other.stream);
    } else if (other !== undefined || this.#full()) {
      pipe.close();
    } else {
      this.#waiting.set(key, { side: "pipe", pipe, timer: this.#deadline(key) });
    }
  }

  /** A stream of the guest arrived. */
  accept(client: number, announcedBy: Announcer, token: number, stream: ByteStream): void {
    const key = `${client}:${announcedBy}:${token}`;
    const other = this.#waiting.get(key);
    if (other?.side === "pipe") {
      this.#forget(key, other);
      this.#start(announcedBy, other.pipe, stream);
    } else if (other !== undefined || this.#full()) {
      stream.destroy();
    } else {
      this.#waiting.set(key, { side: "stream", stream, timer: this.#deadline(key) });
    }
  }

  close(): void {
    for (const key of [...this.#waiting.keys()]) this.#drop(key);
  }

  #start(announcedBy: Announcer, pipe: OwnedFd, stream: ByteStream): void {
    const host = fdStream(pipe);
    this.#running += 1;
    host.onClose(() => {
      this.#running -= 1;
    });
    if (announcedBy === "guest") {
      copyOneWay(host, stream, { onDone: () => host.destroy() });
      stream.onClose(() => host.destroy());
    } else {
      copyOneWay(stream, host, { onDone: () => stream.end() });
      host.onClose(() => stream.destroy());
    }
  }

  #full(): boolean {
    return this.#waiting.size + this.#running >= MAX_TRANSFERS;
  }

  #deadline(key: string): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#drop(key), TRANSFER_PAIRING_DEADLINE_MS);
  }

  #forget(key: string, waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(key);
  }

  #drop(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#forget(key, waiting);
    if (waiting.side === "pipe") waiting.pipe.close();
    else waiting.stream.destroy(new VitrineError("timeout", "Cannot transfer data: the other side did not come"));
  }
}
