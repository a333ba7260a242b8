/** Protocol objects as the test client holds them, and what happens to them. */
import type { VitrineError } from "../../src/base/error.ts";
import type { OwnedFd } from "../../src/sys/fd.ts";
import { type InterfaceTable, messageByName, type Value } from "../../src/wayland/types.ts";
import { withDeadline } from "./deadline.ts";

export interface ClientEvent {
  readonly object: ClientObject;
  readonly name: string;
  /** As decoded; arrays are copies. A new_id stands for an object that `created` holds. */
  readonly args: readonly Value[];
  /** Owned by whoever takes the event; those never taken are closed with the object. */
  readonly fds: readonly OwnedFd[];
  readonly created: readonly ClientObject[];
}

type EventHandler = (event: ClientEvent) => void;

interface Waiting {
  readonly name: string;
  readonly resolve: (event: ClientEvent) => void;
  readonly reject: (error: unknown) => void;
}

export class ClientObject {
  readonly id: number;
  readonly table: InterfaceTable;
  readonly version: number;
  /** False once a destructor was sent or received. */
  alive = true;
  readonly #handlers = new Map<string, EventHandler>();
  /** Events that no handler and nobody waiting has taken. */
  readonly #events: ClientEvent[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(id: number, table: InterfaceTable, version: number) {
    this.id = id;
    this.table = table;
    this.version = version;
  }

  /** Calls `handler` for every event `name` from now on; the handler owns their descriptors. */
  on(name: string, handler: EventHandler): this {
    messageByName(this.table, "events", name);
    this.#handlers.set(name, handler);
    return this;
  }

  /** Takes the oldest untaken event `name`, if there is one. */
  take(name: string): ClientEvent | undefined {
    messageByName(this.table, "events", name);
    const index = this.#events.findIndex((event) => event.name === name);
    return index < 0 ? undefined : this.#events.splice(index, 1)[0];
  }

  /** Waits for the next event `name`. */
  wait(name: string, deadlineMs: number): Promise<ClientEvent> {
    const what = `waiting for "${this.table.name}#${this.id}.${name}"`;
    return withDeadline<ClientEvent>(what, deadlineMs, (resolve, reject) => {
      const waiting = { name, resolve, reject };
      this.#waiting.push(waiting);
      return () => void this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    });
  }

  /** Gives an event to whom it concerns, else keeps it. */
  deliver(event: ClientEvent): void {
    const handler = this.#handlers.get(event.name);
    if (handler !== undefined) return handler(event);
    const index = this.#waiting.findIndex((waiting) => waiting.name === event.name);
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiting === undefined) this.#events.push(event);
    else waiting.resolve(event);
  }

  /** Drops the events that nobody has taken. */
  forget(): void {
    for (const event of this.#events.splice(0)) for (const fd of event.fds) fd.close();
  }

  /** The object is gone, or with `error` the connection: closes what nobody took, fails who waits. */
  end(error: VitrineError | undefined): void {
    this.alive = false;
    this.forget();
    if (error !== undefined) for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
