/**
 * Takes an app's leave of the compositor in good order: its objects are destroyed as the app should have done, the newest
 * first, and the connection is closed once that is done. A compositor that finds a connection closed destroys everything
 * in an order of its own, in which some have used memory that they had freed.
 */
import type { DisplayClient } from "./client.ts";
import { DEPARTURE_DEADLINE_MS } from "./limits.ts";
import { destroyForGuest } from "./perform.ts";

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
