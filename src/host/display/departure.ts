/**
 * Takes an app's leave of the compositor in good order: its objects are destroyed as the app should have done, the newest
 * first, and the connection is closed once that is done. A compositor that finds a connection closed destroys everything
 * in an order of its own, in which some have used memory that they had freed.
 */
import { wl_display } from "../../wayland/generated/wayland.ts";
import type { DisplayClient } from "./client.ts";
import { DEPARTURE_DEADLINE_MS } from "./limits.ts";
import { destroyForGuest } from "./perform.ts";

const HOST_DISPLAY_ID = 1;

/** Destroys all objects of the guest; `done` is called once when the compositor has handled that, or does not answer. */
export function depart(client: DisplayClient, done: () => void): void {
  for (const object of [...client.objects.all()].reverse()) {
    try {
      if (object.alive) destroyForGuest(client, object);
    } catch {
      // What a guest is not allowed to destroy yet goes with the connection.
    }
  }
  const timer = setTimeout(done, DEPARTURE_DEADLINE_MS);
  client.whenAnswered(() => {
    clearTimeout(timer);
    done();
  });
}

/**
 * The same for an app that lives on, with the objects that it has, and goes to another compositor: what it had on this one is
 * destroyed there and nowhere else, and nobody waits for that. The guest must have been told (replay.ts) what ends by it.
 */
export function leaveBehind(client: DisplayClient): void {
  for (const { alive, hostId, relay, version } of [...client.objects.all()].reverse()) {
    const destructor = relay.table.requests.find(
      ({ destructor, since, args }) => destructor === true && since <= version && args.length === 0,
    );
    if (alive && hostId !== 0 && destructor !== undefined) client.sendToHost(hostId, relay.table, destructor.name, []);
  }
  const last = client.objects.addInternal(() => {});
  client.sendToHost(HOST_DISPLAY_ID, wl_display, "sync", [last.hostId]);
  client.compositor.leave(last.hostId, DEPARTURE_DEADLINE_MS);
}
