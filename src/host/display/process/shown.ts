/**
 * The windows of one sandbox in the process that shows them: the host half of the display over the guest's display link, on
 * the user's compositor, or on one that shows nothing until somebody wants to see them.
 */
import { VitrineError } from "../../../base/error.ts";
import { validate } from "../../../base/untrusted.ts";
import { guestStreamHeader } from "../../../channel/contract/agent.ts";
import {
  DISPLAY_PROCESS_FD,
  type DisplaySettings,
  MAX_NOTICE_CHARS,
  type ScreenLayout,
} from "../../../channel/contract/display-process.ts";
import type { TraceOptions, TraceRecord } from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { Mux } from "../../../channel/mux.ts";
import { OwnedFd } from "../../../sys/fd.ts";
import { watch } from "../../../sys/loop.ts";
import { receiveMessage } from "../../../sys/socket.ts";
import { unpackPolicy } from "../../policy/packed.ts";
import type { Policy } from "../../policy/policy.ts";
import type { CompositorRoute } from "../compositor-route.ts";
import { HostDisplay } from "../display.ts";
import { inheritedRoute, ToldLayout } from "./inherited-route.ts";

export interface ShownEvents {
  windows(count: number): void;
  firstFrame(): void;
  compositorLost(): void;
  trail(client: number, lines: readonly string[]): void;
  notice(severity: "info" | "warning" | "error", message: string): void;
  /** Asks for a new way to the compositor; rejects while there is none. */
  reopen(): Promise<ScreenLayout>;
}

/** Where windows are until somebody wants to see them. */
interface Backstage {
  readonly route: CompositorRoute;
  close(): void;
}

interface Stage {
  readonly layout: ToldLayout;
  readonly route: CompositorRoute;
  readonly backstage: Backstage | undefined;
}

export class Shown {
  readonly #display: HostDisplay;
  readonly #stage: Stage;
  #backstage: Backstage | undefined;
  #clockOffset = 0n;
  #stopListening: (() => void) | undefined;

  /** Takes the descriptors that the process has inherited. Throws "unavailable" when there is no compositor. */
  static async open(settings: DisplaySettings, events: ShownEvents): Promise<Shown> {
    const layout = new ToldLayout();
    layout.set(settings.layout);
    const route = inheritedRoute(OwnedFd.own(DISPLAY_PROCESS_FD.connections), layout);
    const backstage = settings.backstage ? await openBackstage(route, () => events.compositorLost()) : undefined;
    return new Shown(settings, events, { layout, route, backstage });
  }

  private constructor(settings: DisplaySettings, events: ShownEvents, stage: Stage) {
    this.#stage = stage;
    this.#backstage = stage.backstage;
    this.#display = new HostDisplay({
      route: stage.backstage?.route ?? stage.route,
      reopen: async () => {
        // While nobody is to see the windows they do not go to the user's compositor, whatever becomes of the one they are on.
        if (this.#backstage !== undefined) throw unseen();
        stage.layout.set(await events.reopen());
        return stage.route;
      },
      sandbox: settings.sandbox,
      colour: settings.colour,
      arena: OwnedFd.own(DISPLAY_PROCESS_FD.arena),
      arenaOffset: settings.arenaOffset,
      arenaBytes: settings.arenaBytes,
      pixels: settings.pixels,
      policy: unpackPolicy(settings.policy),
      clockOffset: () => this.#clockOffset,
      onWindowCount: (count) => events.windows(count),
      onFirstFrame: () => events.firstFrame(),
      onCompositorLost: () => events.compositorLost(),
      onTrail: (client, lines) => events.trail(client, lines),
      onNotice: (severity, message) => events.notice(severity, message.slice(0, MAX_NOTICE_CHARS)),
    });
    awaitLink(OwnedFd.own(DISPLAY_PROCESS_FD.link), (link) => this.#serve(link, events));
  }

  #serve(link: OwnedFd, events: ShownEvents): void {
    new Mux(fdStream(link), "client").onStream((stream, raw) => {
      const header = validate(raw, (value) => guestStreamHeader.safeParse(value));
      if (!header.success) {
        stream.destroy();
        events.notice("warning", "the guest opened a stream of a kind that the contract does not have");
      } else if (header.data.kind === "wayland") {
        this.#display.acceptClient(stream, header.data.client);
      } else {
        const { client, announcedBy, token } = header.data;
        this.#display.acceptTransfer(stream, client, announcedBy, token);
      }
    });
  }

  setPolicy(policy: Policy): number {
    return this.#display.setPolicy(policy);
  }

  mintActivationToken(hostToken: string): string {
    return this.#display.mintActivationToken(hostToken);
  }

  setLayout(layout: ScreenLayout): void {
    this.#stage.layout.set(layout);
  }

  setClockOffset(nanoseconds: bigint): void {
    this.#clockOffset = nanoseconds;
  }

  /** Brings windows that nobody sees yet to the user's compositor, with the focus for which that gave `hostToken`. */
  moveToUser(hostToken: string | null): void {
    const backstage = this.#backstage;
    if (backstage === undefined) return;
    this.#backstage = undefined;
    this.#display.moveTo(this.#stage.route);
    if (hostToken !== null) this.#display.activate(hostToken);
    backstage.close();
  }

  trace(options: TraceOptions, show: (record: TraceRecord) => void): () => void {
    return this.#display.trace(options, show);
  }

  /** Calls `heard` for every message of an app, until it is called without one. */
  listen(heard: (() => void) | undefined): void {
    this.#stopListening?.();
    const show = ({ direction }: TraceRecord) => void (direction === "guest->" && heard?.());
    this.#stopListening = heard === undefined ? undefined : this.#display.trace({ without: [] }, show);
  }

  /** Ends every app connection; resolves when the compositor has taken leave of all apps. */
  async close(): Promise<void> {
    await this.#display.close();
    this.#backstage?.close();
  }
}

/** Calls `came` with the descriptor that comes on `socket`, which it closes. */
function awaitLink(socket: OwnedFd, came: (link: OwnedFd) => void): void {
  const watching = watch(socket, { readable: true }, () => {
    const received = receiveMessage(socket, new Uint8Array(1), 1);
    if (received === "again") return;
    watching.close();
    socket.close();
    const [link] = received.fds;
    if (link !== undefined) came(link);
  });
}

/**
 * A stand-in for the compositor that `userRoute` leads to. `onLost` is called when that compositor goes: what its apps were
 * told of it holds for no other.
 */
async function openBackstage(userRoute: CompositorRoute, onLost: () => void): Promise<Backstage> {
  // Loaded only here: few sandboxes begin like this.
  const { learnOffer } = await import("../stand-in/offer.ts");
  const { StandIn } = await import("../stand-in/stand-in.ts");
  const standIn = new StandIn(await learnOffer(userRoute));
  // Says nothing, and hears of the compositor's end.
  const watched = fdStream(userRoute.connect());
  let open = true;
  watched.onData(() => {});
  watched.onEnd(() => watched.destroy());
  watched.onClose(() => open && onLost());
  return {
    route: standIn.route,
    close: () => {
      open = false;
      watched.destroy();
      standIn.close();
    },
  };
}

function unseen(): VitrineError {
  return new VitrineError("unavailable", "Cannot reach the compositor: nobody is to see these windows yet");
}
