/**
 * xdg_foreign: a window is named to another client, which may then put a dialog over it. Both versions.
 *
 * 1. Exporting: the compositor's handle stays here; the app gets a name for it that is good in its own sandbox alone.
 * 2. Importing: only a handle exported in the same sandbox. Any other is answered as one that has ceased to exist, so a
 *    guest can neither put its windows over those of others nor find out which handles there are.
 * 3. A dialog of the host on behalf of an app (a file chooser) needs the compositor's handle: {@link hostHandle}.
 */
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
import type { InterfaceTable } from "../../../wayland/types.ts";
import { type DisplayContext, perSandbox } from "../context.ts";
import { MAX_EXPORTED_WINDOWS } from "../limits.ts";
import { MintedNames } from "../minted-names.ts";
import { defineRelay, forward, type Relay, type RequestRule } from "../relay.ts";

interface ExportedState {
  guestHandle: string | undefined;
}

const handles = perSandbox(() => new MintedNames(MAX_EXPORTED_WINDOWS));

/** The compositor's handle for one that an app of the sandbox got for its window, while the app keeps it exported. */
export function hostHandle(context: DisplayContext, guestHandle: string): string | undefined {
  return handles(context).hostName(guestHandle);
}

function exported(table: InterfaceTable): Relay {
  return defineRelay<ExportedState>({
    table,
    version: 1,
    state: () => ({ guestHandle: undefined }),
    requests: { destroy: forward },
    events: {
      handle: ({ client, object, args, forward }) => {
        object.state.guestHandle = handles(client.context).mint(args[0] as string);
        forward([object.state.guestHandle]);
      },
    },
    destroyed: ({ context }, { state }) => {
      if (state.guestHandle !== undefined) handles(context).forget(state.guestHandle);
    },
  });
}

function imported(table: InterfaceTable): Relay {
  return defineRelay({
    table,
    version: 1,
    requests: { destroy: forward, set_parent_of: forward },
    events: { destroyed: forward },
  });
}

function importing(relay: Relay): RequestRule {
  return ({ client, object, args, forward }) => {
    const [id, guestHandle] = args as [number, string];
    const handle = hostHandle(client.context, guestHandle);
    if (handle !== undefined) {
      forward([id, handle]);
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
  requests: { destroy: forward, export: forward },
  events: {},
});

export const exporterV2Relay = defineRelay({
  table: zxdg_exporter_v2,
  version: 1,
  requests: { destroy: forward, export_toplevel: forward },
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
