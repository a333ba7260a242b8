/**
 * The guest's end of the display link for one app (primer in channel/contract/display.ts): arena buffers by number, and
 * descriptors that travel as streams and as bytes.
 */
import { VitrineError } from "../../base/error.ts";
import { LINK_INTERFACE, LINK_OBJECT_ID, MAX_LINK_FILE_BYTES } from "../../channel/contract/display.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { Mapping, memfdCreate, openFile } from "../../sys/memory.ts";
import { decode } from "../../wayland/decode.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { MessageWriter } from "../../wayland/message-writer.ts";
import { messageByName, type Value } from "../../wayland/types.ts";
import type { Arena } from "./arena.ts";
import type { ArenaBuffer, BufferSource, Geometry } from "./pixel-queue.ts";
import type { GuestTransfers } from "./transfers.ts";

const O_RDONLY = 0;

export class LinkEnd implements BufferSource {
  readonly #client: number;
  readonly #transfers: GuestTransfers;
  readonly #arena: Arena;
  readonly #writer: MessageWriter;
  readonly #onRelease: (buffer: number) => void;
  /** Offsets of the ranges this app holds, by buffer number; dropped ones stay until the host says that they are gone. */
  readonly #ranges = new Map<number, { offset: number; leaving: boolean }>();
  #nextBuffer = 1;
  #nextToken = 1;
  #file: { bytes: Uint8Array; length: number } | undefined;
  #fds: OwnedFd[] = [];

  /** `onRelease` is told of buffers that the compositor has let go of. */
  constructor(
    client: number,
    transfers: GuestTransfers,
    arena: Arena,
    writer: MessageWriter,
    onRelease: (buffer: number) => void,
  ) {
    this.#client = client;
    this.#transfers = transfers;
    this.#arena = arena;
    this.#writer = writer;
    this.#onRelease = onRelease;
  }

  create(geometry: Geometry): { number: number; offset: number } | undefined {
    const offset = this.#arena.allocate(geometry.stride * geometry.height);
    if (offset === undefined) return undefined;
    const number = this.#nextBuffer++;
    this.#ranges.set(number, { offset, leaving: false });
    const { width, height, stride, format } = geometry;
    this.#send("buffer_create", [number, offset, width, height, stride, format]);
    return { number, offset };
  }

  drop(buffer: Pick<ArenaBuffer, "number">): void {
    const range = this.#ranges.get(buffer.number);
    if (range === undefined || range.leaving) return;
    range.leaving = true;
    this.#arena.leaving();
    this.#send("buffer_destroy", [buffer.number]);
  }

  attach(surfaceId: number, buffer: ArenaBuffer, x: number, y: number): void {
    this.#send("attach", [surfaceId, buffer.number, x, y]);
  }

  /** Pixels of an icon are in a range of the arena; the host copies them before it looks at the next message. */
  addIconBuffer(iconId: number, number: number, scale: number): void {
    this.#send("icon_buffer", [iconId, number, scale]);
  }

  /** The descriptor of the app's next request is a pipe that the host shall fill. Takes ownership of `fd`. */
  sendTransfer(fd: OwnedFd): void {
    const token = this.#nextToken++;
    this.#send("transfer", [token]);
    this.#transfers.toApp(this.#client, token, fd);
  }

  /** A message of the host to the link itself. */
  event(raw: RawMessage): void {
    const message = LINK_INTERFACE.events[raw.opcode];
    if (message === undefined) throw new VitrineError("protocol", `Cannot handle link event ${raw.opcode}: unknown`);
    const [value] = decode(message, raw);
    if (message.name === "buffer_release") this.#onRelease(value as number);
    else if (message.name === "buffer_gone") this.#gone(value as number);
    else if (message.name === "transfer") this.#fds.push(this.#transfers.fromApp(this.#client, value as number));
    else if (message.name === "file") this.#beginFile(value as number);
    else this.#fileData(value as Uint8Array);
  }

  /** The descriptor that the host announced for the event at hand; the caller owns it. */
  takeFd(): OwnedFd {
    const fd = this.#fds.shift();
    if (fd === undefined) throw new VitrineError("protocol", "Cannot pass event on: its descriptor was not announced");
    return fd;
  }

  /** The app has gone. Its ranges stay taken until the host, told by the end of the stream, has gone too. */
  close(): void {
    for (const range of this.#ranges.values()) {
      if (!range.leaving) this.#arena.leaving();
      range.leaving = true;
    }
    for (const fd of this.#fds) fd.close();
    this.#fds = [];
  }

  /** The host has closed its connection to the compositor: nobody reads the ranges any more. Call close() before. */
  hostClosed(): void {
    for (const [number, { offset }] of [...this.#ranges]) {
      this.#ranges.delete(number);
      this.#arena.release(offset);
    }
  }

  #gone(number: number): void {
    const range = this.#ranges.get(number);
    if (!range?.leaving) throw new VitrineError("protocol", `Cannot free buffer ${number}: it was not dropped`);
    this.#ranges.delete(number);
    this.#arena.release(range.offset);
  }

  #beginFile(size: number): void {
    if (size > MAX_LINK_FILE_BYTES) throw new VitrineError("protocol", `Cannot take file of ${size} bytes: too large`);
    this.#file = { bytes: new Uint8Array(size), length: 0 };
    if (size === 0) this.#endFile(this.#file.bytes);
  }

  #fileData(data: Uint8Array): void {
    const file = this.#file;
    if (file === undefined || file.length + data.length > file.bytes.length) {
      throw new VitrineError("protocol", "Cannot take bytes of a file: more than announced");
    }
    file.bytes.set(data, file.length);
    file.length += data.length;
    if (file.length === file.bytes.length) this.#endFile(file.bytes);
  }

  #endFile(bytes: Uint8Array): void {
    this.#file = undefined;
    using fd = memfdCreate("vitrine-file", Math.max(1, bytes.length), ["shrink", "grow", "seal"]);
    {
      using mapping = Mapping.map(fd, { length: Math.max(1, bytes.length), writable: true });
      mapping.bytes.set(bytes);
    }
    // The app gets it read-only: some programs map such a file shared, which would else ask for the right to write.
    this.#fds.push(openFile(`/proc/self/fd/${fd.raw}`, O_RDONLY));
  }

  #send(name: string, args: readonly Value[]): void {
    const { opcode, message } = messageByName(LINK_INTERFACE, "requests", name);
    this.#writer.append(LINK_OBJECT_ID, opcode, message, args);
  }
}
