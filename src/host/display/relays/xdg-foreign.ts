/**
 * xdg_foreign: a window is named to another client, which may then put a dialog over it. Both versions.
 *
 * 1. Exporting: the compositor's handle stays here; the app gets a name for it that is good in its own sandbox alone.
 * 2. Importing: only a handle exported in the same sandbox. Any other is answered as one that has ceased to exist, so a
 *    guest can neither put its windows over those of others nor find out which handles there are.
 * 3. On another compositor windows are exported anew, and the app's names stand for them again; what was imported has ceased
 *    to exist, and the app is told so.
 * 4. A dialog of the host on behalf of an app (a file chooser) needs the compositor's handle: {@link hostHandle}.
 */

import { wl_surface } from "../../../wayland/generated/wayland.ts";
import {
  zxdg_exported_v1,
  zxdg_exporter_v1,
  zxdg_imported_v1,
  zxdg_importer_v1,
} from "../../../wayland/generated/xdg-foreign-unstable-v1.ts";
import {
  zxdg_exported_v2,
  zxdg_exporter_v2,
  zxdg_imported_v2,
  zxdg_importer_v2,
} from "../../../wayland/generated/xdg-foreign-unstable-v2.ts";
import { xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import type { InterfaceTable } from "../../../wayland/types.ts";
import type { DisplayClient } from "../client.ts";
import { type DisplayContext, perSandbox } from "../context.ts";
import { MAX_EXPORTED_WINDOWS } from "../limits.ts";
import { MintedNames } from "../minted-names.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest, type Relay, type RelayObject, type RequestRule } from "../relay.ts";
import { again, endsBy } from "../replay.ts";
import { errorCode, setWindowParent, xdgSurfaceOf } from "../surface-roles.ts";
import { liveObject } from "../translate.ts";
import { tie } from "./xdg-order.ts";
import type { XdgSurfaceState } from "./xdg-surface-state.ts";
import { shownParent } from "./xdg-toplevel.ts";

interface ExportedState {
  guestHandle: string | undefined;
  window: RelayObject | undefined;
}

interface ImportedState {
  window: RelayObject | undefined;
}

/** Version 2's; version 1 has no error of its own. */
const INVALID_SURFACE = errorCode(zxdg_exporter_v2, "invalid_surface");

const handles = perSandbox(() => new MintedNames(MAX_EXPORTED_WINDOWS));
/** By the guest's handle, the xdg_toplevel that was exported, of whichever app of the sandbox. */
const windows = perSandbox(() => new Map<string, RelayObject>());

/** The window of a surface. Throws an error of `object` when it is none. */
function windowOf(client: DisplayClient, object: RelayObject, surfaceId: number): RelayObject {
  const xdgSurface = xdgSurfaceOf(liveObject(client, surfaceId, wl_surface.name));
  const role = (xdgSurface?.state as XdgSurfaceState | undefined)?.role;
  if (role?.relay.table === xdg_toplevel) return role;
  throw new ProtocolViolation(object.guestId, INVALID_SURFACE, `surface ${surfaceId} is no window`);
}

/** export: of a window. */
function exporting({ client, object, args, forward }: GuestRequest): void {
  const window = windowOf(client, object, args[1] as number);
  const [made] = forward();
  if (made === undefined) return;
  (made.state as ExportedState).window = window;
  tie(window, made);
}

/** imported.set_parent_of: the exported window becomes the parent of one of the app's, unless that made a circle. */
function setParentOf({ client, object, args, forward }: GuestRequest<ImportedState>): void {
  // What does not exist is asked in vain.
  if (object.hostId === 0) return;
  const window = windowOf(client, object, args[0] as number);
  const parent = object.state.window;
  if (parent !== undefined) setWindowParent(window, parent);
  if (parent === undefined || shownParent(parent) !== parent) return;
  tie(window, object);
  forward();
}

/** The compositor's handle for one that an app of the sandbox got for its window, while the app keeps it exported. */
export function hostHandle(context: DisplayContext, guestHandle: string): string | undefined {
  return handles(context).hostName(guestHandle);
}

function exported(table: InterfaceTable): Relay {
  return defineRelay<ExportedState>({
    table,
    version: 1,
    state: () => ({ guestHandle: undefined, window: undefined }),
    requests: { destroy: forward },
    events: {
      handle: ({ client, object, args, forward }) => {
        if (object.state.guestHandle !== undefined)
          return handles(client.context).assign(object.state.guestHandle, args[0] as string);
        object.state.guestHandle = handles(client.context).mint(args[0] as string);
        if (object.state.window !== undefined)
          windows(client.context).set(object.state.guestHandle, object.state.window);
        forward([object.state.guestHandle]);
      },
    },
    lost: ({ context }, { state }) => {
      if (state.guestHandle !== undefined) handles(context).forget(state.guestHandle);
    },
    returns: again,
    destroyed: ({ context }, { state }) => {
      if (state.guestHandle === undefined) return;
      handles(context).forget(state.guestHandle);
      windows(context).delete(state.guestHandle);
    },
  });
}

function imported(table: InterfaceTable): Relay {
  return defineRelay<ImportedState>({
    table,
    version: 1,
    state: () => ({ window: undefined }),
    requests: { destroy: forward, set_parent_of: setParentOf },
    events: { destroyed: forward },
    lost: endsBy("destroyed"),
  });
}

function importing(relay: Relay): RequestRule {
  return ({ client, object, args, forward }) => {
    const [id, guestHandle] = args as [number, string];
    const handle = hostHandle(client.context, guestHandle);
    if (handle !== undefined) {
      const state = forward([id, handle])[0]?.state as ImportedState | undefined;
      if (state !== undefined) state.window = windows(client.context).get(guestHandle);
      return;
    }
    client.createFromGuest(id, object.version, relay, object, true);
    client.sendToGuest(id, relay.table, "destroyed", []);
  };
}

export const exportedV1Relay = exported(zxdg_exported_v1);
export const exportedV2Relay = exported(zxdg_exported_v2);
export const importedV1Relay = imported(zxdg_imported_v1);
export const importedV2Relay = imported(zxdg_imported_v2);

export const exporterV1Relay = defineRelay({
  table: zxdg_exporter_v1,
  version: 1,
  requests: { destroy: forward, export: exporting },
  events: {},
});

export const exporterV2Relay = defineRelay({
  table: zxdg_exporter_v2,
  version: 1,
  requests: { destroy: forward, export_toplevel: exporting },
  events: {},
});

export const importerV1Relay = defineRelay({
  table: zxdg_importer_v1,
  version: 1,
  requests: { destroy: forward, import: importing(importedV1Relay) },
  events: {},
});

export const importerV2Relay = defineRelay({
  table: zxdg_importer_v2,
  version: 1,
  requests: { destroy: forward, import_toplevel: importing(importedV2Relay) },
  events: {},
});
