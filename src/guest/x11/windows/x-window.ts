/** A window below the root: what X says of it, and what stands for it on the display. */
import type { BridgeSurface } from "../wayland/surface.ts";
import type { Rectangle } from "../wayland/types.ts";
import type { Popup } from "./popup.ts";
import type { PropertyRecord, WindowProperties } from "./properties.ts";
import type { Toplevel } from "./toplevel.ts";

export class XWindow {
  readonly id: number;
  readonly record: PropertyRecord;
  place: Rectangle;
  /** Menus and the like: the window manager has no say in their place. */
  isOverrideRedirect: boolean;
  isMapped = false;
  /** All properties have been read since it was mapped last. */
  isRead = false;
  surface: BridgeSurface | undefined;
  role: Toplevel | Popup | undefined;
  /** The display has given it its size: it is maximised or fills the screen. */
  isBound = false;
  /** Where it was before. */
  freePlace: Rectangle | undefined;
  /** The size that the display has asked for last; a repetition is no order. */
  askedSize = "";

  constructor(id: number, record: PropertyRecord, place: Rectangle, isOverrideRedirect: boolean) {
    this.id = id;
    this.record = record;
    this.place = place;
    this.isOverrideRedirect = isOverrideRedirect;
  }

  get properties(): WindowProperties {
    return this.record.current;
  }

  get toplevel(): Toplevel | undefined {
    return this.role?.kind === "toplevel" ? this.role : undefined;
  }

  get popup(): Popup | undefined {
    return this.role?.kind === "popup" ? this.role : undefined;
  }

  /** Its place without shadow. */
  get visiblePlace(): Rectangle {
    const { x, y, width, height } = this.place;
    const { left, right, top, bottom } = this.properties.shadow ?? { left: 0, right: 0, top: 0, bottom: 0 };
    return { x: x + left, y: y + top, width: width - left - right, height: height - top - bottom };
  }
}
