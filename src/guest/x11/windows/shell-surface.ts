/**
 * What windows and menus have in common: the display says how large it wants the surface, the X program draws when it comes
 * to it, and the answer to the display goes with the content that has that size. One that does not come is not waited for.
 */
import type { Value } from "../../../wayland/types.ts";
import type { OwnObject } from "../wayland/objects.ts";
import type { BridgeSurface } from "../wayland/surface.ts";
import { type Insets, type Size, sameSize } from "../wayland/types.ts";
import type { Shell } from "./shell.ts";

/** How long content of the wanted size is waited for. */
export const RESIZE_DEADLINE_MS = 400;

export interface ShellSurfaceOptions {
  readonly shell: Shell;
  readonly surface: BridgeSurface;
  /** The display has a wish: returns the size that content will have, undefined: whatever comes. */
  configured(): Size | undefined;
  /** The first content is on its way to the display. */
  shown(): void;
}

export class ShellSurface {
  readonly object: OwnObject;
  readonly surface: BridgeSurface;
  readonly #options: ShellSurfaceOptions;
  #serial: number | undefined;
  #wanted: Size | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #isOverdue = false;
  #shadow: Insets | undefined;
  #geometry = "";

  constructor(options: ShellSurfaceOptions) {
    const { shell, surface } = options;
    this.#options = options;
    this.surface = surface;
    this.object = shell.surface(surface.id);
    this.object.onEvent = (name, args) => name === "configure" && this.#configure(args);
    surface.onHeld = () => this.#settle();
    surface.beforeCommit = () => this.#beforeCommit();
  }

  /** Asks for the first wish of the display, once the role is there. */
  begin(): void {
    this.#options.shell.proxy.surfaceRequest(this.surface.id, "commit");
  }

  /** How much of the surface is shadow; takes effect with its next commit. */
  setShadow(shadow: Insets | undefined): void {
    this.#shadow = shadow;
  }

  /** The role object is gone; nothing of this surface is shown any more. */
  end(): void {
    clearTimeout(this.#deadline);
    this.surface.end();
    this.#options.shell.proxy.request(this.object, "destroy");
    this.object.onEvent = () => {};
  }

  #configure([serial = 0]: readonly Value[]): void {
    this.#serial = serial as number;
    this.#wanted = this.#options.configured();
    this.#isOverdue = false;
    clearTimeout(this.#deadline);
    this.#settle();
    if (this.#serial === undefined) return;
    const { proxy } = this.#options.shell;
    this.#deadline = setTimeout(() => {
      this.#isOverdue = true;
      proxy.attempt(() => this.#settle());
    }, RESIZE_DEADLINE_MS);
  }

  get #fits(): boolean {
    return this.#isOverdue || this.#wanted === undefined || sameSize(this.#wanted, this.surface.contentSize);
  }

  /** Does now what no commit of Xwayland's would do: shows the first content, or answers when nothing is to be drawn. */
  #settle(): void {
    const { surface } = this;
    const { proxy } = this.#options.shell;
    if (this.#serial === undefined || !this.#fits) return;
    if (surface.state === "held") {
      if (!surface.hasHeldContent) return;
      proxy.surfaces.open(surface);
      this.#beforeCommit();
      proxy.surfaceRequest(surface.id, "commit");
      surface.isBetweenCommits = false;
      this.#options.shown();
    } else if (surface.state === "open" && !surface.isBetweenCommits) {
      this.#beforeCommit();
      proxy.surfaceRequest(surface.id, "commit");
    }
  }

  #beforeCommit(): void {
    const { proxy } = this.#options.shell;
    this.#setGeometry();
    if (this.#serial === undefined || !this.#fits) return;
    clearTimeout(this.#deadline);
    proxy.request(this.object, "ack_configure", [this.#serial]);
    this.#serial = undefined;
  }

  /** Without shadow the whole surface counts, unless something else has been said once. */
  #setGeometry(): void {
    const { contentSize } = this.surface;
    if (contentSize === undefined || (this.#shadow === undefined && this.#geometry === "")) return;
    const { left, right, top, bottom } = this.#shadow ?? { left: 0, right: 0, top: 0, bottom: 0 };
    const width = Math.max(1, contentSize.width - left - right);
    const height = Math.max(1, contentSize.height - top - bottom);
    const geometry = [left, top, width, height];
    if (geometry.join() === this.#geometry) return;
    this.#geometry = geometry.join();
    this.#options.shell.proxy.request(this.object, "set_window_geometry", geometry);
  }
}
