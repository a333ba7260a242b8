/**
 * The frame of one window or popup. It is sent ahead of each commit of the guest's surface, so that there is no moment at
 * which a pixel of the guest is on the screen without it; and it tells the compositor that it belongs to the window.
 */
import { xdg_surface } from "../../../wayland/generated/xdg-shell.ts";
import type { RootFrame } from "../surfaces/guest-surface.ts";
import { type Point, type Rect, type Size, sameRect } from "../surfaces/rect.ts";
import type { Colour } from "./colour.ts";
import { type Button, type Insets, insetsOf, type Look, withFrame, type Zone, zoneAt } from "./measures.ts";
import type { FrameHost, FramePart, WindowAct } from "./part.ts";
import { Ring } from "./ring.ts";
import { TitleBarPictures } from "./title-bar.ts";

export interface FramedWindow {
  readonly surfaceHostId: number;
  readonly xdgSurfaceHostId: number;
  readonly colour: Colour;
  /** How the frame shall look with the next commit. */
  look(): Look;
  /** How large what is inside may be with the next commit; 0 or undefined: as it likes. */
  room(): Size | undefined;
  /** What a title bar says. */
  titleBar(): { readonly name: string; readonly title: string; readonly buttons: readonly Button[] };
  /** Called ahead of a commit, with what the window shows after it. */
  committing(visible: Size | undefined, insets: Insets): void;
  /** The frame has changed while the guest shows the same: a commit is wanted. */
  refresh(): void;
  /** The user does something to the window. */
  act(act: WindowAct): void;
}

export class WindowFrame implements RootFrame {
  committed = false;
  configured = false;
  readonly #host: FrameHost;
  readonly #window: FramedWindow;
  #ring: Ring | undefined;
  #titleBar: TitleBarPictures | undefined;
  #visible: Rect | undefined;
  #look: Look;
  #geometry: Rect | undefined;
  #hovered: Button | undefined;

  constructor(host: FrameHost, window: FramedWindow) {
    this.#host = host;
    this.#window = window;
    this.#look = window.look();
  }

  get room(): Size | undefined {
    return this.#window.room();
  }

  /** As of the last commit. */
  get insets(): Insets {
    return insetsOf(this.#look);
  }

  /** Where `geometry`, the guest's window geometry, begins, seen from where the compositor's begins. */
  guestOrigin(geometry: Rect | undefined): Point {
    const { left, top } = this.insets;
    const visible = this.#visible ?? geometry;
    return { x: left + (geometry?.x ?? 0) - (visible?.x ?? 0), y: top + (geometry?.y ?? 0) - (visible?.y ?? 0) };
  }

  beforeCommit(visible: Rect | undefined): void {
    this.committed = true;
    // Without content it is as it was at first.
    if (visible === undefined && this.#visible !== undefined) this.configured = false;
    this.#look = this.#window.look();
    this.#visible = visible;
    this.#window.committing(visible, this.insets);
    if (visible === undefined) {
      // The compositor forgets it with the content.
      this.#geometry = undefined;
      return;
    }
    this.#showParts(visible);
    const { left, top } = this.insets;
    const geometry = { x: -left, y: -top, ...withFrame(visible, this.insets) };
    if (sameRect(geometry, this.#geometry)) return;
    const { x, y, width, height } = geometry;
    this.#host.send(this.#window.xdgSurfaceHostId, xdg_surface, "set_window_geometry", [x, y, width, height]);
    this.#geometry = geometry;
  }

  /** The title or the buttons may have changed. */
  refreshTitleBar(): void {
    if (this.#titleBar !== undefined && this.#visible !== undefined) this.#window.refresh();
  }

  adopt(subsurfaceHostId: number): void {
    this.#ring?.coverSibling(subsurfaceHostId);
  }

  dispose(): void {
    this.#setTitleBar(undefined);
    this.#release(this.#ring?.parts);
    this.#ring?.destroy();
    this.#ring = undefined;
  }

  #showParts(visible: Size): void {
    const { surfaceHostId, colour } = this.#window;
    if (this.#ring === undefined) {
      this.#ring = new Ring(this.#host, surfaceHostId);
      this.#claim(this.#ring.parts);
    }
    this.#ring.show(visible, this.insets, colour);
    if (this.#look !== "title-bar") {
      this.#setTitleBar(undefined);
      return;
    }
    if (this.#titleBar === undefined)
      this.#setTitleBar(new TitleBarPictures(this.#host, surfaceHostId, () => this.refreshTitleBar()));
    this.#titleBar?.show(visible, { ...this.#window.titleBar(), colour, hovered: this.#hovered });
  }

  #setTitleBar(titleBar: TitleBarPictures | undefined): void {
    this.#release(this.#titleBar?.parts);
    this.#titleBar?.destroy();
    this.#titleBar = titleBar;
    this.#claim(titleBar?.parts);
  }

  #claim(parts: readonly FramePart[] = []): void {
    for (const part of parts) {
      this.#host.claimInput(part.surfaceId, {
        zoneAt: (x, y) => this.#zoneAt(part, x, y),
        hover: (zone) => this.#hover(zone),
        act: (act) => this.#window.act(onWindow(act, part)),
      });
    }
  }

  #release(parts: readonly FramePart[] = []): void {
    for (const part of parts) this.#host.claimInput(part.surfaceId, undefined);
  }

  #zoneAt({ rect }: FramePart, x: number, y: number): Zone {
    if (rect === undefined || this.#visible === undefined) return { kind: "nothing" };
    const { buttons } = this.#window.titleBar();
    return zoneAt({ x: rect.x + x, y: rect.y + y }, this.#visible, this.#look, buttons);
  }

  #hover(zone: Zone | undefined): void {
    const hovered = zone?.kind === "button" ? zone.button : undefined;
    if (hovered === this.#hovered) return;
    this.#hovered = hovered;
    this.refreshTitleBar();
  }
}

/** An act with its place counted from the corner of the content. */
function onWindow(act: WindowAct, { rect }: FramePart): WindowAct {
  return act.kind === "menu" && rect !== undefined ? { ...act, x: act.x + rect.x, y: act.y + rect.y } : act;
}
