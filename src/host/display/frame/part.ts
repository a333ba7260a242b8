/** One rectangle of a frame on the compositor's connection: a subsurface of ours, on the guest's surface. */
import { numberToFixed } from "../../../wayland/fixed.ts";
import { wp_viewport, wp_viewporter } from "../../../wayland/generated/viewporter.ts";
import { wl_compositor, wl_subcompositor, wl_subsurface, wl_surface } from "../../../wayland/generated/wayland.ts";
import { type Rect, type Size, sameRect } from "../surfaces/rect.ts";
import type { HostSide } from "../surfaces/show.ts";
import type { Colour } from "./colour.ts";

const INT_MAX = 0x7fff_ffff;

/** A buffer in one colour on the compositor's connection. */
export interface Sheet extends Size {
  readonly bufferId: number;
}

/**
 * Pixels of a sheet along its edges that are not shown. Where a screen has a scale, renderers mix each pixel with its
 * neighbours: those at the edge of the buffer would be mixed with nothing.
 */
export const SHEET_MARGIN = 2;

/** The connection to the compositor, as far as frames need it. */
export interface FrameHost extends HostSide {
  /** A buffer in one colour from which a rectangle of that size can be taken. */
  sheet(colour: Colour, size: Size): Sheet;
  /** A buffer with these pixels, four bytes each; the caller sends its destroy request. */
  image(size: Size, pixels: Uint8Array, format: number): number;
}

export class FramePart {
  readonly surfaceId: number;
  readonly #host: FrameHost;
  readonly #subsurfaceId: number;
  readonly #viewportId: number;
  #rect: Rect | undefined;
  #bufferId = 0;

  /** A subsurface of `parentId`, in front of those it has. It changes with its parent's commits only. */
  constructor(host: FrameHost, parentId: number) {
    this.#host = host;
    this.surfaceId = host.newId();
    host.send(host.compositor, wl_compositor, "create_surface", [this.surfaceId]);
    this.#subsurfaceId = host.newId();
    host.send(host.subcompositor, wl_subcompositor, "get_subsurface", [this.#subsurfaceId, this.surfaceId, parentId]);
    this.#viewportId = host.newId();
    host.send(host.viewporter, wp_viewporter, "get_viewport", [this.#viewportId, this.surfaceId]);
  }

  /** Shows as much of `sheet` as `rect` of the parent takes, from the parent's next commit on; stretched if need be. */
  show(rect: Rect, sheet: Sheet): void {
    const { bufferId } = sheet;
    if (sameRect(rect, this.#rect) && bufferId === this.#bufferId) return;
    const { x, y, width, height } = rect;
    const taken = [sheet.width, sheet.height].map((side) => side - 2 * SHEET_MARGIN) as [number, number];
    const source = [SHEET_MARGIN, SHEET_MARGIN, Math.min(width, taken[0]), Math.min(height, taken[1])];
    this.#host.send(this.#subsurfaceId, wl_subsurface, "set_position", [x, y]);
    this.#host.send(this.#viewportId, wp_viewport, "set_source", source.map(numberToFixed));
    this.#host.send(this.#viewportId, wp_viewport, "set_destination", [width, height]);
    if (bufferId !== this.#bufferId) this.#host.send(this.surfaceId, wl_surface, "attach", [bufferId, 0, 0]);
    this.#host.send(this.surfaceId, wl_surface, "damage", [0, 0, INT_MAX, INT_MAX]);
    this.#host.send(this.surfaceId, wl_surface, "commit", []);
    this.#rect = rect;
    this.#bufferId = bufferId;
  }

  destroy(): void {
    this.#host.send(this.#viewportId, wp_viewport, "destroy", []);
    this.#host.send(this.#subsurfaceId, wl_subsurface, "destroy", []);
    this.#host.send(this.surfaceId, wl_surface, "destroy", []);
  }
}
