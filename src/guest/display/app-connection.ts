/**
 * One app's Wayland connection in the guest. Messages are passed on byte for byte; what is taken out of the stream is
 * shared memory (pools, their buffers, attach and commit) and descriptors. To do that it follows which object is what.
 */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { LINK_OBJECT_ID } from "../../channel/contract/display.ts";
import type { Mux } from "../../channel/mux.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { decode } from "../../wayland/decode.ts";
import { wl_buffer, wl_display } from "../../wayland/generated/wayland.ts";
import { MessageReader, type RawMessage } from "../../wayland/message-reader.ts";
import { MessageWriter } from "../../wayland/message-writer.ts";
import { fdCount, type MessageTable, messageByName, type NewId } from "../../wayland/types.ts";
import { AppError, WL_DISPLAY, WL_DISPLAY_ERROR } from "./app-error.ts";
import { AppObjects } from "./app-objects.ts";
import { AppSocket } from "./app-socket.ts";
import type { Arena, RangeHolder } from "./arena.ts";
import { MAX_GATHERED_BYTES } from "./limits.ts";
import { LinkEnd } from "./link-end.ts";
import { PixelRequests, WaitForRelease } from "./pixel-requests.ts";
import type { GuestTransfers } from "./transfers.ts";

export class AppConnection implements RangeHolder {
  readonly #socket: AppSocket;
  readonly #stream: ByteStream;
  readonly #fromApp = new MessageReader();
  readonly #fromHost = new MessageReader();
  readonly #toHost = new MessageWriter();
  readonly #toApp = new MessageWriter();
  readonly #objects = new AppObjects();
  readonly #link: LinkEnd;
  readonly #pixels: PixelRequests;
  readonly #onEnded: () => void;
  readonly #retry = () => this.#process();
  readonly #arena: Arena;
  #toAppFds: OwnedFd[] = [];
  /** A commit that waits for an arena buffer; the app's later messages wait behind it. */
  #held: RawMessage | undefined;
  #streamBlocked = false;
  #ended = false;

  /** Takes ownership of `fd`. */
  constructor(
    fd: OwnedFd,
    number: number,
    mux: Mux,
    shared: { readonly arena: Arena; readonly transfers: GuestTransfers },
    onEnded: () => void,
  ) {
    const { arena, transfers } = shared;
    this.#arena = arena;
    this.#onEnded = onEnded;
    this.#stream = mux.open({ kind: "wayland", client: number });
    this.#link = new LinkEnd(number, transfers, arena, this.#toHost, (buffer) => {
      this.#pixels.released(buffer);
      if (this.#held !== undefined) this.#process();
    });
    this.#pixels = new PixelRequests(this.#objects, this.#link, arena, this.#toHost, {
      tell: (id, name) => this.#tell(id, name),
      takeFd: () => this.#takeFd(),
      flush: () => this.#flushToHost(),
    });
    arena.addHolder(this);
    this.#socket = new AppSocket(fd, {
      received: (bytes) => {
        this.#fromApp.push(bytes);
        this.#process();
      },
      closed: () => this.end(),
    });
    this.#stream.onData((chunk) => this.#hostData(chunk));
    this.#stream.onDrain(() => {
      this.#streamBlocked = false;
      this.#process();
    });
    this.#stream.onEnd(() => this.#hostEnded());
    this.#stream.onClose(() => this.#hostEnded());
  }

  /** Ends the connection to the app. What it has sent before still reaches the host, which then closes its side. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#arena.forget(this.#retry);
    this.#arena.removeHolder(this);
    this.#socket.close();
    this.#pixels.close();
    this.#link.close();
    for (const fd of this.#toAppFds) fd.close();
    this.#stream.end();
    this.#onEnded();
  }

  dropIdle(): void {
    this.#pixels.dropIdle();
    this.#flushToHost();
  }

  /** The host has closed its side; what it said before has gone to the app as far as that reads. */
  #hostEnded(): void {
    this.end();
    this.#link.hostClosed();
    this.#stream.destroy();
  }

  /** Handles what the app has sent, as far as nothing holds it up. */
  #process(): void {
    if (this.#ended) return;
    try {
      while (!this.#streamBlocked) {
        const raw = this.#held ?? this.#fromApp.next();
        if (raw === undefined) break;
        this.#held = raw;
        this.#request(raw);
        this.#held = undefined;
        if (this.#toHost.length > MAX_GATHERED_BYTES) this.#flushToHost();
      }
    } catch (error) {
      if (!(error instanceof WaitForRelease) || !this.#wait(error)) return this.#refuse(error);
    }
    this.#flushToHost();
    this.#flushToApp();
    if (this.#held !== undefined || this.#streamBlocked) this.#socket.pause();
    else this.#socket.resume();
  }

  /** False when waiting would be in vain. */
  #wait({ reason }: WaitForRelease): boolean {
    switch (reason) {
      case "busy":
      case "link":
        return true;
      case "short":
        // Whatever comes first. A compositor that keeps what it shows gives nothing back until it gets something else.
        this.#arena.waitForRoom(this.#retry);
        return true;
      case "full":
        return this.#arena.waitForRoom(this.#retry);
      default:
        return reason satisfies never;
    }
  }

  #request(raw: RawMessage): void {
    const table = this.#objects.tableOf(raw.objectId);
    if (table === undefined)
      throw new AppError(WL_DISPLAY, WL_DISPLAY_ERROR.invalidObject, `invalid object ${raw.objectId}`);
    const message = table.requests[raw.opcode];
    if (message === undefined)
      throw new AppError(raw.objectId, WL_DISPLAY_ERROR.invalidMethod, `invalid method ${raw.opcode}`);
    if (this.#pixels.request(raw, table, message)) return;
    for (let fds = fdCount(message); fds > 0; fds -= 1) this.#link.sendTransfer(this.#takeFd());
    this.#followNewObjects(raw, message, (id, name) => this.#objects.addFromApp(id, name));
    this.#toHost.appendRaw(raw.bytes);
  }

  #followNewObjects(raw: RawMessage, message: MessageTable, add: (id: number, interfaceName: string) => void): void {
    if (!message.args.some((argument) => argument.type === "new_id")) return;
    const args = decode(message, raw);
    for (const [index, argument] of message.args.entries()) {
      if (argument.type !== "new_id") continue;
      const value = args[index] as number | NewId;
      if (typeof value === "number") add(value, argument.interface ?? "");
      else add(value.id, value.interface);
    }
  }

  #hostData(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#fromHost.push(chunk);
      for (let raw = this.#fromHost.next(); raw !== undefined; raw = this.#fromHost.next()) {
        if (raw.objectId === LINK_OBJECT_ID) this.#link.event(raw);
        else this.#event(raw);
        if (this.#ended) return;
      }
      this.#flushToApp();
      this.#flushToHost();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #event(raw: RawMessage): void {
    const table = this.#objects.tableOf(raw.objectId);
    const message = table?.events[raw.opcode];
    if (table === undefined || message === undefined) {
      throw new VitrineError(
        "protocol",
        `Cannot pass event on: object ${raw.objectId} or its event ${raw.opcode} is unknown`,
      );
    }
    for (let fds = fdCount(message); fds > 0; fds -= 1) this.#toAppFds.push(this.#link.takeFd());
    this.#followNewObjects(raw, message, (id, name) => this.#objects.addFromHost(id, name));
    if (table === wl_display && message.name === "delete_id") this.#objects.delete(decode(message, raw)[0] as number);
    this.#toApp.appendRaw(raw.bytes);
    if (this.#toAppFds.length > 0) this.#flushToApp();
  }

  /** An event of our own to the app: delete_id or release of what never left the guest. */
  #tell(id: number, name: "delete_id" | "release"): void {
    const table = name === "release" ? wl_buffer : wl_display;
    const { opcode, message } = messageByName(table, "events", name);
    if (name === "release") this.#toApp.append(id, opcode, message, []);
    else this.#toApp.append(WL_DISPLAY, opcode, message, [id]);
  }

  #takeFd(): OwnedFd {
    const fd = this.#socket.takeFd();
    if (fd === undefined)
      throw new AppError(WL_DISPLAY, WL_DISPLAY_ERROR.invalidMethod, "a request lacks its descriptor");
    return fd;
  }

  /** False when the link takes no more for the moment. */
  #flushToHost(): boolean {
    if (this.#toHost.length > 0 && !this.#stream.write(this.#toHost.take())) this.#streamBlocked = true;
    return !this.#streamBlocked;
  }

  #flushToApp(): void {
    const fds = this.#toAppFds;
    if (this.#toApp.length === 0) return;
    this.#toAppFds = [];
    this.#socket.send(this.#toApp.take(), fds);
  }

  #refuse(error: unknown): void {
    if (this.#ended) return;
    const { opcode, message } = messageByName(wl_display, "events", "error");
    const [id, code, text] =
      error instanceof AppError
        ? [error.objectId, error.wireCode, error.message]
        : error instanceof WaitForRelease
          ? [WL_DISPLAY, WL_DISPLAY_ERROR.noMemory, "the window arena is full"]
          : [WL_DISPLAY, WL_DISPLAY_ERROR.invalidMethod, VitrineError.from(error).message];
    this.#toApp.append(WL_DISPLAY, opcode, message, [id, code, text]);
    this.#flushToHost();
    this.#flushToApp();
    this.end();
  }
}
