/**
 * What a display process gets of the user's compositor: connections, which are made for it, and a new way when the compositor
 * has gone. Whoever has broken into it could ask for either at any time, and as often as it likes.
 */
import { VitrineError } from "../../../base/error.ts";
import { CONNECTED, NOT_CONNECTED, type ScreenLayout } from "../../../channel/contract/display-process.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { type Watch, watch } from "../../../sys/loop.ts";
import { readSome, sendMessage } from "../../../sys/socket.ts";
import type { CompositorRoute } from "../../display/compositor-route.ts";

/** Connections to the compositor made within a second; each app needs one, and one more when a compositor returns. */
export const MAX_CONNECTIONS_PER_SECOND = 256;
/** Bytes of one read of requests for connections. */
const REQUESTS_BYTES = 64;

export interface CompositorAccessOptions {
  /** The way to the compositor, taken over. */
  readonly route: CompositorRoute;
  /** A new way after the compositor has gone. Rejects while it is not there again. */
  readonly reopen: () => Promise<CompositorRoute>;
  readonly onLayout: (layout: ScreenLayout) => void;
  /** Milliseconds, for the number of connections in a second. */
  readonly now?: () => number;
}

export class CompositorAccess {
  readonly #socket: OwnedFd;
  readonly #options: CompositorAccessOptions;
  readonly #now: () => number;
  readonly #watch: Watch;
  readonly #requests = new Uint8Array(REQUESTS_BYTES);
  /** Undefined: there is none. */
  #route: CompositorRoute | undefined;
  #stopLayout: () => void = () => {};
  #state: "open" | "searching" | "over" = "open";
  #second = 0;
  #made = 0;

  /** Requests come on `socket`, a byte for each connection that is wanted, and get a byte each: taken over. */
  constructor(socket: OwnedFd, options: CompositorAccessOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#route = options.route;
    this.#watch = watch(socket, { readable: true }, () => this.#read());
  }

  /** The screens as they lie now; from now on it is told of changes. */
  layout(): ScreenLayout {
    this.#stopLayout();
    const layout = this.#route?.layout;
    const screens = (): ScreenLayout => {
      const areas = layout?.areas();
      return areas === undefined ? null : [...areas].map(([name, area]) => ({ name, ...area }));
    };
    this.#stopLayout = layout?.onChange(() => this.#options.onLayout(screens())) ?? (() => {});
    return screens();
  }

  /** Looks for the compositor again. Throws "unavailable" while that is being done already, or nobody wants it any more. */
  async reopen(): Promise<ScreenLayout> {
    if (this.#state !== "open")
      throw new VitrineError("unavailable", "Cannot reach the compositor: it is being looked for");
    this.#state = "searching";
    try {
      // First: the new way may use the same path.
      this.#leave();
      const route = await this.#options.reopen();
      if (this.#isOver()) {
        route.close();
        throw new VitrineError("cancelled", "Cannot reach the compositor: the sandbox ends");
      }
      this.#route = route;
      return this.layout();
    } finally {
      if (!this.#isOver()) this.#state = "open";
    }
  }

  /** No compositor is looked for from now on; connections are still made. */
  giveUp(): void {
    this.#state = "over";
    this.#stopLayout();
  }

  close(): void {
    this.giveUp();
    this.#closeSocket();
    this.#leave();
  }

  /** It may have become so while something was waited for. */
  #isOver(): boolean {
    return this.#state === "over";
  }

  #leave(): void {
    this.#stopLayout();
    this.#route?.close();
    this.#route = undefined;
  }

  #closeSocket(): void {
    this.#watch.close();
    this.#socket.close();
  }

  #read(): void {
    try {
      const count = readSome(this.#socket, this.#requests);
      if (count === "again") return;
      if (count === 0) this.#closeSocket();
      for (let request = 0; request < count; request += 1) this.#answer();
    } catch {
      // It is not there any more, or does not take its answers.
      this.#closeSocket();
    }
  }

  #answer(): void {
    const connection = this.#connect();
    if (connection === undefined) {
      sendMessage(this.#socket, Uint8Array.of(NOT_CONNECTED));
      return;
    }
    try {
      sendMessage(this.#socket, Uint8Array.of(CONNECTED), [connection]);
    } finally {
      connection.close();
    }
  }

  /** Undefined: there is no compositor, or too many connections are wanted. */
  #connect(): OwnedFd | undefined {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) this.#made = 0;
    this.#second = second;
    this.#made += 1;
    if (this.#made > MAX_CONNECTIONS_PER_SECOND) return undefined;
    try {
      return this.#route?.connect();
    } catch {
      return undefined;
    }
  }
}
