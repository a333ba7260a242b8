/** What all app connections of one sandbox share. */
import type { VitrineError } from "../../base/error.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import type { RelayRegistry } from "./allow-list.ts";
import type { Colour } from "./frame/colour.ts";
import type { Layout } from "./output-layout.ts";
import type { DisplayPolicy } from "./policy.ts";
import type { SelectionNames } from "./selection-names.ts";
import type { ShownWindow } from "./shown-windows.ts";
import type { Tracer } from "./trace/tracer.ts";
import type { Transfers } from "./transfers.ts";

export interface DisplayContext {
  /** Name of the sandbox; part of every application id. */
  readonly sandbox: string;
  /** The colour of its frames. */
  readonly colour: Colour;
  /** A new connection to the user's compositor, owned by the caller. Throws "unavailable". */
  connect(): OwnedFd;
  /** What the apps' connections may not know of the screens. */
  readonly layout: Layout;
  /** The window arena, borrowed; the very file is given to the compositor. */
  readonly arena: OwnedFd;
  /** Where in that file the arena begins. */
  readonly arenaOffset: number;
  readonly arenaBytes: number;
  readonly relays: RelayRegistry;
  readonly transfers: Transfers;
  /** What the sandbox may do; see `permitted` in policy.ts. */
  readonly policy: DisplayPolicy;
  /** How the sandbox's data are named on the compositor. */
  readonly selectionNames: SelectionNames;
  /** Set while somebody watches the messages. */
  tracer: Tracer | undefined;
  /** Nanoseconds to subtract from a time of the host's monotonic clock to get the guest's. */
  clockOffset(): bigint;
  /** Writes pixel rows that came as bytes into the arena. Refused where the guest maps the arena itself. */
  writePixels(offset: number, stride: number, rowBytes: number, data: Uint8Array): void;
  /** A window got its first content, or a window went away. */
  windowShown(window: ShownWindow): void;
  windowHidden(window: ShownWindow): void;
  compositorLost(error: VitrineError | undefined): void;
  /** The last messages of an app connection that was ended by an error, fit for a log. */
  trail(client: number, lines: readonly string[]): void;
  notice(severity: "info" | "warning" | "error", message: string): void;
}

/** State that all app connections of a sandbox share and that one relay alone knows of; made when first asked for. */
export function perSandbox<T>(make: () => T): (context: DisplayContext) => T {
  const states = new WeakMap<DisplayContext, T>();
  return (context) => {
    const known = states.get(context);
    if (known !== undefined) return known;
    const made = make();
    states.set(context, made);
    return made;
  };
}
