/**
 * The server's end of Wayland in the hands of a test: for what no compositor can be made to do without hardware (pens,
 * touch), and to see word for word what the host half asks for. It answers what libwayland answers by itself (sync, the
 * registry, delete_id), tells what its seats have, and nothing else.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { type Watch, watch } from "../../src/sys/loop.ts";
import { acceptConnection, listenUnix } from "../../src/sys/socket.ts";
import { decode } from "../../src/wayland/decode.ts";
import { wp_viewporter } from "../../src/wayland/generated/viewporter.ts";
import {
  wl_callback,
  wl_compositor,
  wl_display,
  wl_registry,
  wl_seat,
  wl_shm,
  wl_subcompositor,
} from "../../src/wayland/generated/wayland.ts";
import { CLIENT_ID_MAX, IdAllocator, SERVER_ID_MAX, SERVER_ID_MIN } from "../../src/wayland/ids.ts";
import type { RawMessage } from "../../src/wayland/message-reader.ts";
import { encode } from "../../src/wayland/message-writer.ts";
import { fdCount, type InterfaceTable, messageByName, type NewId, type Value } from "../../src/wayland/types.ts";
import { DEFAULT_DEADLINE_MS, withDeadline } from "./deadline.ts";
import { testInterfaces } from "./wayland-client.ts";
import { WaylandSocket } from "./wayland-socket.ts";

/** Pointer, keyboard and touch, as bits of wl_seat.capability: what every seat has. */
const SEAT_CAPABILITIES = 7;

/** A request as it came. */
export interface ScriptedRequest {
  readonly client: ScriptedClient;
  /** Id of the object, and its interface. */
  readonly id: number;
  readonly interface: string;
  readonly name: string;
  /** A new_id is the id alone. */
  readonly args: readonly Value[];
  /** Closed with the compositor unless taken out. */
  readonly fds: OwnedFd[];
}

interface Waiting {
  readonly matches: (request: ScriptedRequest) => boolean;
  readonly resolve: (request: ScriptedRequest) => void;
}

export class ScriptedCompositor implements Disposable {
  /** In the form that {@link DisplayLoop} takes. */
  readonly runtimeDir = mkdtempSync(join(tmpdir(), "vitrine-scripted-"));
  readonly socketPath = join(this.runtimeDir, "wayland-1");
  globals: readonly InterfaceTable[];
  /** Requests that nobody waited for, oldest first. */
  readonly requests: ScriptedRequest[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #listener: OwnedFd;
  readonly #watch: Watch;
  readonly #clients: ScriptedClient[] = [];

  /** Offers `globals`, each at the version of its table, under the names 1, 2, ...; then what frames are made of. */
  constructor(globals: readonly InterfaceTable[]) {
    this.globals = [...new Set([...globals, wl_compositor, wl_subcompositor, wl_shm, wp_viewporter])];
    this.#listener = listenUnix(this.socketPath);
    this.#watch = watch(this.#listener, { readable: true }, () => {
      const accept = () => acceptConnection(this.#listener);
      for (let fd = accept(); fd !== undefined; fd = accept()) this.#clients.push(new ScriptedClient(this, fd));
    });
  }

  giveToApps(): void {}

  /** The oldest request `name` of an interface that nothing has taken, now or when it comes. */
  async next(interfaceName: string, name: string): Promise<ScriptedRequest> {
    const matches = (request: ScriptedRequest) => request.interface === interfaceName && request.name === name;
    const index = this.requests.findIndex(matches);
    const [found] = index < 0 ? [] : this.requests.splice(index, 1);
    if (found !== undefined) return found;
    const what = `waiting for "${interfaceName}.${name}"`;
    return await withDeadline<ScriptedRequest>(what, DEFAULT_DEADLINE_MS, (resolve) => {
      const waiting = { matches, resolve };
      this.#waiting.add(waiting);
      return () => void this.#waiting.delete(waiting);
    });
  }

  /** A request has come. */
  deliver(request: ScriptedRequest): void {
    for (const waiting of this.#waiting) {
      if (!waiting.matches(request)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(request);
      return;
    }
    this.requests.push(request);
  }

  /** Ends all connections, as a crash does; new ones are taken at once, and are not offered what is `missing`. */
  crash(missing?: InterfaceTable): void {
    this.globals = this.globals.filter((table) => table !== missing);
    for (const client of this.#clients.splice(0)) client.close();
  }

  [Symbol.dispose](): void {
    this.#watch.close();
    this.#listener.close();
    for (const client of this.#clients) client.close();
    for (const { fds } of this.requests) for (const fd of fds) fd.close();
    rmSync(this.runtimeDir, { recursive: true });
  }
}

export class ScriptedClient {
  readonly #compositor: ScriptedCompositor;
  readonly #socket: WaylandSocket;
  readonly #objects = new Map<number, InterfaceTable>([[1, wl_display]]);
  readonly #ids = new IdAllocator(SERVER_ID_MIN, SERVER_ID_MAX);

  constructor(compositor: ScriptedCompositor, fd: OwnedFd) {
    this.#compositor = compositor;
    this.#socket = new WaylandSocket(fd, { message: (raw) => this.#request(raw), ended: () => {} });
  }

  /** Sends an event. An object that it makes is named by the id that {@link make} gave. */
  send(id: number, name: string, args: readonly Value[], fds: readonly OwnedFd[] = []): void {
    const table = this.#objects.get(id);
    const { opcode, message } = messageByName(table ?? wl_display, "events", name);
    this.#socket.send(encode(id, opcode, message, args), fds);
  }

  /** An id for an object that the next event makes. */
  make(table: InterfaceTable): number {
    const id = this.#ids.allocate();
    this.#objects.set(id, table);
    return id;
  }

  close(): void {
    this.#socket.close();
  }

  #request(raw: RawMessage): void {
    const table = this.#objects.get(raw.objectId);
    const message = table?.requests[raw.opcode];
    if (table === undefined || message === undefined) throw new Error(`request ${raw.opcode} to ${raw.objectId}`);
    const args = decode(message, raw).map((value, index): Value => {
      if (value instanceof Uint8Array) return value.slice();
      if (message.args[index]?.type !== "new_id") return value;
      const { id, interface: name } = newId(value, message.args[index]?.interface);
      const made = testInterfaces.get(name);
      if (made !== undefined) this.#objects.set(id, made);
      return id;
    });
    const fds = this.#socket.takeFds(fdCount(message));
    if (message.destructor) {
      this.#objects.delete(raw.objectId);
      if (raw.objectId <= CLIENT_ID_MAX) this.send(1, "delete_id", [raw.objectId]);
    }
    if (table === wl_display) this.#answer(message.name, args[0] as number);
    else {
      const { objectId: id } = raw;
      this.#compositor.deliver({ client: this, id, interface: table.name, name: message.name, args, fds });
      if (message.name === "bind" && this.#objects.get(args[1] as number) === wl_seat)
        this.send(args[1] as number, "capabilities", [SEAT_CAPABILITIES]);
    }
  }

  #answer(name: string, id: number): void {
    if (name === "sync") {
      this.#objects.set(id, wl_callback);
      this.send(id, "done", [0]);
      this.#objects.delete(id);
      this.send(1, "delete_id", [id]);
      return;
    }
    this.#objects.set(id, wl_registry);
    for (const [index, table] of this.#compositor.globals.entries()) {
      this.send(id, "global", [index + 1, table.name, table.version]);
    }
  }
}

function newId(value: Value, interfaceName = ""): Pick<NewId, "id" | "interface"> {
  return typeof value === "number" ? { id: value, interface: interfaceName } : (value as NewId);
}
