/**
 * The stand-in: a compositor of our own that shows nothing. An app that starts in a machine kept ready draws its windows for
 * it, and moves to the user's compositor when somebody wants it (HostDisplay.moveTo).
 *
 * 1. It says what the user's compositor said when it was asked (offer.ts): the same globals, screens, scales, keys. So an app
 *    draws here what it would draw there, and little changes when it moves.
 * 2. It has no focus and no input, and nothing in its clipboard. Frames pass at the pace of a screen.
 * 3. It lives in this process: each connection is a pair of sockets (connection.ts).
 */
import { VitrineError } from "../../../base/error.ts";
import { socketPair } from "../../../sys/socket.ts";
import type { CompositorRoute } from "../compositor-route.ts";
import { ServedConnection } from "./connection.ts";
import { Keymaps } from "./keymaps.ts";
import type { Offer } from "./offer.ts";

export class StandIn {
  /** The way here, for a display. Closing it closes the stand-in. */
  readonly route: CompositorRoute;
  readonly #connections = new Set<ServedConnection>();
  readonly #offer: Offer;
  readonly #keymaps: Keymaps;
  #closed = false;

  constructor(offer: Offer) {
    this.#offer = offer;
    this.#keymaps = new Keymaps(offer);
    this.route = {
      kind: "stand-in",
      layout: {
        areaOf: (name) => offer.areas.get(name ?? 0) ?? "unknown",
        areas: () => offer.areas,
        onChange: () => () => {},
      },
      connect: () => {
        if (this.#closed) throw new VitrineError("unavailable", "Cannot reach the stand-in: it is closed");
        const [ours, theirs] = socketPair();
        const connection = new ServedConnection(ours, this.#offer, this.#keymaps, () => this.#ended(connection));
        this.#connections.add(connection);
        return theirs;
      },
      close: () => this.close(),
    };
  }

  /** App connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Takes no more connections; those that stand are served until they leave. */
  close(): void {
    this.#closed = true;
    if (this.#connections.size === 0) this.#keymaps.close();
  }

  #ended(connection: ServedConnection): void {
    this.#connections.delete(connection);
    if (this.#closed) this.close();
  }
}
