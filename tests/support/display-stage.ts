/**
 * Where attacks happen: a compositor, all ways to it, and bystanders on each. The policy allows everything: what it
 * would stop shall be stopped, or be harmless, without it too.
 */
import { readdirSync } from "node:fs";
import { directRoute } from "../../src/host/display/compositor-route.ts";
import { learnOffer } from "../../src/host/display/stand-in/offer.ts";
import { StandIn } from "../../src/host/display/stand-in/stand-in.ts";
import { Compositor, type CompositorKind } from "./compositor.ts";
import { eventually } from "./deadline.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, policyOf } from "./display-loop.ts";
import { VirtualInput } from "./input.ts";
import { LinkRig } from "./link-rig.ts";
import { WaylandClient } from "./wayland-client.ts";
import { openWindow } from "./window.ts";

export const SCREEN = { width: 1280, height: 800 };
/** Transfers that only one side has come to are given up after ten seconds. */
const SETTLE_DEADLINE_MS = 15_000;

/** The stand-in stands in for sway. "moving": between both, whenever {@link Stage.move} is called. */
export type StageKind = CompositorKind | "stand-in" | "moving";

/** What attackers may leave behind: connections, windows and descriptors besides those of the stage itself. */
export interface Leftovers {
  readonly clients: number;
  readonly windows: number;
  readonly descriptors: number;
}

const NOTHING: Leftovers = { clients: 0, windows: 0, descriptors: 0 };

export class Stage implements AsyncDisposable {
  readonly compositor: Compositor;
  /** For apps. */
  readonly loop: DisplayLoop;
  /** For guest halves that lie, whose pixels are in the arena or sent as bytes. */
  readonly rigs: Readonly<Record<"guest" | "stream", LinkRig>>;
  /** On sway alone, which takes it. */
  readonly input: VirtualInput | undefined;
  /** Moves all apps to the stand-in or back to the compositor, on a stage where they move. */
  move: () => void = () => {};
  readonly #bystanders: readonly WaylandClient[];
  readonly #descriptors: number;

  private constructor(
    compositor: Compositor,
    loop: DisplayLoop,
    rigs: Stage["rigs"],
    input: VirtualInput | undefined,
    bystanders: readonly WaylandClient[],
  ) {
    this.compositor = compositor;
    this.loop = loop;
    this.rigs = rigs;
    this.input = input;
    this.#bystanders = bystanders;
    this.#descriptors = openDescriptors();
  }

  static async open(kind: StageKind): Promise<Stage> {
    const isOnStandIn = kind === "stand-in" || kind === "moving";
    const compositor = await Compositor.start({ ...(isOnStandIn ? {} : { kind }), ...SCREEN });
    const hasInput = kind === "sway" || kind === "moving";
    const input = hasInput ? await VirtualInput.create(compositor.socketPath) : undefined;
    const straight = directRoute(compositor.socketPath);
    const offer = isOnStandIn ? await learnOffer(straight) : undefined;
    const route = () => (offer === undefined ? straight : new StandIn(offer).route);
    const loop = new DisplayLoop(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED), route: route() });
    const rigs = {
      guest: new LinkRig(compositor, "arena", route()),
      stream: new LinkRig(compositor, "stream", route()),
    };
    const direct = await WaylandClient.connect(compositor.socketPath);
    const app = await WaylandClient.connect(loop.socketPath);
    const { client: guest } = await rigs.guest.connect();
    const { client: stream } = await rigs.stream.connect();
    for (const client of [app, guest, stream])
      await openWindow(client, { width: 100, height: 100, appId: "bystander" });
    const stage = new Stage(compositor, loop, rigs, input, [direct, app, guest, stream]);
    let isSeen = false;
    if (kind === "moving")
      stage.move = () => {
        isSeen = !isSeen;
        for (const { host } of stage.#displays) host.moveTo(isSeen ? straight : route());
      };
    return stage;
  }

  /** What the host halves have said since it was last forgotten. */
  get notices(): readonly string[] {
    return this.#displays.flatMap((display) => display.notices);
  }

  forgetNotices(): void {
    for (const { notices } of this.#displays) notices.length = 0;
  }

  /** Connections, windows and descriptors that are not the stage's own. */
  get leftovers(): Leftovers {
    const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count - 1, 0);
    return {
      clients: sum([...this.#displays.map(({ host }) => host.clients), this.loop.guest.connections]),
      windows: sum(this.#displays.map(({ host }) => host.windows)),
      descriptors: Math.max(0, openDescriptors() - this.#descriptors),
    };
  }

  get #displays(): readonly (DisplayLoop | LinkRig)[] {
    return [this.loop, this.rigs.guest, this.rigs.stream];
  }

  /** All that was sent before, to anyone, has had time to arrive: the bystanders have asked and been answered. */
  async bystand(): Promise<void> {
    await Promise.all(this.#bystanders.map((client) => client.roundtrip()));
    for (const client of this.#bystanders) client.forgetEvents();
  }

  /** Waits until nothing is left of the attackers; returns what is left all the same. */
  async settle(): Promise<Leftovers> {
    const nothing = () => (Bun.deepEquals(this.leftovers, NOTHING) ? NOTHING : undefined);
    return await eventually("waiting for what is left", SETTLE_DEADLINE_MS, nothing).catch(() => this.leftovers);
  }

  /** Whether the compositor has what an attack needs: "pointer", "INTERFACE" or "INTERFACE@VERSION". */
  offers(need: string): boolean {
    if (need === "pointer") return this.input !== undefined;
    const [name = "", version = "1"] = need.split("@");
    return this.#bystanders.every((client) => (client.global(name)?.version ?? 0) >= Number(version));
  }

  /**
   * Puts the pointer into the middle of the window with that id: from outside, for a pointer that is there already would
   * not be told of a new window.
   */
  async pointAt(appId: string): Promise<void> {
    const { x, y, width, height } = (await this.compositor.sway.waitForWindow(appId)).rect;
    await this.input?.moveTo(0, 0, SCREEN.width, SCREEN.height);
    await this.input?.moveTo(x + (width >> 1), y + (height >> 1), SCREEN.width, SCREEN.height);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#bystanders) client.close();
    this.input?.close();
    for (const display of this.#displays) display[Symbol.dispose]();
    await this.compositor.stop();
  }
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
