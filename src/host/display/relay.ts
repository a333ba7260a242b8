/**
 * What a relay is: the host half's rules for one Wayland interface, both directions in one place.
 *
 * 1. A relay names every request a guest may make and every event a guest may see. What is not named is refused (a
 *    request: protocol error, the app's connection ends) or dropped (an event). Default deny, message by message.
 * 2. `forward` translates a message with the tables alone: object ids from one side's numbering to the other's, new
 *    objects created on both sides, strings and arrays copied after the decoder's checks.
 * 3. A function does what forwarding cannot: it may check or rewrite arguments and call `forward` itself, or answer
 *    the guest locally. It runs to its end before the next message is looked at, so no request is ever half-applied.
 * 4. Side names: "guest" ids are the app's numbering, "host" ids are ours on the connection to the compositor.
 */
import type { OwnedFd } from "../../sys/fd.ts";
import type { InterfaceTable, MessageTable, Value } from "../../wayland/types.ts";
import type { DisplayClient } from "./client.ts";
import type { KeptRequest } from "./replay.ts";

/** Passes a message on with nothing but ids translated. */
export const forward = "forward";

/** An object of the guest, and its counterpart on the compositor's connection. */
export interface RelayObject<State = unknown> {
  /** Id in the app's numbering; 0 while an object that the compositor made is kept from the guest. */
  readonly guestId: number;
  /** Id on the compositor's connection; 0 when the object is answered by the host half alone. */
  readonly hostId: number;
  readonly version: number;
  readonly relay: Relay;
  /** False once the guest has destroyed it: its requests are errors, its events are dropped. */
  alive: boolean;
  /** It has no counterpart on the compositor, and its requests do nothing; see inert.ts. */
  inert: boolean;
  readonly state: State;
  /** The request that made it, where the relay says that it returns. */
  origin?: KeptRequest;
  /** By opcode, the last arguments of the requests that the relay keeps. */
  kept?: Map<number, readonly Value[]>;
}

/** What names a new object. */
export type ObjectIds = Pick<RelayObject, "guestId" | "hostId" | "version">;
export type MakeState<State = unknown> = (ids: ObjectIds) => State;

/** A decoded request of the guest, all checks of the wire format passed. */
export interface GuestRequest<State = unknown> {
  readonly client: DisplayClient;
  readonly object: RelayObject<State>;
  readonly message: MessageTable;
  readonly args: readonly Value[];
  /** Passes the request on, with other arguments if given (same shape); returns the objects it created. */
  forward(args?: readonly Value[]): RelayObject[];
}

/** A decoded event of the compositor for an object that the guest still holds. */
export interface HostEvent<State = unknown> {
  readonly client: DisplayClient;
  readonly object: RelayObject<State>;
  readonly message: MessageTable;
  readonly args: readonly Value[];
  /** Descriptors of the event, in order. They are closed after the rule has run unless taken. */
  readonly fds: readonly OwnedFd[];
  /** Passes the event on. Its descriptors become transfers, unless the rule has "sent" what stands for them already. */
  forward(args?: readonly Value[], descriptors?: "as-transfers" | "sent"): RelayObject[];
}

export type RequestRule<State = unknown> = typeof forward | ((request: GuestRequest<State>) => void);
export type EventRule<State = unknown> = typeof forward | ((event: HostEvent<State>) => void);

/** The rules of one interface as they are written in relays/. */
export interface RelayRules<State> {
  readonly table: InterfaceTable;
  /** Highest version whose requests and events these rules cover. */
  readonly version: number;
  /** Answered here: objects have no counterpart on the compositor's connection, and what is forwarded goes nowhere. */
  readonly local?: boolean;
  /** State of a new object; `by` is the object whose request or event created it. Must not send anything. */
  readonly state?: (client: DisplayClient, by: RelayObject | undefined, ids: ObjectIds) => State;
  readonly requests: Readonly<Record<string, RequestRule<State>>>;
  readonly events: Readonly<Record<string, EventRule<State>>>;
  /** Called for every live object when another policy is in force: takes back what it does not allow any more. */
  readonly policyChanged?: (client: DisplayClient, object: RelayObject<State>) => void;
  /** Called for an object of a global that the guest has bound; `hostName` is the compositor's name of the global. */
  readonly bound?: (client: DisplayClient, object: RelayObject<State>, hostName: number | undefined) => void;
  /**
   * A global that the host half answers itself: "always", or only "where-missing" among what the compositor offers. Its
   * objects have no counterpart.
   */
  readonly answered?: "always" | "where-missing";
  /** The compositor has gone: called once for every live object. */
  readonly lost?: (client: DisplayClient, object: RelayObject<State>) => void;
  /**
   * Another compositor is there: makes the counterpart of an object anew (see replay.ts), in the order in which objects were
   * made. Globals are bound anew without it; of other interfaces that have none the guest's objects become inert.
   */
  readonly returns?: (client: DisplayClient, object: RelayObject<State>) => void;
  /** Called after that, when all that returns is there again. */
  readonly returned?: (client: DisplayClient, object: RelayObject<State>) => void;
  /** Requests without objects in them of which the last one counts, for another compositor too. */
  readonly kept?: readonly string[];
  /** Called once when the object is gone: destroyed by the guest, or its connection ended. */
  readonly destroyed?: (client: DisplayClient, object: RelayObject<State>) => void;
}

/** Rules made ready for use: looked up by opcode. */
export interface Relay {
  readonly table: InterfaceTable;
  readonly version: number;
  readonly local: boolean;
  readonly state: ((client: DisplayClient, by: RelayObject | undefined, ids: ObjectIds) => unknown) | undefined;
  readonly requestRules: readonly (RequestRule | undefined)[];
  readonly eventRules: readonly (EventRule | undefined)[];
  readonly policyChanged: ((client: DisplayClient, object: RelayObject) => void) | undefined;
  readonly bound: ((client: DisplayClient, object: RelayObject, hostName: number | undefined) => void) | undefined;
  readonly answered: "always" | "where-missing" | undefined;
  readonly lost: ((client: DisplayClient, object: RelayObject) => void) | undefined;
  readonly returns: ((client: DisplayClient, object: RelayObject) => void) | undefined;
  readonly returned: ((client: DisplayClient, object: RelayObject) => void) | undefined;
  /** By opcode. */
  readonly kept: readonly boolean[];
  readonly destroyed: ((client: DisplayClient, object: RelayObject) => void) | undefined;
}

/** A relay whose objects carry `State`; see {@link stateOf}. */
export type RelayOf<State> = Relay & { readonly __state?: State };

/** Makes rules ready for use. Throws on a name that the interface does not have: a typing error must not deny silently. */
export function defineRelay<State = undefined>(rules: RelayRules<State>): RelayOf<State> {
  return {
    table: rules.table,
    version: rules.version,
    local: rules.local ?? false,
    state: rules.state,
    requestRules: byOpcode(rules.table, rules.table.requests, rules.requests) as (RequestRule | undefined)[],
    eventRules: byOpcode(rules.table, rules.table.events, rules.events) as (EventRule | undefined)[],
    policyChanged: rules.policyChanged as Relay["policyChanged"],
    bound: rules.bound as Relay["bound"],
    answered: rules.answered,
    lost: rules.lost as Relay["lost"],
    returns: rules.returns as Relay["returns"],
    returned: rules.returned as Relay["returned"],
    kept: rules.table.requests.map(({ name }) => rules.kept?.includes(name) ?? false),
    destroyed: rules.destroyed as Relay["destroyed"],
  };
}

/** The state of `object` when it belongs to `relay`, else undefined. */
export function stateOf<State>(relay: RelayOf<State>, object: RelayObject | undefined): State | undefined {
  return object !== undefined && object.relay === relay ? (object.state as State) : undefined;
}

function byOpcode<Rule>(
  table: InterfaceTable,
  messages: readonly MessageTable[],
  rules: Readonly<Record<string, Rule>>,
) {
  const unknown = Object.keys(rules).filter((name) => !messages.some((message) => message.name === name));
  if (unknown.length > 0)
    throw new TypeError(`Cannot define relay for ${table.name}: no message "${unknown.join('", "')}"`);
  return messages.map((message) => rules[message.name]);
}
