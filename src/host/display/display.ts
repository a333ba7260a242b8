/**
 * The host half of the display: takes the wayland and transfer streams of one guest and shows its windows on the user's
 * compositor. One connection to the compositor for each app connection, so that neither an app's mistake nor its end
 * reaches another app.
 */
import { randomBytes } from "node:crypto";
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { TraceOptions, TraceRecord } from "../../channel/contract/trace.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { describeProblem, type Policy, SHIPPED_POLICY } from "../policy/policy.ts";
import { relayRegistry } from "./allow-list.ts";
import { ArenaWriter } from "./arena-writer.ts";
import { DisplayClient } from "./client.ts";
import { type CompositorRoute, noRoute } from "./compositor-route.ts";
import type { DisplayContext } from "./context.ts";
import type { Colour } from "./frame/colour.ts";
import { COMPOSITOR_RETRY_MS, COMPOSITOR_RETURN_DEADLINE_MS, MAX_DISPLAY_CLIENTS } from "./limits.ts";
import { CurrentLayout } from "./output-layout.ts";
import { DisplayPolicy } from "./policy.ts";
import { mintActivationToken } from "./relays/xdg-activation.ts";
import { SelectionNames } from "./selection-names.ts";
import { ShownWindows } from "./shown-windows.ts";
import { Tracer } from "./trace/tracer.ts";
import { type Announcer, Transfers } from "./transfers.ts";

/** The last messages of a connection are logged at most this often, in milliseconds: an app may fail again and again. */
export const TRAIL_INTERVAL_MS = 5000;

/** Random bytes in the names of a sandbox's data: nobody guesses them. */
const SELECTION_SECRET_BYTES = 16;

export interface HostDisplayOptions {
  /** The way to the compositor, closed with the display. */
  route: CompositorRoute;
  /** A new way to it after it was gone. Throws while it is not there again. */
  reopen: () => Promise<CompositorRoute>;
  /** How long a compositor that is gone is waited for, in milliseconds. */
  returnDeadlineMs?: number;
  /** Name of the sandbox. */
  sandbox: string;
  /** The colour of its frames, 0xRRGGBB. */
  colour: Colour;
  /** A sealed memory file that holds the window arena, borrowed for the life of the display. */
  arena: OwnedFd;
  /** Where in the file the arena begins, and its size, both in bytes. */
  arenaOffset?: number;
  arenaBytes: number;
  /** How pixels travel: the guest maps the arena, or sends them as bytes that we write into it. */
  pixels: "arena" | "stream";
  /** What the sandbox may do; the shipped policy when absent. */
  policy?: Policy;
  /** Milliseconds from any beginning, by which input is recent or not; the process's own clock when absent. */
  now?: () => number;
  /** Nanoseconds the host's monotonic clock is ahead of the guest's. */
  clockOffset?: () => bigint;
  /** The number of windows with content has changed. */
  onWindowCount?: (windows: number) => void;
  /** A window got its first content. */
  onFirstFrame?: () => void;
  /** The compositor went away and did not return (told once). */
  onCompositorLost?: (error: VitrineError | undefined) => void;
  /** The last messages of an app connection that was ended by an error; not for each, when many are. */
  onTrail?: (client: number, lines: readonly string[]) => void;
  onNotice?: (severity: "info" | "warning" | "error", message: string) => void;
}

export class HostDisplay {
  readonly #options: HostDisplayOptions;
  #route: CompositorRoute;
  readonly #layout: CurrentLayout;
  readonly #clients = new Map<number, DisplayClient>();
  readonly #transfers = new Transfers();
  readonly #context: DisplayContext;
  readonly #pixels: ArenaWriter;
  readonly #tracer = new Tracer();
  #lastTrail = Number.NEGATIVE_INFINITY;
  readonly #windows = new ShownWindows();
  /** "away": it is being waited for. */
  #compositor: "there" | "away" | "lost" | "closed" = "there";
  #wake: () => void = () => {};
  /** Counts how often a compositor was looked for. */
  #search = 0;

  constructor(options: HostDisplayOptions) {
    this.#options = options;
    this.#route = options.route;
    this.#layout = new CurrentLayout(this.#route.layout);
    const arenaOffset = options.arenaOffset ?? 0;
    this.#pixels = new ArenaWriter({ arena: options.arena, offset: arenaOffset, bytes: options.arenaBytes });
    this.#context = {
      sandbox: options.sandbox,
      colour: options.colour,
      connect: () => this.#route.connect(),
      layout: this.#layout,
      arena: options.arena,
      arenaOffset,
      arenaBytes: options.arenaBytes,
      relays: relayRegistry,
      transfers: this.#transfers,
      policy: new DisplayPolicy({
        policy: options.policy ?? SHIPPED_POLICY,
        interfaces: [...relayRegistry.globals.keys()],
        ...(options.now === undefined ? {} : { now: options.now }),
      }),
      selectionNames: new SelectionNames(randomBytes(SELECTION_SECRET_BYTES).toString("hex")),
      tracer: undefined,
      clockOffset: options.clockOffset ?? (() => 0n),
      writePixels: (offset, stride, rowBytes, data) => {
        if (options.pixels !== "stream")
          throw new VitrineError("protocol", "Cannot take pixels as bytes: the guest maps the arena");
        this.#pixels.write(offset, stride, rowBytes, data);
      },
      windowShown: (window) => {
        this.#windows.add(window);
        options.onFirstFrame?.();
        options.onWindowCount?.(this.#windows.count);
      },
      windowHidden: (window) => {
        this.#windows.delete(window);
        options.onWindowCount?.(this.#windows.count);
      },
      compositorLost: (error) => this.#compositorLost(error),
      trail: (client, lines) => this.#trail(client, lines),
      notice: (severity, message) => options.onNotice?.(severity, message),
    };
  }

  /** Windows with content, of all apps. */
  get windows(): number {
    return this.#windows.count;
  }

  /** App connections. */
  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Puts another policy in force, for apps that run as well: what it does not allow is taken back from them. Returns how
   * many app connections were ended because they used an interface that is denied now.
   */
  setPolicy(policy: Policy): number {
    this.#context.policy.replace(policy);
    return [...this.#clients.values()].filter((client) => !client.policyChanged()).length;
  }

  /**
   * Moves all apps to the compositor behind `route`, which takes the place of the display's route. They leave where they are in
   * good order, and return as after a compositor's end: with their windows, while what cannot return ends in the words of its
   * protocol (replay.ts). What they ask for meanwhile waits. A compositor that is not there is waited for like one that has
   * gone, by way of `reopen`. The old route is closed, after the new one was opened: their security contexts must not have
   * the same path.
   */
  moveTo(route: CompositorRoute): void {
    if (this.#compositor === "closed") return route.close();
    const before = this.#route;
    this.#windows.compositorChanged();
    for (const client of [...this.#clients.values()]) client.leaveCompositor();
    before.close();
    this.#arrive(route);
    this.#wake();
  }

  /** A token for an app that is being started, which stands for one that the compositor gave its launcher. */
  mintActivationToken(hostToken: string): string {
    return mintActivationToken(this.#context, hostToken);
  }

  /**
   * Gives a window of an app that runs already the focus for which the compositor gave `hostToken` to a launcher: the first
   * that is shown, or else the next that will be. After {@link moveTo}, that is the first one on the new compositor.
   */
  activate(hostToken: string): void {
    this.#windows.activate(hostToken);
  }

  /** Shows the messages of app connections until the function returned is called. Throws "limit" when too many watch. */
  trace(options: TraceOptions, show: (record: TraceRecord) => void): () => void {
    const stop = this.#tracer.watch(options, show);
    this.#context.tracer = this.#tracer;
    return () => {
      stop();
      if (!this.#tracer.watched) this.#context.tracer = undefined;
    };
  }

  /** Takes over the stream of a new app connection. A stream that cannot be served is closed, with a notice. */
  acceptClient(stream: ByteStream, number: number): void {
    if (this.#clients.has(number) || this.#clients.size >= MAX_DISPLAY_CLIENTS) {
      this.#context.notice("warning", `app connection ${number} was refused: too many, or the number is in use`);
      stream.destroy();
      return;
    }
    const { current } = this.#context.policy;
    if (current.kind === "broken") {
      const why = describeProblem(current.problems[0]);
      this.#context.notice("error", `app connection ${number} was refused: the policy is broken: ${why}`);
      stream.destroy();
      return;
    }
    try {
      const client = new DisplayClient(stream, number, this.#context);
      this.#clients.set(number, client);
      void client.gone.then(() => this.#clients.delete(number));
    } catch (error) {
      this.#context.notice(
        "error",
        `app connection ${number} cannot reach the compositor: ${VitrineError.from(error).message}`,
      );
      stream.destroy();
    }
  }

  /** Takes over a stream that carries clipboard or drag-and-drop data. */
  acceptTransfer(stream: ByteStream, number: number, announcedBy: Announcer, token: number): void {
    this.#transfers.accept(number, announcedBy, token, stream);
  }

  /** Ends every app connection and frees all memory. The promise is kept once the compositor has taken leave of all apps. */
  async close(): Promise<void> {
    this.#compositor = "closed";
    this.#wake();
    const clients = [...this.#clients.values()];
    const gone = Promise.all(clients.map((client) => client.gone));
    for (const client of clients) client.end();
    this.#transfers.close();
    this.#pixels.close();
    await gone;
    this.#route.close();
  }

  #trail(client: number, lines: readonly string[]): void {
    const now = performance.now();
    if (now - this.#lastTrail < TRAIL_INTERVAL_MS) return;
    this.#lastTrail = now;
    this.#options.onTrail?.(client, lines);
  }

  /**
   * One connection may have ended for its own sake, and a compositor that dies may let go of its clients before it stops
   * listening: whatever was lost returns with the first one that answers.
   */
  #compositorLost(error: VitrineError | undefined): void {
    if (this.#compositor !== "there") return;
    if (this.#route.kind === "stand-in") {
      for (const client of [...this.#clients.values()]) client.giveUp();
      return;
    }
    this.#compositor = "away";
    this.#windows.compositorChanged();
    this.#context.notice("warning", "the compositor has gone; windows wait for one to return");
    void this.#awaitCompositor(error);
  }

  async #awaitCompositor(cause: VitrineError | undefined): Promise<void> {
    const { returnDeadlineMs = COMPOSITOR_RETURN_DEADLINE_MS } = this.#options;
    this.#search += 1;
    const search = this.#search;
    const goesOn = () => this.#compositor === "away" && this.#search === search;
    // First: the new way may use the same path.
    this.#route.close();
    this.#route = noRoute;
    const deadline = performance.now() + returnDeadlineMs;
    while (goesOn() && performance.now() < deadline) {
      try {
        const route = await this.#options.reopen();
        if (!goesOn()) return route.close();
        this.#context.notice("info", "a compositor is there again, and windows return");
        return this.#arrive(route);
      } catch {
        await this.#pause(COMPOSITOR_RETRY_MS);
      }
    }
    if (!goesOn()) return;
    this.#compositor = "lost";
    for (const client of [...this.#clients.values()]) client.giveUp();
    this.#options.onCompositorLost?.(cause);
  }

  #arrive(route: CompositorRoute): void {
    this.#compositor = "there";
    this.#route = route;
    this.#layout.replace(route.layout);
    for (const client of [...this.#clients.values()]) client.reconnect();
  }

  /** Waits, unless the display is closed. */
  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}
