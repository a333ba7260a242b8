/**
 * The host's end of the display link (see channel/contract/display.ts): what the guest half says on the pseudo-object
 * that is not a Wayland object. Pixel buffers of the arena, and descriptors, which cannot cross a virtual machine's edge.
 */

import { VitrineError } from "../../base/error.ts";
import {
  LINK_INTERFACE,
  LINK_OBJECT_ID,
  MAX_LINK_DATA_BYTES,
  MAX_LINK_FILE_BYTES,
} from "../../channel/contract/display.ts";
import { type OwnedFd, setNonBlocking } from "../../sys/fd.ts";
import { preadInto } from "../../sys/memory.ts";
import { pipe } from "../../sys/process.ts";
import { decode } from "../../wayland/decode.ts";
import { wl_buffer, wl_shm, wl_shm_pool } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import { ArenaBuffer } from "./arena-buffer.ts";
import type { DisplayClient } from "./client.ts";
import { MAX_CLIENT_BUFFERS } from "./limits.ts";
import { checkPixelBuffer, type PixelBuffer } from "./pixel-buffer.ts";
import { addIconBuffer } from "./relays/toplevel-icon.ts";
import { attachBuffer, liveSurface } from "./relays/wl-surface.ts";
import { liveObject } from "./translate.ts";

export { LINK_INTERFACE, LINK_OBJECT_ID };

export class LinkEnd {
  readonly #client: DisplayClient;
  readonly #buffers = new Map<number, ArenaBuffer>();
  /** Our wl_shm_pool over the whole arena on this connection; made with the first buffer. */
  #poolHostId = 0;
  #token = 0;
  #nextHostToken = 1;

  constructor(client: DisplayClient) {
    this.#client = client;
  }

  /** Handles one message that the guest half addressed to the link itself. */
  request(raw: RawMessage): void {
    const message = LINK_INTERFACE.requests[raw.opcode];
    if (message === undefined) throw new VitrineError("protocol", `Cannot handle link message ${raw.opcode}: unknown`);
    const values = decode(message, raw);
    const { number, context } = this.#client;
    context.tracer?.message(number, "guest->", LINK_INTERFACE, LINK_OBJECT_ID, message, values);
    const args = values as unknown;
    switch (message.name) {
      case "buffer_create":
        return this.#createBuffer(...(args as [number, number, number, number, number, number]));
      case "buffer_destroy":
        return this.#destroyBuffer(...(args as [number]));
      case "pixels":
        return this.#client.context.writePixels(...(args as [number, number, number, Uint8Array]));
      case "attach":
        return this.#attach(...(args as [number, number, number, number]));
      case "icon_buffer":
        return this.#iconBuffer(...(args as [number, number, number]));
      case "transfer":
        [this.#token] = args as [number];
        return;
    }
  }

  /**
   * The descriptor argument of the request at hand: the writing end of a pipe whose other end goes to the guest as the
   * transfer it has announced. The caller owns it.
   */
  takeTransfer(): OwnedFd {
    if (this.#token === 0)
      throw new VitrineError("protocol", "Cannot take a descriptor: the guest announced no transfer");
    const token = this.#token;
    this.#token = 0;
    const [readEnd, writeEnd] = pipe();
    // It goes to a program of the host, which expects a pipe to wait.
    setNonBlocking(writeEnd, false);
    this.#client.context.transfers.expect(this.#client.number, "guest", token, readEnd);
    return writeEnd;
  }

  /** A transfer that was announced for a request that did not take it: the guest reads its end at once. */
  discardTransfer(): void {
    if (this.#token !== 0) this.takeTransfer().close();
  }

  /** Tells the guest that the descriptor of the next event is a pipe it shall fill. Takes over what `fd` refers to. */
  announceTransfer(fd: OwnedFd): void {
    const token = this.#nextHostToken++;
    const pipeEnd = fd.dup();
    setNonBlocking(pipeEnd, true);
    this.#client.context.transfers.expect(this.#client.number, "host", token, pipeEnd);
    this.#client.sendToGuest(LINK_OBJECT_ID, LINK_INTERFACE, "transfer", [token]);
  }

  /**
   * Sends the first `size` bytes of `fd` as the file that stands for the descriptor of the next event. Read, never
   * mapped: what the file's owner does to it meanwhile cannot hurt us.
   */
  sendFile(fd: OwnedFd, size: number): void {
    const bytes = new Uint8Array(Math.min(size, MAX_LINK_FILE_BYTES));
    const length = preadInto(fd, bytes, 0);
    this.#client.sendToGuest(LINK_OBJECT_ID, LINK_INTERFACE, "file", [length]);
    for (let at = 0; at < length; at += MAX_LINK_DATA_BYTES) {
      const chunk = bytes.subarray(at, Math.min(at + MAX_LINK_DATA_BYTES, length));
      this.#client.sendToGuest(LINK_OBJECT_ID, LINK_INTERFACE, "file_data", [chunk]);
    }
  }

  /** The compositor has gone, and all wl_buffers with it. */
  hostLost(): void {
    this.#poolHostId = 0;
    for (const buffer of this.#buffers.values()) buffer.hostLost();
  }

  #createBuffer(buffer: number, offset: number, width: number, height: number, stride: number, format: number): void {
    const { arenaBytes } = this.#client.context;
    const checked = checkPixelBuffer({ offset, width, height, stride, format }, arenaBytes);
    if (buffer === 0 || this.#buffers.has(buffer))
      throw new VitrineError("protocol", `Cannot create buffer ${buffer}: number is in use`);
    if (this.#buffers.size >= MAX_CLIENT_BUFFERS) {
      throw new VitrineError(
        "limit",
        `Cannot create buffer ${buffer}: the connection has ${MAX_CLIENT_BUFFERS} already`,
      );
    }
    this.#buffers.set(
      buffer,
      new ArenaBuffer(checked, {
        create: (part, onReleased) => this.#createOnHost(part, onReleased),
        destroy: (hostId) => this.#client.sendToHost(hostId, wl_buffer, "destroy", []),
        unused: () => this.#unused(buffer),
      }),
    );
  }

  /** A wl_buffer over checked pixels of the arena. */
  #createOnHost({ offset, width, height, stride, format }: PixelBuffer, onReleased: () => void): number {
    // Before the buffer gets its id: the compositor wants to hear of ids in their order.
    const pool = this.#pool();
    const { hostId } = this.#client.objects.addInternal(onReleased);
    const args = [hostId, this.#client.context.arenaOffset + offset, width, height, stride, format];
    this.#client.sendToHost(pool, wl_shm_pool, "create_buffer", args);
    return hostId;
  }

  #destroyBuffer(buffer: number): void {
    const known = this.#known(buffer);
    known.dropped = true;
    if (!known.isUsed) this.#forget(buffer, known);
  }

  #attach(surfaceId: number, buffer: number, x: number, y: number): void {
    attachBuffer(liveSurface(this.#client, surfaceId), this.#known(buffer), x, y);
  }

  #iconBuffer(iconId: number, buffer: number, scale: number): void {
    const icon = liveObject(this.#client, iconId, "xdg_toplevel_icon_v1");
    addIconBuffer(this.#client, icon, this.#known(buffer).pixels, scale);
  }

  #unused(buffer: number): void {
    const known = this.#buffers.get(buffer);
    if (known === undefined) return;
    if (known.dropped) this.#forget(buffer, known);
    else this.#client.sendToGuest(LINK_OBJECT_ID, LINK_INTERFACE, "buffer_release", [buffer]);
  }

  #forget(buffer: number, known: ArenaBuffer): void {
    this.#buffers.delete(buffer);
    known.destroy();
    this.#client.sendToGuest(LINK_OBJECT_ID, LINK_INTERFACE, "buffer_gone", [buffer]);
  }

  #known(buffer: number): ArenaBuffer {
    const known = this.#buffers.get(buffer);
    if (known === undefined || known.dropped)
      throw new VitrineError("protocol", `Cannot use buffer ${buffer}: it is not there`);
    return known;
  }

  #pool(): number {
    if (this.#poolHostId !== 0) return this.#poolHostId;
    const { context, own } = this.#client;
    this.#poolHostId = own.newId();
    const args = [this.#poolHostId, 0, context.arenaOffset + context.arenaBytes];
    this.#client.sendToHost(own.shm, wl_shm, "create_pool", args, [context.arena.dup()]);
    return this.#poolHostId;
  }
}
