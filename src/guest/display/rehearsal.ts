/**
 * The guest half at work before anyone needs it: a window that answers each key with a new picture, and a compositor's
 * answers to that. What the runtime has translated by then is in the machine's snapshot, and the first keys of a user find
 * it there; without, some hundred keys pass at almost twice the time.
 */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { LINK_INTERFACE, LINK_OBJECT_ID } from "../../channel/contract/display.ts";
import type { Mux } from "../../channel/mux.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { memfdCreate } from "../../sys/memory.ts";
import { connectUnix } from "../../sys/socket.ts";
import { decode } from "../../wayland/decode.ts";
import {
  wl_callback,
  wl_compositor,
  wl_display,
  wl_keyboard,
  wl_registry,
  wl_seat,
  wl_shm,
  wl_shm_pool,
  wl_surface,
} from "../../wayland/generated/wayland.ts";
import { MessageReader } from "../../wayland/message-reader.ts";
import { MessageWriter } from "../../wayland/message-writer.ts";
import { type InterfaceTable, messageByName, type Value } from "../../wayland/types.ts";
import { AppSocket } from "./app-socket.ts";

/** Pictures shown. The runtime translates what has run some hundred times, and translates it better after some thousand. */
const PICTURES = 600;
/** Side of the window in pixels, and of what changes with a key. */
const SIDE = 64;
const CHANGED_SIDE = 16;
/** A deadline, in milliseconds: a machine is saved all the same without what this brings. */
const DEADLINE_MS = 30_000;

/** The window's objects, by the ids that the app gives them. The buffers: the two that apps of two buffers draw in turn. */
const ID = { display: 1, registry: 2, compositor: 3, shm: 4, seat: 5, keyboard: 6, surface: 7, pool: 8, frame: 20 };
const BUFFERS = [10, 11] as const;

function append(
  writer: MessageWriter,
  direction: "requests" | "events",
  id: number,
  table: InterfaceTable,
  name: string,
  args: readonly Value[],
): void {
  const { opcode, message } = messageByName(table, direction, name);
  writer.append(id, opcode, message, args);
}

/** The app: draws when a key was pressed and the last picture is shown. Calls `done` when all have been. */
class RehearsedApp implements Disposable {
  readonly #socket: AppSocket;
  readonly #reader = new MessageReader();
  readonly #writer = new MessageWriter();
  readonly #done: (error?: VitrineError) => void;
  #pictures = 0;

  constructor(fd: OwnedFd, done: (error?: VitrineError) => void) {
    this.#done = done;
    this.#socket = new AppSocket(fd, {
      received: (bytes) => this.#received(bytes),
      closed: (error) => done(error ?? new VitrineError("protocol", "Cannot rehearse: the display has closed")),
    });
    this.#open();
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #open(): void {
    const bytes = SIDE * SIDE * 4;
    const bind = (name: number, bound: InterfaceTable, id: number) =>
      this.#request(ID.registry, wl_registry, "bind", [name, { interface: bound.name, version: bound.version, id }]);
    this.#request(ID.display, wl_display, "get_registry", [ID.registry]);
    bind(1, wl_compositor, ID.compositor);
    bind(2, wl_shm, ID.shm);
    bind(3, wl_seat, ID.seat);
    this.#request(ID.seat, wl_seat, "get_keyboard", [ID.keyboard]);
    this.#request(ID.compositor, wl_compositor, "create_surface", [ID.surface]);
    this.#request(ID.shm, wl_shm, "create_pool", [ID.pool, 0, BUFFERS.length * bytes]);
    for (const [index, buffer] of BUFFERS.entries()) {
      this.#request(ID.pool, wl_shm_pool, "create_buffer", [buffer, index * bytes, SIDE, SIDE, SIDE * 4, 0]);
    }
    const pool = memfdCreate("vitrine-rehearsal", BUFFERS.length * bytes);
    this.#socket.send(this.#writer.take(), [pool]);
  }

  #draw(): void {
    const buffer = BUFFERS[this.#pictures % BUFFERS.length] as number;
    const at = (this.#pictures * 5) % (SIDE - CHANGED_SIDE);
    this.#request(ID.surface, wl_surface, "attach", [buffer, 0, 0]);
    this.#request(ID.surface, wl_surface, "damage_buffer", [at, at, CHANGED_SIDE, CHANGED_SIDE]);
    this.#request(ID.surface, wl_surface, "damage_buffer", [0, at, CHANGED_SIDE, CHANGED_SIDE]);
    this.#request(ID.surface, wl_surface, "frame", [ID.frame]);
    this.#request(ID.surface, wl_surface, "commit", []);
    this.#socket.send(this.#writer.take());
    this.#pictures += 1;
  }

  #received(bytes: Uint8Array): void {
    let pressed = false;
    this.#reader.push(bytes);
    for (let raw = this.#reader.next(); raw !== undefined; raw = this.#reader.next()) {
      if (raw.objectId === ID.display && raw.opcode === messageByName(wl_display, "events", "error").opcode) {
        this.#done(new VitrineError("protocol", "Cannot rehearse: the display refused a request"));
        return;
      }
      pressed ||= raw.objectId === ID.keyboard;
    }
    if (!pressed) return;
    if (this.#pictures < PICTURES) this.#draw();
    else this.#done();
  }

  #request(id: number, table: InterfaceTable, name: string, args: readonly Value[]): void {
    append(this.#writer, "requests", id, table, name, args);
  }
}

/** The host's end: shows each picture at once, lets go of the one before, and presses the next key. */
function answerAsCompositor(stream: ByteStream): void {
  const reader = new MessageReader();
  const writer = new MessageWriter();
  const attach = messageByName(LINK_INTERFACE, "requests", "attach");
  const commit = messageByName(wl_surface, "requests", "commit");
  let attached = 0;
  let shown = 0;
  let presses = 0;
  const event = (id: number, table: InterfaceTable, name: string, args: readonly Value[]) =>
    append(writer, "events", id, table, name, args);
  stream.onData((chunk) => {
    reader.push(chunk);
    for (let raw = reader.next(); raw !== undefined; raw = reader.next()) {
      if (raw.objectId === LINK_OBJECT_ID && raw.opcode === attach.opcode) {
        attached = decode(attach.message, raw)[1] as number;
      } else if (raw.objectId === ID.surface && raw.opcode === commit.opcode) {
        if (shown !== 0) event(LINK_OBJECT_ID, LINK_INTERFACE, "buffer_release", [shown]);
        shown = attached;
        event(ID.frame, wl_callback, "done", [presses]);
        event(ID.display, wl_display, "delete_id", [ID.frame]);
        for (const state of [1, 0]) event(ID.keyboard, wl_keyboard, "key", [presses, presses, 30, state]);
        presses += 1;
      }
    }
    if (writer.length > 0) stream.write(writer.take());
  });
  stream.onEnd(() => stream.end());
}

/**
 * Shows the pictures on the display at `socketPath`, whose link ends at `hostMux`, and resolves when nothing of them is left.
 * Rejects with what went wrong: the display is then as usable as without.
 */
export async function rehearseDisplay(socketPath: string, hostMux: Mux): Promise<void> {
  const over = Promise.withResolvers<void>();
  hostMux.onStream((stream) => {
    stream.onClose(() => over.resolve());
    answerAsCompositor(stream);
  });
  const shown = Promise.withResolvers<void>();
  const late = setTimeout(() => shown.reject(new VitrineError("timeout", "Cannot rehearse: no picture")), DEADLINE_MS);
  try {
    using _app = new RehearsedApp(connectUnix(socketPath), (error) =>
      error === undefined ? shown.resolve() : shown.reject(error),
    );
    await shown.promise;
  } finally {
    clearTimeout(late);
  }
  await over.promise;
}
