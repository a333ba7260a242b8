/**
 * The names under which a sandbox's data stand on the compositor's clipboard, primary selection and drags. They make two
 * things possible that the compositor knows nothing of:
 *
 * 1. A sandbox knows its own data again. Beside the types of the app stands a marker that only this sandbox's host half
 *    knows, so that within a sandbox copy and paste work whatever the policy says of the world outside.
 * 2. Data that must not leave are veiled: what is offered to the compositor are names that mean something to this sandbox
 *    alone. Who may read what is the compositor's business as ever, and no second clipboard is needed.
 *
 * A name that begins as ours and is none of ours belongs to another sandbox, and is never shown to a guest.
 */
import { MAX_MIME_BYTES } from "./limits.ts";

/** How all such names begin. */
const OWN_PREFIX = "application/x-vitrine-";

/** A MIME type, or one of the X11 names that toolkits still offer beside them (UTF8_STRING, TEXT, ...). */
const MIME_TYPE =
  /^[A-Za-z0-9!#$&^_.+-]+(\/[A-Za-z0-9!#$&^_.+-]+)?( *; *[A-Za-z0-9_.-]+=("[ -~]*"|[A-Za-z0-9_.+-]+))*$/;

/** Whether a MIME type is of a form that may cross: printable, bounded, no surprises. */
export function isPassableMimeType(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_MIME_BYTES && MIME_TYPE.test(value);
}

/** What the types of a source are called on the compositor: its name to the app's; undefined for the marker. */
export type PublishedNames = ReadonlyMap<string, string | undefined>;

/** What an offer holds. */
export interface OfferedTypes {
  /** It comes from an app of this sandbox. */
  readonly own: boolean;
  /** What a guest may know of: the type to the compositor's name of it. */
  readonly types: ReadonlyMap<string, string>;
}

export class SelectionNames {
  readonly #marker: string;
  readonly #veiled = new Map<string, string>();
  #sources = 0;

  /** `secret`: letters and digits that no guest and no other sandbox can know. */
  constructor(secret: string) {
    this.#marker = `${OWN_PREFIX}${secret}`;
  }

  /** Names for the types of a source. Veiled ones are kept until {@link retire}. */
  publish(types: readonly string[], veiled: boolean): PublishedNames {
    const own = types.filter((type) => !type.toLowerCase().startsWith(OWN_PREFIX));
    if (!veiled) return new Map([...own.map((type): [string, string] => [type, type]), [this.#marker, undefined]]);
    this.#sources += 1;
    const names = own.map((type, index): [string, string] => [`${this.#marker}-${this.#sources}-${index}`, type]);
    for (const [name, type] of names) this.#veiled.set(name, type);
    return new Map(names);
  }

  /** The source is gone. */
  retire(names: PublishedNames): void {
    for (const name of names.keys()) this.#veiled.delete(name);
  }

  /** What an offer with these names, as the compositor has them, holds for the sandbox. */
  read(names: readonly string[]): OfferedTypes {
    const types = new Map<string, string>();
    let own = false;
    for (const name of names) {
      const veiled = this.#veiled.get(name);
      own ||= name === this.#marker || veiled !== undefined;
      if (veiled !== undefined) types.set(veiled, name);
      else if (!name.toLowerCase().startsWith(OWN_PREFIX) && isPassableMimeType(name)) types.set(name, name);
    }
    return { own, types };
  }
}
