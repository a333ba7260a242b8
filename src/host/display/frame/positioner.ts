/**
 * Where a popup shall be: the rules of an xdg_positioner, kept until they are used. A guest counts from the corner of its
 * parent's window geometry and gives the size of its popup; the compositor hears of both with their frames.
 */
import type { Point, Size } from "../surfaces/rect.ts";
import { type Insets, withFrame } from "./measures.ts";

/** A request to the compositor's xdg_positioner. */
export type PositionerRequest = readonly [name: string, ...args: number[]];

/** The parent as the guest and the compositor see it. */
export interface PopupParent {
  /** Where the guest's window geometry begins, seen from where the compositor's begins. */
  readonly origin: Point;
  readonly insets: Insets;
}

export class Positioner {
  readonly #requests: Map<string, readonly number[]>;

  constructor(requests: Iterable<readonly [string, readonly number[]]> = []) {
    this.#requests = new Map(requests);
  }

  /** What it says now; a popup does not follow later changes. */
  copy(): Positioner {
    return new Positioner(this.#requests);
  }

  /** Whether there is a size and something to stand by. */
  get isComplete(): boolean {
    return this.#requests.has("set_size") && this.#requests.has("set_anchor_rect");
  }

  /** Where it puts the popup where nothing is in the way, counted from the parent. */
  get place(): Point & Size {
    const [width = 0, height = 0] = this.#requests.get("set_size") ?? [];
    const along = (axis: 0 | 1, size: number) => placed(this.#side(axis), ...this.#anchor(axis), size);
    return { x: along(0, width), y: along(1, height), width, height };
  }

  /** A request of the guest's; the last of its kind counts. */
  set(name: string, args: readonly number[]): void {
    this.#requests.set(name, args);
  }

  /** What the compositor's positioner is to be told, for a popup with the frame `insets` on `parent`. */
  forHost(parent: PopupParent, insets: Insets): PositionerRequest[] {
    return [...this.#requests].map(([name, args]): PositionerRequest => {
      const [first = 0, second = 0, ...rest] = args;
      switch (name) {
        case "set_size":
          return [name, ...framed({ width: first, height: second }, insets)];
        case "set_parent_size":
          return [name, ...framed({ width: first, height: second }, parent.insets)];
        case "set_anchor_rect":
          // Some compositors take an anchor without extent for none at all.
          return [name, first + parent.origin.x, second + parent.origin.y, ...rest.map((side) => Math.max(1, side))];
        default:
          return [name, ...args];
      }
    });
  }

  /**
   * The compositor's xdg_popup.configure for a popup with the frame `insets`, as the guest is told it. Toolkits compare the
   * place with the one that they asked for: when the compositor did as asked, or put the popup on the other side, the
   * guest hears of just the place that it would hear of without a frame. Its popup is then off by the frame's width.
   */
  forGuest(place: Point & Size, parent: PopupParent, insets: Insets): readonly [number, number, number, number] {
    const width = Math.max(1, place.width - insets.left - insets.right);
    const height = Math.max(1, place.height - insets.top - insets.bottom);
    const x = this.#along(0, place.x, place.width, width, parent.origin.x) ?? place.x + insets.left - parent.origin.x;
    const y = this.#along(1, place.y, place.height, height, parent.origin.y) ?? place.y + insets.top - parent.origin.y;
    return [x, y, width, height];
  }

  /** The guest's place along an axis; undefined when the compositor's is none of those that were asked for. */
  #along(axis: 0 | 1, place: number, hostSize: number, guestSize: number, origin: number): number | undefined {
    const [start, length] = this.#anchor(axis);
    const asked = this.#side(axis);
    const flipped = { anchor: -asked.anchor, gravity: -asked.gravity, offset: asked.offset };
    // Compositors differ in whether the offset is turned as well.
    const side = [asked, flipped, { ...flipped, offset: -flipped.offset }].find(
      (candidate) => placed(candidate, start + origin, length, hostSize) === place,
    );
    return side && placed(side, start, length, guestSize);
  }

  /** The anchor rectangle along an axis. */
  #anchor(axis: 0 | 1): [start: number, length: number] {
    const rect = this.#requests.get("set_anchor_rect") ?? [];
    return [rect[axis] ?? 0, rect[axis + 2] ?? 0];
  }

  #side(axis: 0 | 1): Side {
    const direction = (name: string) => DIRECTIONS[this.#requests.get(name)?.[0] ?? 0]?.[axis] ?? 0;
    const offset = this.#requests.get("set_offset")?.[axis] ?? 0;
    return { anchor: direction("set_anchor"), gravity: direction("set_gravity"), offset };
  }
}

/** A size that is none stays, for the compositor to refuse. */
function framed(size: Size, insets: Insets): [number, number] {
  const known = size.width > 0 && size.height > 0;
  const { width, height } = known ? withFrame(size, insets) : size;
  return [width, height];
}

/** Where along an axis a popup begins: from what point of the anchor rectangle, and on which side of that. */
interface Side {
  /** -1: the beginning of the anchor rectangle, 0: its middle, 1: its end. */
  readonly anchor: number;
  /** -1: the popup ends there, 0: it has its middle there, 1: it begins there. */
  readonly gravity: number;
  readonly offset: number;
}

function placed({ anchor, gravity, offset }: Side, start: number, length: number, size: number): number {
  const point = start + (anchor < 0 ? 0 : anchor > 0 ? length : Math.floor(length / 2)) + offset;
  return gravity < 0 ? point - size : gravity > 0 ? point : point - Math.floor(size / 2);
}

/** xdg_positioner.anchor and .gravity, as a direction along each axis. */
const DIRECTIONS: readonly (readonly [x: number, y: number])[] = [
  [0, 0],
  [0, -1],
  [0, 1],
  [-1, 0],
  [1, 0],
  [-1, -1],
  [-1, 1],
  [1, -1],
  [1, 1],
];
