/** One rectangle of a frame on the compositor's connection: a subsurface of ours, on the guest's surface. */
import { decode } from "../../../wayland/decode.ts";
import { numberToFixed } from "../../../wayland/fixed.ts";
import { wp_viewport, wp_viewporter } from "../../../wayland/generated/viewporter.ts";
import { wl_compositor, wl_subcompositor, wl_subsurface, wl_surface } from "../../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../../wayland/message-reader.ts";
import { type Rect, type Size, sameRect } from "../surfaces/rect.ts";
import type { HostSide } from "../surfaces/show.ts";
import type { Colour } from "./colour.ts";
import type { Button, Zone } from "./measures.ts";

const INT_MAX = 0x7fff_ffff;

/** A picture of ours on the compositor's connection; sizes in surface units. */
export interface Sheet extends Size {
  readonly bufferId: number;
  /** Pixels in a unit. */
  readonly scale: number;
  /**
   * What is not shown along each edge. Where a screen has a scale, renderers mix each pixel with its neighbours: those at
   * the edge of the buffer would be mixed with nothing.
   */
  readonly margin: number;
}

/** The connection to the compositor, as far as frames need it. */
export interface FrameHost extends HostSide {
  /** The id of a new object of ours, to be used in the very next message that is sent. */
  newId(onEvent?: (raw: RawMessage) => void): number;
  /** A picture in one colour from which a rectangle of that size can be taken. */
  sheet(colour: Colour, size: Size): Sheet;
  /** A wl_buffer with these pixels, four bytes each; the caller sends its destroy request. */
  image(size: Size, pixels: Uint8Array, format: number): number;
  /** Pixels in a unit on a screen, by the id of our wl_output. */
  scaleOf(output: number): number;
  /** Input on the surface goes to `area` from now on; to nobody when that is undefined. */
  claimInput(surfaceId: number, area: InputArea | undefined): void;
}

/** Something of ours on the screen that the user can take hold of. Places are counted from the corner of that surface. */
export interface InputArea {
  /** What is there. */
  zoneAt(x: number, y: number): Zone;
  /** The pointer is on that part now, or on none any more. */
  hover(zone: Zone | undefined): void;
  /** Does what the user wants, if it is something that this window does. */
  act(act: WindowAct): void;
}

/** What a user does to a window by its frame. `seat` is our wl_seat, `serial` that of the press. */
export type WindowAct =
  | { readonly kind: "press" }
  | { readonly kind: "move"; readonly seat: number; readonly serial: number }
  | { readonly kind: "resize"; readonly seat: number; readonly serial: number; readonly edge: number }
  | { readonly kind: "menu"; readonly seat: number; readonly serial: number; readonly x: number; readonly y: number }
  | { readonly kind: "button"; readonly button: Button };

export class FramePart {
  readonly surfaceId: number;
  readonly #host: FrameHost;
  readonly #subsurfaceId: number;
  readonly #viewportId: number;
  readonly #outputs = new Set<number>();
  #rect: Rect | undefined;
  #bufferId = 0;
  #scale = 1;

  /**
   * A subsurface of `parentId`, in front of those it has. It changes with its parent's commits only. `onScale` is called
   * when the screens that it is on want another scale: no sooner, since the commit that it takes comes in between an app's own.
   */
  constructor(host: FrameHost, parentId: number, onScale: () => void = () => {}) {
    this.#host = host;
    this.surfaceId = host.newId((raw) => {
      const { scale } = this;
      this.#follow(raw);
      if (this.scale !== scale) onScale();
    });
    host.send(host.compositor, wl_compositor, "create_surface", [this.surfaceId]);
    this.#subsurfaceId = host.newId();
    host.send(host.subcompositor, wl_subcompositor, "get_subsurface", [this.#subsurfaceId, this.surfaceId, parentId]);
    this.#viewportId = host.newId();
    host.send(host.viewporter, wp_viewporter, "get_viewport", [this.#viewportId, this.surfaceId]);
  }

  /** Where it is in the parent; undefined when it is not shown. */
  get rect(): Rect | undefined {
    return this.#rect;
  }

  /** Pixels in a unit on the finest screen that it is on; 1 on none. */
  get scale(): number {
    return Math.max(1, ...[...this.#outputs].map((output) => this.#host.scaleOf(output)));
  }

  /**
   * Shows as much of `sheet` as `rect` of the parent takes, from the parent's next commit on; stretched if need be. Where
   * there is no room for all of it, its beginning or its end is kept.
   */
  show(rect: Rect, sheet: Sheet, keep: "beginning" | "end" = "beginning"): void {
    const { bufferId } = sheet;
    if (sameRect(rect, this.#rect) && bufferId === this.#bufferId) return;
    const { x, y, width, height } = rect;
    const { margin, scale } = sheet;
    const left = keep === "end" ? Math.max(margin, sheet.width - margin - width) : margin;
    const source = [
      left,
      margin,
      Math.min(width, sheet.width - 2 * margin),
      Math.min(height, sheet.height - 2 * margin),
    ];
    this.#host.send(this.#subsurfaceId, wl_subsurface, "set_position", [x, y]);
    if (scale !== this.#scale) this.#host.send(this.surfaceId, wl_surface, "set_buffer_scale", [scale]);
    this.#scale = scale;
    this.#host.send(this.#viewportId, wp_viewport, "set_source", source.map(numberToFixed));
    this.#host.send(this.#viewportId, wp_viewport, "set_destination", [width, height]);
    if (bufferId !== this.#bufferId) this.#host.send(this.surfaceId, wl_surface, "attach", [bufferId, 0, 0]);
    this.#host.send(this.surfaceId, wl_surface, "damage", [0, 0, INT_MAX, INT_MAX]);
    this.#host.send(this.surfaceId, wl_surface, "commit", []);
    this.#rect = rect;
    this.#bufferId = bufferId;
  }

  /** Shows nothing, from the parent's next commit on. */
  hide(): void {
    if (this.#rect === undefined) return;
    this.#host.send(this.surfaceId, wl_surface, "attach", [0, 0, 0]);
    this.#host.send(this.surfaceId, wl_surface, "commit", []);
    this.#rect = undefined;
    this.#bufferId = 0;
  }

  destroy(): void {
    this.#host.send(this.#viewportId, wp_viewport, "destroy", []);
    this.#host.send(this.#subsurfaceId, wl_subsurface, "destroy", []);
    this.#host.send(this.surfaceId, wl_surface, "destroy", []);
  }

  /** On which screens it is. */
  #follow(raw: RawMessage): void {
    const message = wl_surface.events[raw.opcode];
    if (message?.name !== "enter" && message?.name !== "leave") return;
    const [output] = decode(message, raw) as [number];
    if (message.name === "enter") this.#outputs.add(output);
    else this.#outputs.delete(output);
  }
}
