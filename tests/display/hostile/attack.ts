/** What an attack is: data with a name, who does it, what must come of it, and the deed. */
import type { InterfaceTable, Value } from "../../../src/wayland/types.ts";
import type { Stage } from "../../support/display-stage.ts";
import type { LinkRig } from "../../support/link-rig.ts";
import type { ClientArgument, WaylandClient } from "../../support/wayland-client.ts";
import { testInterfaces } from "../../support/wayland-client.ts";
import type { ClientObject } from "../../support/wayland-object.ts";
import type { TestWindow, WindowOptions } from "../../support/window.ts";

/** An app, whose requests pass the guest half; a guest half that lies to the host half; one that sends its pixels. */
export type Attacker = "app" | "guest" | "stream";

/** What must come of an attack. In every case compositor, host half and all others live on. */
export type Outcome =
  /** The attacker's connection ends with wl_display.error about an object of this interface. */
  | { readonly kind: "error"; readonly on: string; readonly code: number }
  /** The connection ends, and nobody is there to be told why. */
  | { readonly kind: "cut off" }
  /** Nothing comes of it; the connection goes on. */
  | { readonly kind: "ignored" }
  /** The connection goes on, and what `check` looks at has become harmless. */
  | { readonly kind: "clipped"; readonly check: (scene: Scene) => void | Promise<void> }
  /** It is not done, and the host is told so. */
  | { readonly kind: "notice"; readonly text: RegExp };

export interface Attack {
  readonly name: string;
  readonly by: readonly Attacker[];
  readonly expect: Outcome;
  /** Who decides: us, on every compositor alike, or the compositor, whose codes may differ from sway's. */
  readonly judge: "vitrine" | "compositor";
  /** Globals without which it cannot be done; "pointer" is a seat with a pointer that the test moves. */
  readonly needs: readonly string[];
  /** Awaited when it is a promise. */
  readonly act: (scene: Scene) => unknown;
}

/** The attacker at work. */
export interface Scene {
  readonly stage: Stage;
  readonly by: Attacker;
  readonly client: WaylandClient;
  /** The attacker's number on the link; 0 for an app. */
  readonly number: number;
  /** The host half that a guest half lies to. */
  readonly rig: LinkRig;
  /** Descriptors and clients to be closed after the attack. */
  keep<T extends Disposable>(thing: T): T;
  bind(interfaceName: string, version?: number): ClientObject;
  surface(): ClientObject;
  /** An id for a new object, for requests written by hand. */
  newId(interfaceName: string): number;
  /** A surface with the role of a window, and no content. */
  toplevel(): TestWindow;
  window(options?: Partial<WindowOptions>): Promise<TestWindow>;
  /** A message with any ids and values that its table can say. */
  send(id: number, interfaceName: string, request: string, args: readonly Value[]): void;
  /** Words, then bytes, as they are. */
  raw(words: readonly number[], bytes?: Uint8Array): void;
  /** A message of the link. */
  link(name: string, args: readonly ClientArgument[]): void;
}

type Deed = Attack["act"];
type Rest = Partial<Pick<Attack, "judge" | "needs">>;

const attack =
  (by: readonly Attacker[]) =>
  (name: string, expect: Outcome, act: Deed, rest: Rest = {}): Attack => ({
    name,
    by,
    expect,
    judge: "vitrine",
    needs: [],
    act,
    ...rest,
  });

/** By an app and, in the same way, by a guest half. */
export const byBoth = attack(["app", "guest"]);
export const byApp = attack(["app"]);
export const byGuest = attack(["guest"]);
export const byStream = attack(["stream"]);

/** The compositor decides. */
export const COMPOSITOR: Rest = { judge: "compositor" };

export const IGNORED: Outcome = { kind: "ignored" };
export const CUT_OFF: Outcome = { kind: "cut off" };
export const notice = (text: RegExp): Outcome => ({ kind: "notice", text });
export const clipped = (check: (scene: Scene) => void | Promise<void>): Outcome => ({ kind: "clipped", check });

/** wl_display.error about an object of that interface; the code by its name in its enum "error", or that of `of`. */
export function error(on: string, code: string, of = on): Outcome {
  const value = tableOf(of).enums.error?.entries[code];
  if (value === undefined) throw new TypeError(`"${of}" has no error "${code}"`);
  return { kind: "error", on, code: value };
}

/** The errors of wl_display, which are about objects of every interface. */
export function displayError(on: string, code: "invalid_object" | "invalid_method" | "no_memory"): Outcome {
  return error(on, code, "wl_display");
}

export function tableOf(name: string): InterfaceTable {
  const table = testInterfaces.get(name);
  if (table === undefined) throw new TypeError(`no interface "${name}"`);
  return table;
}
