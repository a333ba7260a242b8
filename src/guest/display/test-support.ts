/**
 * The host's end of the display link for tests of the guest half: decodes what comes, keeps what the compositor would
 * show, and says what a test wants said. Nothing of the host half's code, so that both can be wrong only on their own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../../../tests/support/deadline.ts";
import { WaylandClient } from "../../../tests/support/wayland-client.ts";
import { VitrineError } from "../../base/error.ts";
import { validate } from "../../base/untrusted.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { guestStreamHeader } from "../../channel/contract/agent.ts";
import { LINK_INTERFACE, LINK_OBJECT_ID } from "../../channel/contract/display.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { Mux } from "../../channel/mux.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { Mapping, memfdCreate } from "../../sys/memory.ts";
import { socketPair } from "../../sys/socket.ts";
import { decode } from "../../wayland/decode.ts";
import { allInterfaces } from "../../wayland/generated/all.ts";
import { wl_display, wl_registry } from "../../wayland/generated/wayland.ts";
import { CLIENT_ID_MAX } from "../../wayland/ids.ts";
import { MessageReader, type RawMessage } from "../../wayland/message-reader.ts";
import { encode } from "../../wayland/message-writer.ts";
import { type InterfaceTable, type MessageTable, messageByName, type NewId, type Value } from "../../wayland/types.ts";
import { wireError } from "../../wayland/wire.ts";
import { GuestDisplay } from "./guest-display.ts";

export const GLOBALS = [
  ["wl_compositor", 6],
  ["wl_shm", 1],
  ["wl_seat", 7],
  ["wl_data_device_manager", 3],
  ["wp_viewporter", 1],
  ["wp_single_pixel_buffer_manager_v1", 1],
] as const;

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
  readonly #host: LinkHost;
  readonly #reader = new MessageReader();
  readonly #objects = new Map<number, InterfaceTable>([[1, wl_display]]);
  readonly #attached = new Map<number, number>();
  readonly #shown = new Map<number, number>();

  constructor(stream: ByteStream, number: number, host: LinkHost) {
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

/** A guest display on a socket of its own, and the host's end of its link. */
export class LinkHost implements Disposable {
  readonly arena: Mapping;
  readonly display: GuestDisplay;
  readonly clients = new Map<number, HostClient>();
  readonly transfers: { client: number; token: number; announcedBy: "guest" | "host"; stream: ByteStream }[] = [];
  readonly notices: string[] = [];
  readonly socketPath: string;
  readonly mux: Mux;
  readonly #directory = mkdtempSync(join(tmpdir(), "vitrine-guest-"));
  readonly #guestMux: Mux;
  readonly #arenaFile: OwnedFd;
  readonly #looks = new Set<() => void>();
  readonly #failed = Promise.withResolvers<never>();
  #failure: { error: unknown } | undefined;
  /** Settings of clients that come. */
  releaseReplaced = true;

  constructor(options: { pixels?: "arena" | "stream"; arenaBytes?: number } = {}) {
    this.#failed.promise.catch(() => {});
    const { pixels = "arena", arenaBytes = 4 * 1024 * 1024 } = options;
    this.socketPath = join(this.#directory, "wayland-0");
    this.#arenaFile = memfdCreate("test-arena", arenaBytes, ["shrink", "grow"]);
    this.arena = Mapping.map(this.#arenaFile, { length: arenaBytes, writable: true });
    const [hostEnd, guestEnd] = socketPair();
    this.mux = new Mux(fdStream(hostEnd), "client");
    this.#guestMux = new Mux(fdStream(guestEnd), "server");
    this.mux.onStream((stream, raw) => {
      const header = validate(raw, (value) => guestStreamHeader.parse(value));
      if (header.kind === "transfer") this.transfers.push({ ...header, stream });
      else {
        const client = new HostClient(stream, header.client, this);
        client.releaseReplaced = this.releaseReplaced;
        this.clients.set(header.client, client);
      }
      this.changed();
    });
    this.display = new GuestDisplay({
      mux: this.#guestMux,
      socketPath: this.socketPath,
      pixels: pixels === "arena" ? { kind: "arena", file: this.#arenaFile } : { kind: "stream" },
      arenaBytes,
      onNotice: (message) => this.notices.push(message),
    });
  }

  /** A client of the guest display, and the same as the host sees it. */
  async connect(): Promise<{ app: WaylandClient; host: HostClient }> {
    const number = this.clients.size + 1;
    const app = await Promise.race([WaylandClient.connect(this.socketPath), this.#failed.promise]);
    return { app, host: await this.until("waiting for the app's stream", () => this.clients.get(number)) };
  }

  /** Waits until `look` finds something; it looks again whenever something has come from the guest. */
  until<T>(what: string, look: () => T | undefined | false, deadlineMs = DEFAULT_DEADLINE_MS): Promise<T> {
    const found = withDeadline<T>(what, deadlineMs, (resolve) => {
      const again = () => {
        const found = look();
        if (found === undefined || found === false) return;
        this.#looks.delete(again);
        resolve(found);
      };
      this.#looks.add(again);
      again();
      return () => void this.#looks.delete(again);
    });
    return Promise.race([found, this.#failed.promise]);
  }

  /** The guest half has broken the rules: no test that uses this host passes any more. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#failed.reject(error);
    // What the app sees of it would hide the reason.
    console.error(error);
    this.mux.close();
  }

  changed(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Throws when a buffer of any app lies in the range. */
  checkRange(offset: number, length: number): void {
    for (const { buffers } of this.clients.values()) {
      for (const other of buffers.values()) {
        if (offset < other.offset + other.stride * other.height && other.offset < offset + length) {
          throw new VitrineError("internal", `range ${offset}+${length} is another buffer's`);
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.display.close();
    this.mux.close();
    this.#guestMux.close();
    this.arena.close();
    this.#arenaFile.close();
    rmSync(this.#directory, { recursive: true });
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
