/** One end of the bridge's Wayland connection: messages in, messages out, descriptors with them. */
import type { VitrineError } from "../../../base/error.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { MAX_FDS_PER_MESSAGE } from "../../../sys/socket.ts";
import { MessageReader, type RawMessage } from "../../../wayland/message-reader.ts";
import { MessageWriter } from "../../../wayland/message-writer.ts";
import type { MessageTable, Value } from "../../../wayland/types.ts";
import { LIBWAYLAND_MAX_MESSAGE_BYTES } from "../../../wayland/wire.ts";
import { AppSocket } from "../../display/app-socket.ts";
import { waylandError } from "./errors.ts";

/** Bytes that wait for one side of the bridge, after which the other is not read until it has taken them. */
export const BRIDGE_HIGH_WATER_BYTES = 256 * 1024;

export interface WaylandEndHandlers {
  /** A whole message; valid during the call. */
  message(raw: RawMessage): void;
  closed(error: VitrineError | undefined): void;
  drained(): void;
}

export class WaylandEnd {
  readonly #socket: AppSocket;
  readonly #reader = new MessageReader();
  readonly #writer = new MessageWriter({ maxMessageBytes: LIBWAYLAND_MAX_MESSAGE_BYTES });
  #fds: OwnedFd[] = [];
  #isFlushing = false;

  /** Takes ownership of `fd`. */
  constructor(fd: OwnedFd, handlers: WaylandEndHandlers) {
    this.#socket = new AppSocket(fd, {
      received: (bytes) => {
        this.#reader.push(bytes);
        for (let raw = this.#reader.next(); raw !== undefined; raw = this.#reader.next()) handlers.message(raw);
      },
      closed: (error) => handlers.closed(error),
      drained: () => handlers.drained(),
    });
  }

  get isFull(): boolean {
    return this.#socket.queued > BRIDGE_HIGH_WATER_BYTES;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next descriptor that came, which the caller owns. Throws VitrineError "protocol" when there is none. */
  takeFd(): OwnedFd {
    const fd = this.#socket.takeFd();
    if (fd === undefined) throw waylandError("a message lacks its descriptor");
    return fd;
  }

  /** A message as it is, and its descriptors, which are taken over. */
  pass(bytes: Uint8Array, fds: readonly OwnedFd[] = []): void {
    this.#add(fds);
    this.#writer.appendRaw(bytes);
  }

  /** A message of our own. Takes ownership of `fds`. */
  say(
    objectId: number,
    opcode: number,
    message: MessageTable,
    args: readonly Value[],
    fds: readonly OwnedFd[] = [],
  ): void {
    this.#add(fds);
    this.#writer.append(objectId, opcode, message, args);
  }

  /** What has been said goes out at the end of the turn at the latest. */
  flush(): void {
    const fds = this.#fds;
    if (this.#writer.length === 0) return;
    this.#fds = [];
    this.#socket.send(this.#writer.take(), fds);
  }

  close(): void {
    this.#socket.close();
    for (const fd of this.#fds) fd.close();
    this.#fds = [];
  }

  #add(fds: readonly OwnedFd[]): void {
    if (this.#fds.length + fds.length > MAX_FDS_PER_MESSAGE) this.flush();
    this.#fds.push(...fds);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.flush();
    });
  }
}
