/** What the stand-in keeps of the objects of an app connection, and how an answer to a request looks. */
import type { InterfaceTable, Value } from "../../../wayland/types.ts";
import type { ServedConnection } from "./connection.ts";

/** An object of an app connection. */
export interface Served {
  readonly id: number;
  readonly table: InterfaceTable;
  readonly version: number;
  /** False once it is gone: nothing is told of it any more. */
  alive: boolean;
}

/** A request as it came. Objects that it names are looked up by id, those that it makes are there already. */
export interface ServedRequest {
  readonly connection: ServedConnection;
  readonly object: Served;
  readonly args: readonly Value[];
  readonly made: readonly Served[];
}

/** Answers by the name of the request; one that is not there is taken and comes to nothing. */
export type Answers = Readonly<Record<string, (request: ServedRequest) => void>>;

/** State of objects of one kind; made when first asked for. */
export function perObject<T>(make: () => T): (object: Served) => T {
  const states = new WeakMap<Served, T>();
  return (object) => {
    const known = states.get(object);
    if (known !== undefined) return known;
    const made = make();
    states.set(object, made);
    return made;
  };
}
