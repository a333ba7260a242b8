/**
 * Clipboard and drag-and-drop data between a pipe of the compositor and a stream of the guest. The two meet by app
 * connection and token, in either order of arrival; one that stays alone is closed after a while.
 */

import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { copyOneWay } from "../../channel/pipe.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import {
  MAX_TRANSFER_BYTES,
  MAX_TRANSFER_MS,
  MAX_TRANSFERS,
  TRANSFER_PAIRING_DEADLINE_MS,
  TRANSFER_STALL_DEADLINE_MS,
} from "./limits.ts";

/** Who chose the token: data of the guest's transfers flow to the guest, data of the host's flow from it. */
export type Announcer = "guest" | "host";
type Waiting = { timer: ReturnType<typeof setTimeout> } & (
  | { side: "pipe"; pipe: OwnedFd }
  | { side: "stream"; stream: ByteStream }
);

const LIMITS = { maxBytes: MAX_TRANSFER_BYTES, stallMs: TRANSFER_STALL_DEADLINE_MS, maxMs: MAX_TRANSFER_MS };

export class Transfers {
  readonly #limits: typeof LIMITS;
  readonly #waiting = new Map<string, Waiting>();
  #running = 0;

  constructor(limits: typeof LIMITS = LIMITS) {
    this.#limits = limits;
  }

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
    const [from, to] = announcedBy === "guest" ? [host, stream] : [stream, host];
    let bytes = 0;
    let over = false;
    const { maxBytes, stallMs, maxMs } = this.#limits;
    const cut = (why: string) => end(new VitrineError("limit", `Cannot transfer data any further: ${why}`));
    const stalled = setTimeout(() => cut(`nothing moved for ${stallMs} ms`), stallMs);
    const late = setTimeout(() => cut(`it took longer than ${maxMs} ms`), maxMs);
    const end = (error: VitrineError | undefined) => {
      if (over) return;
      over = true;
      this.#running -= 1;
      clearTimeout(stalled);
      clearTimeout(late);
      if (error === undefined) return from.end();
      to.destroy(error);
      from.destroy(error);
    };
    this.#running += 1;
    copyOneWay(from, to, {
      onChunk: (length) => {
        bytes += length;
        stalled.refresh();
        if (bytes > maxBytes) cut(`it is longer than ${maxBytes} bytes`);
      },
      onDone: end,
    });
    to.onClose(end);
    if (announcedBy === "guest") {
      // Nothing should come back; the end must be read all the same, or the stream would never close.
      stream.onData(() => {});
      stream.onEnd(() => {});
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
