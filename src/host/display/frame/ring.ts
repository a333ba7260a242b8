/** The four strips around a window or popup, in the sandbox's colour. */
import { wl_subsurface } from "../../../wayland/generated/wayland.ts";
import type { Size } from "../surfaces/rect.ts";
import type { Colour } from "./colour.ts";
import { type Insets, stripsAround } from "./measures.ts";
import { type FrameHost, FramePart } from "./part.ts";

export class Ring {
  readonly parts: readonly FramePart[];
  readonly #host: FrameHost;

  /** Strips on the surface `rootId`, in front of all its children. */
  constructor(host: FrameHost, rootId: number) {
    this.#host = host;
    this.parts = Array.from({ length: 4 }, () => new FramePart(host, rootId));
  }

  /** Shows the strips around a content of that size, from the root's next commit on. */
  show(size: Size, insets: Insets, colour: Colour): void {
    for (const [index, strip] of stripsAround(size, insets).entries())
      this.parts[index]?.show(strip, this.#host.sheet(colour, strip));
  }

  /** Puts another subsurface of the root, which is in front, behind the strips. */
  coverSibling(subsurfaceHostId: number): void {
    const lowest = this.parts[0];
    if (lowest !== undefined) this.#host.send(subsurfaceHostId, wl_subsurface, "place_below", [lowest.surfaceId]);
  }

  destroy(): void {
    for (const part of this.parts) part.destroy();
  }
}
