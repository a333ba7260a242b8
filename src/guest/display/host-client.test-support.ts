/**
 * One app as the host sees it, for tests of the guest half: decodes what comes, keeps what the compositor would show, and
 * says what a test wants said. Nothing of the host half's code, so that both can be wrong only on their own.
 */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { LINK_INTERFACE, LINK_OBJECT_ID } from "../../channel/contract/display.ts";
import { decode } from "../../wayland/decode.ts";
import { allInterfaces } from "../../wayland/generated/all.ts";
import { wl_display, wl_registry } from "../../wayland/generated/wayland.ts";
import { CLIENT_ID_MAX } from "../../wayland/ids.ts";
import { MessageReader, type RawMessage } from "../../wayland/message-reader.ts";
import { encode } from "../../wayland/message-writer.ts";
import { type InterfaceTable, type MessageTable, messageByName, type NewId, type Value } from "../../wayland/types.ts";
import { wireError } from "../../wayland/wire.ts";

const GLOBALS = [
  ["wl_compositor", 6],
  ["wl_shm", 1],
  ["wl_seat", 7],
  ["wl_data_device_manager", 3],
  ["wp_viewporter", 1],
  ["wp_single_pixel_buffer_manager_v1", 1],
] as const;

/** What all clients of a host share. */
export interface HostSide {
  readonly arena: { readonly bytes: Uint8Array };
  /** Throws when a buffer of any app lies in the range. */
  checkRange(offset: number, length: number): void;
  changed(): void;
  fail(error: unknown): void;
}

export interface Request {
  readonly object: number;
  /** "interface.name"; those of the link are "link.name". */
  readonly name: string;
  readonly args: readonly Value[];
}

export interface HostBuffer {
  readonly offset: number;
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly format: number;
  /** What was handed to the compositor; undefined when it reads nothing. */
  reading: Uint8Array | undefined;
  dropped: boolean;
}

/** One app as the host sees it. */
export class HostClient {
  readonly number: number;
  readonly requests: Request[] = [];
  readonly buffers = new Map<number, HostBuffer>();
  /** Commits of arena buffers so far. */
  frames: { surface: number; buffer: number; pixels: Uint8Array }[] = [];
  /** Let go of a buffer as soon as another takes its place. */
  releaseReplaced = true;
  /** The guest has ended its side. */
  ended = false;
  /** Do not end ours then. */
  keepOpen = false;
  readonly stream: ByteStream;
  readonly #host: HostSide;
  readonly #reader = new MessageReader();
  readonly #objects = new Map<number, InterfaceTable>([[1, wl_display]]);
  readonly #attached = new Map<number, number>();
  readonly #shown = new Map<number, number>();

  constructor(stream: ByteStream, number: number, host: HostSide) {
    this.stream = stream;
    this.number = number;
    this.#host = host;
    stream.onData((chunk) => {
      try {
        this.#reader.push(chunk);
        for (let raw = this.#reader.next(); raw !== undefined; raw = this.#reader.next()) this.#request(raw);
        host.changed();
      } catch (error) {
        host.fail(error);
      }
    });
    const over = () => {
      this.ended = true;
      if (!this.keepOpen) {
        this.buffers.clear();
        stream.end();
      }
      host.changed();
    };
    stream.onEnd(over);
    stream.onClose(over);
  }

  /** The pixels of a buffer, rows put together. */
  pixels({ offset, width, height, stride, format }: HostBuffer): Uint8Array {
    const rowBytes = width * (format === 0x36314752 ? 2 : 4);
    const pixels = new Uint8Array(rowBytes * height);
    for (let row = 0; row < height; row++) {
      const at = offset + row * stride;
      pixels.set(this.#host.arena.bytes.subarray(at, at + rowBytes), row * rowBytes);
    }
    return pixels;
  }

  /** Says that the compositor has stopped reading a buffer. */
  release(number: number): void {
    const buffer = this.#buffer(number);
    if (buffer.reading !== undefined && Buffer.compare(buffer.reading, this.pixels(buffer)) !== 0) {
      throw new VitrineError("internal", `buffer ${number} was written to while the compositor was reading it`);
    }
    buffer.reading = undefined;
    if (buffer.dropped) this.#gone(number);
    else this.link("buffer_release", [number]);
  }

  link(name: string, args: readonly Value[]): void {
    const { opcode, message } = messageByName(LINK_INTERFACE, "events", name);
    this.stream.write(encode(LINK_OBJECT_ID, opcode, message, args));
  }

  event(object: number, table: InterfaceTable, name: string, args: readonly Value[]): void {
    const { opcode, message } = messageByName(table, "events", name);
    this.#follow(message, args);
    this.stream.write(encode(object, opcode, message, args));
  }

  named(name: string): Request[] {
    return this.requests.filter((request) => request.name === name);
  }

  #gone(number: number): void {
    this.buffers.delete(number);
    this.link("buffer_gone", [number]);
  }

  #buffer(number: number): HostBuffer {
    const buffer = this.buffers.get(number);
    if (buffer === undefined) throw new VitrineError("internal", `buffer ${number} is not there`);
    return buffer;
  }

  #request(raw: RawMessage): void {
    const ofLink = raw.objectId === LINK_OBJECT_ID;
    const table = ofLink ? LINK_INTERFACE : this.#objects.get(raw.objectId);
    const message = table?.requests[raw.opcode];
    let args: Value[];
    try {
      if (table === undefined || message === undefined) throw wireError("there is no such object or request");
      args = decode(message, raw).map((value) => (value instanceof Uint8Array ? value.slice() : value));
    } catch (error) {
      // What the guest half passes on as it is, the host half checks.
      if (ofLink) throw error;
      this.event(1, wl_display, "error", [1, 1, VitrineError.from(error).message]);
      this.stream.end();
      return;
    }
    const name = `${table === LINK_INTERFACE ? "link" : table.name}.${message.name}`;
    this.requests.push({ object: raw.objectId, name, args });
    this.#follow(message, args);
    this.#answer(raw.objectId, name, args);
    if (message.destructor) {
      this.#objects.delete(raw.objectId);
      if (raw.objectId <= CLIENT_ID_MAX) this.event(1, wl_display, "delete_id", [raw.objectId]);
    }
  }

  #follow(message: MessageTable, args: readonly Value[]): void {
    for (const [index, argument] of message.args.entries()) {
      if (argument.type !== "new_id") continue;
      const value = args[index] as number | NewId;
      const [id, made] = typeof value === "number" ? [value, argument.interface] : [value.id, value.interface];
      this.#objects.set(id, allInterfaces.get(made ?? "") ?? wl_display);
    }
  }

  #answer(object: number, name: string, args: readonly Value[]): void {
    const [first, second] = args as [number, number];
    switch (name) {
      case "wl_display.get_registry":
        for (const [index, [global, version]] of GLOBALS.entries()) {
          this.event(first, wl_registry, "global", [index + 1, global, version]);
        }
        break;
      case "wl_display.sync":
        this.event(first, allInterfaces.get("wl_callback") ?? wl_display, "done", [0]);
        this.event(1, wl_display, "delete_id", [first]);
        break;
      case "link.buffer_create": {
        const [number = 0, offset = 0, width = 0, height = 0, stride = 0, format = 0] = args as number[];
        if (this.buffers.has(number) || offset + stride * height > this.#host.arena.bytes.length) {
          throw new VitrineError("internal", `buffer ${number} cannot be created`);
        }
        this.#host.checkRange(offset, stride * height);
        this.buffers.set(number, { offset, width, height, stride, format, reading: undefined, dropped: false });
        break;
      }
      case "link.buffer_destroy": {
        const buffer = this.#buffer(first);
        buffer.dropped = true;
        if (buffer.reading === undefined) this.#gone(first);
        break;
      }
      case "link.pixels": {
        const [offset, stride, rowBytes, data] = args as [number, number, number, Uint8Array];
        for (let row = 0; row * rowBytes < data.length; row++) {
          this.#host.arena.bytes.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), offset + row * stride);
        }
        break;
      }
      case "link.attach":
        this.#attached.set(first, second);
        break;
      case "wl_surface.attach":
        this.#attached.set(object, 0);
        break;
      case "wl_surface.commit":
        this.#commit(object);
        break;
    }
  }

  #commit(surface: number): void {
    const attached = this.#attached.get(surface);
    if (attached === undefined) return;
    this.#attached.delete(surface);
    const before = this.#shown.get(surface);
    this.#shown.delete(surface);
    if (attached !== 0) {
      const buffer = this.#buffer(attached);
      if (buffer.reading !== undefined || buffer.dropped) {
        throw new VitrineError("internal", `buffer ${attached} was shown again before it was free`);
      }
      const pixels = this.pixels(buffer);
      buffer.reading = pixels;
      this.#shown.set(surface, attached);
      this.frames.push({ surface, buffer: attached, pixels });
    }
    if (before !== undefined && this.releaseReplaced) this.release(before);
  }
}
