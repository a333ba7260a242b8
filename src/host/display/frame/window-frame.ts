/**
 * The frame of one window or popup. It is sent ahead of each commit of the guest's surface, so that there is no moment at
 * which a pixel of the guest is on the screen without it; and it tells the compositor that it belongs to the window.
 */
import { xdg_surface } from "../../../wayland/generated/xdg-shell.ts";
import type { RootFrame } from "../surfaces/guest-surface.ts";
import { type Point, type Rect, type Size, sameRect } from "../surfaces/rect.ts";
import type { Colour } from "./colour.ts";
import { type Insets, insetsOf, type Look, withFrame } from "./measures.ts";
import type { FrameHost } from "./part.ts";
import { Ring } from "./ring.ts";

export interface FramedWindow {
  readonly surfaceHostId: number;
  readonly xdgSurfaceHostId: number;
  readonly colour: Colour;
  /** How the frame shall look with the next commit. */
  look(): Look;
  /** Called ahead of a commit, with what the window shows after it. */
  committing(visible: Size | undefined, insets: Insets): void;
}

export class WindowFrame implements RootFrame {
  readonly #host: FrameHost;
  readonly #window: FramedWindow;
  #ring: Ring | undefined;
  #visible: Rect | undefined;
  #insets: Insets;
  #geometry: Rect | undefined;

  constructor(host: FrameHost, window: FramedWindow) {
    this.#host = host;
    this.#window = window;
    this.#insets = insetsOf(window.look());
  }

  /** As of the last commit. */
  get insets(): Insets {
    return this.#insets;
  }

  /** Whether the window shows something. */
  get isShown(): boolean {
    return this.#visible !== undefined;
  }

  /** Where `geometry`, the guest's window geometry, begins, seen from where the compositor's begins. */
  guestOrigin(geometry: Rect | undefined): Point {
    const { left, top } = this.#insets;
    const visible = this.#visible ?? geometry;
    return { x: left + (geometry?.x ?? 0) - (visible?.x ?? 0), y: top + (geometry?.y ?? 0) - (visible?.y ?? 0) };
  }

  beforeCommit(visible: Rect | undefined): void {
    const { surfaceHostId, xdgSurfaceHostId, colour } = this.#window;
    this.#insets = insetsOf(this.#window.look());
    this.#visible = visible;
    this.#window.committing(visible, this.#insets);
    if (visible === undefined) {
      // The compositor forgets it with the content.
      this.#geometry = undefined;
      return;
    }
    this.#ring ??= new Ring(this.#host, surfaceHostId);
    this.#ring.show(visible, this.#insets, colour);
    const { left, top } = this.#insets;
    const geometry = { x: -left, y: -top, ...withFrame(visible, this.#insets) };
    if (sameRect(geometry, this.#geometry)) return;
    const { x, y, width, height } = geometry;
    this.#host.send(xdgSurfaceHostId, xdg_surface, "set_window_geometry", [x, y, width, height]);
    this.#geometry = geometry;
  }

  adopt(subsurfaceHostId: number): void {
    this.#ring?.coverSibling(subsurfaceHostId);
  }

  dispose(): void {
    this.#ring?.destroy();
    this.#ring = undefined;
  }
}
