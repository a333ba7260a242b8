/**
 * Which serials of input events an app was given. The compositor stamps every press, key and change of focus with a
 * number; a request that needs the user behind it (grabbing a menu, moving a window, taking the clipboard, asking for
 * attention) must name one. A number the app never got is a guess, and a press of long ago is no intent any more.
 *
 * 1. Each app connection has its own record: what another app was given does not count.
 * 2. "focus": the serial came with focus or a modifier. "action": the user pressed or released something.
 * 3. Requests whose serial was never given are ignored, as compositors ignore them. No I/O; time is the caller's.
 */
import type { DisplayClient } from "./client.ts";
import { MAX_REMEMBERED_SERIALS } from "./limits.ts";
import type { EventRule, RequestRule } from "./relay.ts";

export type InputKind = "focus" | "action";

interface Given {
  readonly kind: InputKind;
  readonly at: number;
}

export class InputSerials {
  readonly #now: () => number;
  readonly #given = new Map<number, Given>();

  /** `now` counts milliseconds from some moment on. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The app is being told of `serial`. The oldest is forgotten at {@link MAX_REMEMBERED_SERIALS}. */
  note(serial: number, kind: InputKind): void {
    const before = this.#given.get(serial);
    this.#given.delete(serial);
    // A compositor may use one serial for a press and the focus that it brings.
    this.#given.set(serial, before?.kind === "action" && kind === "focus" ? before : { kind, at: this.#now() });
    if (this.#given.size <= MAX_REMEMBERED_SERIALS) return;
    for (const oldest of this.#given.keys()) {
      this.#given.delete(oldest);
      return;
    }
  }

  /** The compositor that gave them has gone. */
  forget(): void {
    this.#given.clear();
  }

  /** Whether the app was given `serial`, by whatever input and however long ago. */
  has(serial: number): boolean {
    return this.#given.has(serial);
  }

  /** Whether `serial` came with something that the user pressed or released in the last `maxAgeMs` milliseconds. */
  isRecentAction(serial: number, maxAgeMs: number): boolean {
    const given = this.#given.get(serial);
    return given?.kind === "action" && this.#now() - given.at <= maxAgeMs;
  }
}

/** The app is being told of input that the compositor has stamped with `serial`. */
export function noteInput(client: DisplayClient, serial: number, kind: InputKind): void {
  client.serials.note(serial, kind);
  // Buttons, touches and pens are let go of where they were pressed; keys are wl-seat.ts' own affair.
  if (kind === "action") client.context.policy.inputDelivered();
}

/** A rule for an event whose argument `index` is a serial of the input that it tells of. */
export function noting(kind: InputKind, index = 0): EventRule {
  return ({ client, args, forward }) => {
    noteInput(client, args[index] as number, kind);
    forward();
  };
}

/** A rule for a request that is passed on only when the app was given the serial in its argument `index`. */
export function ifSerialGiven<State = unknown>(index: number): Exclude<RequestRule<State>, string> {
  return ({ client, args, forward }) => {
    if (client.serials.has(args[index] as number)) forward();
  };
}
