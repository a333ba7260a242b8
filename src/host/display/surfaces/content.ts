/**
 * How large a surface is, and which part of its buffer shows when only a part of it may be seen. Computed from what the
 * host half knows (wl_surface, wp_viewporter), never from what a guest says of itself:
 *
 *   buffer (pixels) --transform--> --scale--> buffer in surface units --source--> part of it --destination--> surface
 */
import { type Rect, type Size, sameSize } from "./rect.ts";

/** What decides the size of a surface with content. */
export interface Content {
  /** In pixels. */
  readonly buffer: Size;
  /** wl_surface.set_buffer_scale, at least 1. */
  readonly scale: number;
  /** wl_output.transform. */
  readonly transform: number;
  /** wp_viewport.set_source, in surface units with a step of 1/256. */
  readonly source: Rect | undefined;
  /** wp_viewport.set_destination. */
  readonly destination: Size | undefined;
}

/** State of a wp_viewport; undefined is unset. */
export interface Viewport {
  readonly source: Rect | undefined;
  readonly destination: Size | undefined;
}

/** What a surface shows: all of its buffer or, in pixels, a part of it; and through which viewport. */
export interface Picture extends Viewport {
  readonly cut: Rect | undefined;
}

/** What is wrong with a viewport at the commit that applies it; the names are wp_viewport's errors. */
export type ViewportFault = "bad_size" | "out_of_buffer";

/** Steps of wp_viewport.set_source in a unit: its numbers are fixed-point. */
const STEPS = 256;

/** The surface's size, or what the compositor would refuse. */
export function surfaceSize(content: Content): Size | ViewportFault {
  const { source, destination } = content;
  const whole = bufferUnits(content);
  if (source !== undefined) {
    if (destination === undefined && !(Number.isInteger(source.width) && Number.isInteger(source.height)))
      return "bad_size";
    if (source.x + source.width > whole.width || source.y + source.height > whole.height) return "out_of_buffer";
  }
  return destination ?? source ?? whole;
}

/**
 * How the part `crop` of a surface of the size `size`, which must be what {@link surfaceSize} says, is shown. All of it, unscaled,
 * needs nothing special. `canCut`: the buffer can be had in part; where that is exact it is preferred to a viewport, since
 * nothing is scaled then, and some software renderers get the source rectangle of viewports wrong.
 */
export function picture(content: Content, size: Size, crop: Rect, canCut: boolean): Picture {
  const { buffer, scale, transform, source, destination } = content;
  const isPlain = source === undefined && destination === undefined && isDivisible(content);
  if (crop.x === 0 && crop.y === 0 && sameSize(crop, size)) {
    // A buffer that is no multiple of its scale: compositors differ in how they round, so they are told.
    return { cut: undefined, source, destination: destination ?? (isPlain || source !== undefined ? undefined : size) };
  }
  const shown = { width: crop.width, height: crop.height };
  if (buffer.width === 1 && buffer.height === 1) return { cut: undefined, source: undefined, destination: shown };
  const from = source ?? { x: 0, y: 0, ...bufferUnits(content) };
  // GTK sets viewports that scale nothing.
  const isUnscaled = sameSize(from, size) && Number.isInteger(from.x) && Number.isInteger(from.y);
  if (canCut && isUnscaled && isDivisible(content) && transform === 0) {
    const place = [from.x + crop.x, from.y + crop.y, crop.width, crop.height];
    const [x, y, width, height] = place.map((value) => value * scale) as Four;
    return { cut: { x, y, width, height }, source: undefined, destination: undefined };
  }
  const across = part(from.x, from.width, crop.x, crop.width, size.width);
  const down = part(from.y, from.height, crop.y, crop.height, size.height);
  const taken = { x: across.start, y: down.start, width: across.length, height: down.length };
  return { cut: undefined, source: taken, destination: shown };
}

type Four = [number, number, number, number];

/** The size of the buffer in units of the surface, before any viewport; at least one. */
function bufferUnits({ buffer, scale, transform }: Content): Size {
  const turned = transform % 2 === 1;
  const [width, height] = turned ? [buffer.height, buffer.width] : [buffer.width, buffer.height];
  return { width: Math.max(1, Math.floor(width / scale)), height: Math.max(1, Math.floor(height / scale)) };
}

function isDivisible({ buffer, scale }: Content): boolean {
  return buffer.width % scale === 0 && buffer.height % scale === 0;
}

/** The part of a stretch of source that stands for `length` of `total` units from `start` on, rounded to steps inwards. */
function part(from: number, extent: number, start: number, length: number, total: number) {
  const each = extent / total;
  const first = Math.min(Math.floor((from + start * each) * STEPS), Math.ceil((from + extent) * STEPS) - 1);
  const last = Math.min(Math.floor((from + (start + length) * each) * STEPS), Math.floor((from + extent) * STEPS));
  return { start: first / STEPS, length: Math.max(1, last - first) / STEPS };
}
