/**
 * A connection to the compositor that the host half uses for itself, and no app: to ask what the compositor offers, to
 * make a security context, to follow the layout of the screens. Only what we understand comes out of it.
 */
import { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { connectUnix } from "../../sys/socket.ts";
import { decode } from "../../wayland/decode.ts";
import { wl_callback, wl_display, wl_registry } from "../../wayland/generated/wayland.ts";
import { CLIENT_ID_MAX, IdAllocator } from "../../wayland/ids.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import { fdCount, type InterfaceTable, messageByName, type Value } from "../../wayland/types.ts";
import { CompositorConnection, takeFds } from "./compositor-connection.ts";

/** How long a compositor may take to answer, in milliseconds; a busy desktop answers within a few. */
export const COMPOSITOR_PROBE_DEADLINE_MS = 3000;

const DISPLAY_ID = 1;
const REGISTRY_ID = 2;

export interface HostGlobal {
  readonly name: number;
  readonly interface: string;
  readonly version: number;
}

/** Takes an event of an object by its name. Descriptors are closed after it. */
export type HostEventHandler = (name: string, args: readonly Value[], fds: readonly OwnedFd[]) => void;

interface Followed {
  readonly table: InterfaceTable;
  readonly onEvent: HostEventHandler;
}

export class ControlConnection {
  /** What the compositor offers, by its name of the global; follows its changes. */
  readonly globals = new Map<number, HostGlobal>();
  /** Called when a global comes or goes after the connection was opened. */
  onGlobal: (global: HostGlobal, present: boolean) => void = () => {};
  readonly #where: string;
  readonly #connection: CompositorConnection;
  readonly #ids = new IdAllocator(REGISTRY_ID + 1, CLIENT_ID_MAX);
  readonly #objects = new Map<number, Followed>();
  readonly #waiting = new Set<(error: VitrineError) => void>();
  #ended: VitrineError | undefined;

  /** Connects to the compositor at `path` and learns what it offers. Throws "unavailable" or "timeout". */
  static async open(path: string): Promise<ControlConnection> {
    return await ControlConnection.over(connectTo(path), `at "${path}"`);
  }

  /** The same over a socket that is connected already, of which it takes ownership; `where` is for error messages. */
  static async over(socket: OwnedFd, where: string): Promise<ControlConnection> {
    const control = new ControlConnection(socket, where);
    try {
      await control.roundtrip();
      return control;
    } catch (error) {
      control.close();
      throw error;
    }
  }

  private constructor(socket: OwnedFd, where: string) {
    this.#where = where;
    this.#connection = new CompositorConnection(socket, {
      message: (raw, fds) => this.#message(raw, fds),
      batchEnd: () => this.#connection.flush(),
      drained: () => {},
      closed: (error) => this.#finish(error ?? this.#unavailable("it hung up")),
    });
    this.request(DISPLAY_ID, wl_display, "get_registry", [REGISTRY_ID]);
  }

  /** The first global of an interface. */
  global(interfaceName: string): HostGlobal | undefined {
    return [...this.globals.values()].find((global) => global.interface === interfaceName);
  }

  /** Binds a global; `onEvent` gets the object's events. Returns its id. */
  bind(global: HostGlobal, table: InterfaceTable, version: number, onEvent: HostEventHandler = () => {}): number {
    const id = this.create(table, onEvent);
    const newId = { interface: table.name, version, id };
    this.request(REGISTRY_ID, wl_registry, "bind", [global.name, newId]);
    return id;
  }

  /** An id for an object that the next request makes. */
  create(table: InterfaceTable, onEvent: HostEventHandler = () => {}): number {
    const id = this.#ids.allocate();
    this.#objects.set(id, { table, onEvent });
    return id;
  }

  /** Queues a request, arguments as in the table; goes out with the next flush. Takes ownership of `fds`. */
  request(id: number, table: InterfaceTable, name: string, args: readonly Value[], fds: readonly OwnedFd[] = []): void {
    const { opcode, message } = messageByName(table, "requests", name);
    this.#connection.send(id, opcode, message, args, fds);
  }

  flush(): void {
    this.#connection.flush();
  }

  /** Waits until the compositor has handled all that was asked. Throws "unavailable", "protocol" or "timeout". */
  async roundtrip(): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.request(DISPLAY_ID, wl_display, "sync", [this.create(wl_callback, () => resolve())]);
    this.flush();
    const timer = setTimeout(() => {
      reject(new VitrineError("timeout", `Cannot talk to the compositor ${this.#where}: no answer`));
    }, COMPOSITOR_PROBE_DEADLINE_MS);
    this.#waiting.add(reject);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(reject);
    }
  }

  close(): void {
    this.#ended ??= this.#unavailable("the connection was closed");
    this.#connection.close();
  }

  #message(raw: RawMessage, fds: OwnedFd[]): void {
    if (raw.objectId === DISPLAY_ID) return this.#displayEvent(raw);
    if (raw.objectId === REGISTRY_ID) return this.#registryEvent(raw);
    const object = this.#objects.get(raw.objectId);
    const message = object?.table.events[raw.opcode];
    const own = takeFds(fds, message === undefined ? fds.length : fdCount(message));
    try {
      if (object !== undefined && message !== undefined) object.onEvent(message.name, decode(message, raw), own);
    } finally {
      for (const fd of own) fd.close();
    }
  }

  #displayEvent(raw: RawMessage): void {
    const message = wl_display.events[raw.opcode];
    if (message === undefined) return;
    const args = decode(message, raw);
    if (message.name === "delete_id") {
      this.#objects.delete(args[0] as number);
      this.#ids.release(args[0] as number);
      return;
    }
    this.#connection.close();
    this.#finish(new VitrineError("protocol", `Cannot talk to the compositor ${this.#where}: "${args[2]}"`));
  }

  #registryEvent(raw: RawMessage): void {
    const message = wl_registry.events[raw.opcode];
    if (message === undefined) return;
    const args = decode(message, raw);
    if (message.name === "global") {
      const [name, interfaceName, version] = args as [number, string, number];
      const global = { name, interface: interfaceName, version };
      this.globals.set(name, global);
      this.onGlobal(global, true);
    } else {
      const global = this.globals.get(args[0] as number);
      if (global === undefined) return;
      this.globals.delete(global.name);
      this.onGlobal(global, false);
    }
  }

  #finish(error: VitrineError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    for (const reject of this.#waiting) reject(error);
  }

  #unavailable(reason: string): VitrineError {
    return new VitrineError("unavailable", `Cannot talk to the compositor ${this.#where}: ${reason}`);
  }
}

function connectTo(path: string): OwnedFd {
  try {
    return connectUnix(path);
  } catch (cause) {
    throw new VitrineError("unavailable", `Cannot reach the compositor at "${path}": nothing answers there`, {
      cause,
      fix: "set WAYLAND_DISPLAY to the socket of a compositor that runs",
    });
  }
}
