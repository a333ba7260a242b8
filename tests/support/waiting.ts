/** Apps that have started where nobody sees them, and wait to be moved to the compositor. */
import { type CompositorRoute, directRoute } from "../../src/host/display/compositor-route.ts";
import type { HostDisplayOptions } from "../../src/host/display/display.ts";
import { learnOffer } from "../../src/host/display/stand-in/offer.ts";
import { StandIn } from "../../src/host/display/stand-in/stand-in.ts";
import type { Compositor } from "./compositor.ts";
import { eventually } from "./deadline.ts";
import { DisplayLoop, type PixelPath } from "./display-loop.ts";

const DEADLINE_MS = 20_000;

/** A display whose apps are on a stand-in for the compositor, and the way to that. */
export class Waiting implements Disposable {
  readonly standIn: StandIn;
  readonly loop: DisplayLoop;
  readonly #route: CompositorRoute;

  private constructor(
    compositor: Compositor,
    pixels: PixelPath,
    route: CompositorRoute,
    standIn: StandIn,
    extra: Partial<HostDisplayOptions>,
  ) {
    this.standIn = standIn;
    this.#route = route;
    this.loop = new DisplayLoop(compositor, pixels, { route: standIn.route, ...extra });
  }

  static async open(
    compositor: Compositor,
    pixels: PixelPath = "arena",
    extra: Partial<HostDisplayOptions> = {},
    route = directRoute(compositor.socketPath),
  ): Promise<Waiting> {
    return new Waiting(compositor, pixels, route, new StandIn(await learnOffer(route)), extra);
  }

  get environment(): Record<string, string> {
    return this.loop.environment;
  }

  async shown(windows: number): Promise<void> {
    const { host } = this.loop;
    await eventually(`waiting for ${windows} windows`, DEADLINE_MS, () => host.windows === windows || undefined);
  }

  /** Moves all apps. */
  move(): void {
    this.loop.host.moveTo(this.#route);
  }

  /** All apps have taken their leave of the stand-in, which is not needed any more. */
  async left(): Promise<void> {
    await eventually("waiting for the stand-in", DEADLINE_MS, () => this.standIn.connections === 0 || undefined);
  }

  [Symbol.dispose](): void {
    this.loop[Symbol.dispose]();
  }
}
