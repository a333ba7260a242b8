/** wl_display, wl_registry and wl_fixes: answered here; what a guest may learn of the compositor is the allow-list's business. */
import { wl_callback, wl_display, wl_registry } from "../../../wayland/generated/wayland.ts";
import { wl_fixes } from "../../../wayland/wl-fixes.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward } from "../relay.ts";
import { again } from "../replay.ts";

export const registryRelay = defineRelay({
  table: wl_registry,
  version: 1,
  local: true,
  requests: {
    bind: ({ client, object, args }) => {
      const newId = args[1] as { interface: string; version: number; id: number };
      client.globals.bind(object, args[0] as number, newId.interface, newId.version, newId.id);
    },
  },
  events: {},
  destroyed: (client, object) => client.globals.removeRegistry(object),
});

/** Lets a client destroy a registry. Registries are ours alone, so this needs nothing of the compositor. */
export const fixesRelay = defineRelay({
  table: wl_fixes,
  version: 1,
  answered: "always",
  requests: {
    destroy: forward,
    destroy_registry: ({ client, args }) => {
      const registry = client.objects.byGuestId(args[0] as number);
      if (registry?.relay !== registryRelay || !registry.alive) {
        throw new ProtocolViolation(1, WL_DISPLAY_ERROR.invalidObject, `invalid registry ${args[0]}`);
      }
      client.destroyedByGuest(registry);
    },
  },
  events: {},
});

export const callbackRelay = defineRelay({
  table: wl_callback,
  version: 1,
  requests: {},
  events: { done: forward },
  // A frame is waited for anew. A round trip comes to its end: all that was asked before has been looked at.
  returns: (client, object) => {
    if (again(client, object)) return;
    client.sendToGuest(object.guestId, wl_callback, "done", [0]);
    client.destroyedByGuest(object);
  },
});

export const displayRelay = defineRelay({
  table: wl_display,
  version: 1,
  local: true,
  requests: {
    // A true round trip: the answer comes from the compositor, after everything that was asked before.
    sync: ({ client, args }) => {
      const callback = client.createFromGuest(args[0] as number, 1, callbackRelay, undefined);
      client.sendToHost(1, wl_display, "sync", [callback.hostId]);
    },
    get_registry: ({ client, args }) => {
      client.globals.addRegistry(client.createFromGuest(args[0] as number, 1, registryRelay, undefined));
    },
  },
  // error and delete_id of the compositor are taken by the client itself.
  events: {},
});
