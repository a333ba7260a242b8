/**
 * Who draws the title bar of a window. A compositor that draws title bars is asked to when the guest wants none of its own;
 * where there is no such compositor, or it does not want to, the frame has one. There are two protocols in which a guest
 * can say so, xdg-decoration and its older twin, which speaks of surfaces and may come before they are windows. Both are
 * answered here, and in the same way.
 */
import { decode } from "../../../wayland/decode.ts";
import {
  zxdg_decoration_manager_v1,
  zxdg_toplevel_decoration_v1,
} from "../../../wayland/generated/xdg-decoration-unstable-v1.ts";
import type { RawMessage } from "../../../wayland/message-reader.ts";
import type { DisplayClient } from "../client.ts";
import type { ToplevelConfigure } from "../frame/toplevel-configure.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";

const MODES = zxdg_toplevel_decoration_v1.enums.mode?.entries ?? {};
export const CLIENT_SIDE = MODES.client_side ?? 1;
export const SERVER_SIDE = MODES.server_side ?? 2;

/** Guests' wishes, by surface. */
const wishes = new WeakMap<GuestSurface, boolean>();
const titleBars = new WeakMap<GuestSurface, TitleBar>();

export class TitleBar {
  readonly #client: DisplayClient;
  readonly #surface: GuestSurface;
  readonly #toplevelHostId: number;
  readonly #configure: ToplevelConfigure;
  /** The compositor's decoration object, 0 when it was never asked. */
  #hostId = 0;
  #phase: "new" | "shown" | "withdrawn" = "new";
  /** What the compositor is still to be told. */
  #late: boolean | undefined;

  /** Of the new window `toplevelHostId`, which has no content yet. */
  constructor(client: DisplayClient, surface: GuestSurface, toplevelHostId: number, configure: ToplevelConfigure) {
    this.#client = client;
    this.#surface = surface;
    this.#toplevelHostId = toplevelHostId;
    this.#configure = configure;
    titleBars.set(surface, this);
    if (wishes.get(surface)) this.ask(true);
  }

  /** The guest wants none of its own, or changes its mind. */
  ask(wanted: boolean): void {
    const { own } = this.#client;
    if (own.decorationManager === undefined) return;
    if (this.#hostId === 0) {
      // The compositor takes the question only before the window shows something.
      if (!wanted || this.#surface.host.crop !== undefined) return;
      this.#hostId = own.newId((raw) => this.#answered(raw));
      const args = [this.#hostId, this.#toplevelHostId];
      own.send(own.decorationManager, zxdg_decoration_manager_v1, "get_toplevel_decoration", args);
    }
    // sway 1.7 dies of the question about a window that has just been taken away.
    if (this.#phase === "withdrawn") this.#late = wanted;
    else this.#tell(wanted);
    this.#configure.setTitleBar(wanted ? "compositor" : "guest");
  }

  /** The window is about to be committed, with content or without. */
  committing(hasContent: boolean): void {
    if (!hasContent) {
      if (this.#phase === "shown") this.#phase = "withdrawn";
      return;
    }
    // Only now is it certain that the window is there again.
    if (this.#phase === "shown" && this.#late !== undefined && this.#hostId !== 0) this.#tell(this.#late);
    this.#phase = "shown";
  }

  #tell(wanted: boolean): void {
    this.#late = undefined;
    const mode = wanted ? SERVER_SIDE : CLIENT_SIDE;
    this.#client.own.send(this.#hostId, zxdg_toplevel_decoration_v1, "set_mode", [mode]);
  }

  /** The window will be gone: to be called ahead of that. */
  destroy(): void {
    if (titleBars.get(this.#surface) === this) titleBars.delete(this.#surface);
    if (this.#hostId !== 0) this.#client.sendToHost(this.#hostId, zxdg_toplevel_decoration_v1, "destroy", []);
    this.#hostId = 0;
  }

  #answered(raw: RawMessage): void {
    const message = zxdg_toplevel_decoration_v1.events[raw.opcode];
    if (message?.name !== "configure" || this.#hostId === 0) return;
    const draws = decode(message, raw)[0] === SERVER_SIDE;
    // One that draws none although it was asked to leaves it to the frame.
    if (draws || this.#configure.titleBar === "compositor") this.#configure.setTitleBar(draws ? "compositor" : "frame");
  }
}

/**
 * The guest wants a title bar drawn for `surface`, which may be a window or become one; or wants none, since it draws its own.
 * Returns whether it is told that one is drawn: it always is where the frame does that, which asks nobody.
 */
export function wishTitleBar(client: DisplayClient, surface: GuestSurface, wanted: boolean): boolean {
  wishes.set(surface, wanted);
  titleBars.get(surface)?.ask(wanted);
  return wanted || client.own.decorationManager === undefined;
}
