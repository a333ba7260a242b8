/**
 * Tells the compositor what has changed of a tree of surfaces: children first, the root last, so that its one commit
 * brings all of it to the screen. No surface is shown beyond the visible part of its root:
 *
 * - The visible part of a window or popup is its window geometry as far as that lies on its root surface, and no more than
 *   the compositor has given it room for: it would hide the frame.
 * - What lies beyond is cut off: the compositor gets a part of the buffer, or a viewport of ours (content.ts). The surface's
 *   origin on the compositor's connection is then the origin of the part that is left: see {@link GuestSurface.host}.
 * - A subsurface of which nothing is left keeps its buffer, as a guest expects; one unit of it stays, under the frame.
 */
import { numberToFixed } from "../../../wayland/fixed.ts";
import { wp_viewport, wp_viewporter } from "../../../wayland/generated/viewporter.ts";
import { wl_compositor, wl_region, wl_subsurface, wl_surface } from "../../../wayland/generated/wayland.ts";
import type { InterfaceTable, Value } from "../../../wayland/types.ts";
import { MAX_CURSOR_SIDE, MAX_DRAG_ICON_SIDE } from "../limits.ts";
import { type Region, SurfaceChange } from "./change.ts";
import { type Picture, picture, type Viewport } from "./content.ts";
import type { GuestSurface } from "./guest-surface.ts";
import { atOrigin, intersect, type Point, type Rect, type Size, sameRect, sameSize } from "./rect.ts";

/** The connection to the compositor, as far as surfaces need it. */
export interface HostSide {
  /** Globals that we have bound for ourselves. */
  readonly compositor: number;
  readonly subcompositor: number;
  readonly viewporter: number;
  /** The id of a new object of ours, whose events do not matter. */
  newId(): number;
  send(hostId: number, table: InterfaceTable, name: string, args: readonly Value[]): void;
}

const INT_MAX = 0x7fff_ffff;
/** Farther from its origin than any surface or buffer goes, in units or pixels. */
const MAX_REACH = 1 << 20;
/** From this version on, wl_surface.attach moves nothing. */
export const OFFSET_SINCE = 5;
/** What unsets a rectangle or size of a wp_viewport. */
const UNSET: Rect = { x: -1, y: -1, width: -1, height: -1 };
/** Where what must not be seen is put: inside, at the edge that the frame covers; without a frame, in the corner. */
const UNDER_FRAME: Point = { x: -1, y: -1 };
const CORNER: Point = { x: 0, y: 0 };
const ONE_UNIT: Rect = { x: 0, y: 0, width: 1, height: 1 };

/** Shows what is in force in the tree of `root`. `committed`: by a commit of the root itself, which is passed on in any case. */
export function showTree(root: GuestSurface, host: HostSide, committed: boolean): void {
  if (root.size === undefined) {
    if (!committed) return;
    root.frame?.beforeCommit(undefined);
    commit(root, undefined, host);
    return;
  }
  const visible = visiblePart(root, root.size);
  const spot = root.frame === undefined ? CORNER : UNDER_FRAME;
  const changed = showChildren(root, { crop: visible, origin: CORNER }, spot, host);
  // A new role may allow less to be seen.
  const mustCommit = committed || changed || !sameRect(visible, root.host.crop);
  if (!mustCommit) return;
  root.frame?.beforeCommit(visible);
  commit(root, visible, host);
}

/** Tells a compositor that has just been told of the children of `surface`, one after the other, in which order they are. */
export function tellOrder(surface: GuestSurface, host: HostSide): void {
  const { stack } = surface;
  const asTold = [surface, ...surface.children];
  if (stack.every((one, index) => one === asTold[index])) return;
  const own = stack.indexOf(surface);
  const place = (child: GuestSurface | undefined, name: string, sibling: GuestSurface | undefined) => {
    if (child !== undefined && sibling !== undefined && child.subsurfaceHostId !== 0)
      host.send(child.subsurfaceHostId, wl_subsurface, name, [sibling.hostId]);
  };
  for (let at = own + 1; at < stack.length; at += 1) place(stack[at], "place_above", stack[at - 1]);
  for (let at = own - 1; at >= 0; at -= 1) place(stack[at], "place_below", stack[at + 1]);
}

/** The part of a root surface that may be seen. */
export function visiblePart(root: GuestSurface, size: Size): Rect {
  const all = atOrigin(size);
  switch (root.role) {
    case "window":
      return within(root.frame?.room, (root.geometry && intersect(root.geometry, all)) ?? all);
    case "cursor":
      return cappedTo(all, MAX_CURSOR_SIDE);
    case "drag-icon":
      return cappedTo(all, MAX_DRAG_ICON_SIDE);
    case "none":
    case "subsurface":
      return all;
    default:
      return root.role satisfies never;
  }
}

/** As much of a rectangle as there is room for; 0 is no bound. */
function within(room: Size | undefined, { x, y, width, height }: Rect): Rect {
  return { x, y, width: Math.min(width, room?.width || width), height: Math.min(height, room?.height || height) };
}

function cappedTo({ width, height }: Size, side: number): Rect {
  return { x: 0, y: 0, width: Math.min(width, side), height: Math.min(height, side) };
}

/** A surface as the compositor has it. */
interface Shown {
  /** The part of the surface that is there; undefined: only the unit that is out of sight. */
  readonly crop: Rect | undefined;
  /** Where its origin is, seen from the root's. */
  readonly origin: Point;
}

/** True when the parent must be committed. */
function showChildren(parent: GuestSurface, shown: Shown, spot: Point, host: HostSide): boolean {
  let changed = false;
  for (const child of parent.children) {
    if (child.size === undefined) {
      if (child.hasUnsent) {
        commit(child, undefined, host);
        changed = true;
      }
      continue;
    }
    const place = placeOf(child, child.size, shown, spot);
    const position = { x: place.origin.x - shown.origin.x, y: place.origin.y - shown.origin.y };
    if (position.x !== child.host.position.x || position.y !== child.host.position.y) {
      host.send(child.subsurfaceHostId, wl_subsurface, "set_position", [position.x, position.y]);
      child.host.position = position;
      changed = true;
    }
    const below = showChildren(child, place, spot, host);
    const crop = place.crop ?? ONE_UNIT;
    if (below || child.hasUnsent || !sameRect(crop, child.host.crop)) {
      commit(child, crop, host);
      changed = true;
    }
  }
  return changed;
}

function placeOf(child: GuestSurface, size: Size, parent: Shown, spot: Point): Shown {
  const { x, y } = child.position;
  const inside = child.added && parent.crop && { ...parent.crop, x: parent.crop.x - x, y: parent.crop.y - y };
  const crop = inside ? intersect(inside, atOrigin(size)) : undefined;
  if (parent.crop === undefined || crop === undefined) return { crop: undefined, origin: spot };
  const origin = {
    x: parent.origin.x + x + crop.x - parent.crop.x,
    y: parent.origin.y + y + crop.y - parent.crop.y,
  };
  return { crop, origin };
}

/** Sends what has not been sent of a surface that shows `crop` of itself, or nothing; then the commit. */
function commit(surface: GuestSurface, crop: Rect | undefined, host: HostSide): void {
  const { unsent } = surface;
  surface.unsent = new SurfaceChange();
  surface.hasUnsent = false;
  const send = (name: string, ...args: Value[]) => host.send(surface.hostId, wl_surface, name, args);
  if (unsent.scale !== undefined) send("set_buffer_scale", unsent.scale);
  if (unsent.transform !== undefined) send("set_buffer_transform", unsent.transform);
  if (crop === undefined) {
    if (unsent.content !== undefined) send("attach", 0, 0, 0);
    // Regions are counted from the origin of what is shown, which is not known without content.
    surface.unsent.opaque = unsent.opaque;
    surface.unsent.input = unsent.input;
    surface.host.crop = undefined;
  } else sendVisible(surface, unsent, crop, host, send);
  unsent.content?.buffer?.drop();
  send("commit");
}

type Send = (name: string, ...args: Value[]) => void;

function sendVisible(surface: GuestSurface, unsent: SurfaceChange, crop: Rect, host: HostSide, send: Send): void {
  const { host: known, size = crop } = surface;
  const wanted = pictureOf(surface, size, crop);
  const isAttached =
    unsent.content === undefined && sameRect(wanted.cut, known.cut) ? true : attach(surface, unsent, wanted.cut, send);
  // Pixels that cannot be had again are stretched until others come: the size is right in any case.
  const viewport = isAttached ? wanted : { source: undefined, destination: crop };
  const viewportChanged = sendViewport(surface, viewport, host);
  const sameOrigin = known.crop?.x === crop.x && known.crop.y === crop.y;
  if (unsent.opaque !== undefined || (!sameOrigin && surface.opaque !== undefined))
    sendRegion("set_opaque_region", surface.opaque, crop, host, send);
  if (unsent.input !== undefined || (!sameOrigin && surface.input !== undefined))
    sendRegion("set_input_region", surface.input, crop, host, send);
  if (unsent.damage === "all" || viewportChanged || !sameRect(crop, known.crop) || !sameSize(size, known.size)) {
    send("damage", 0, 0, INT_MAX, INT_MAX);
  } else {
    const { x: cutX, y: cutY } = known.cut ?? CORNER;
    for (const { unit, x, y, width, height } of unsent.damage) {
      const at = unit === "buffer" ? { x: x - cutX, y: y - cutY } : { x: x - crop.x, y: y - crop.y };
      const rect = inRange({ ...at, width, height });
      if (rect !== undefined) send(unit === "buffer" ? "damage_buffer" : "damage", ...rect);
    }
  }
  const moved = known.crop !== undefined && !sameOrigin;
  known.crop = crop;
  known.size = size;
  if (moved) for (const follow of surface.followers) follow();
}

function pictureOf(surface: GuestSurface, size: Size, crop: Rect): Picture {
  const cut = picture(surface.content, size, crop, surface.role === "window");
  const canBeHad = cut.cut === undefined || surface.buffer?.view(cut.cut) !== undefined;
  return canBeHad ? cut : picture(surface.content, size, crop, false);
}

/** False when the pixels cannot be had any more. */
function attach(surface: GuestSurface, { dx, dy }: SurfaceChange, cut: Rect | undefined, send: Send): boolean {
  const view = surface.buffer?.view(cut);
  if (view === undefined) return false;
  const moves = surface.role === "drag-icon" && (dx !== 0 || dy !== 0);
  const [x, y] = moves ? [surface.moveIcon("x", dx), surface.moveIcon("y", dy)] : [0, 0];
  const bySelf = surface.version >= OFFSET_SINCE;
  send("attach", view.hostId, bySelf ? 0 : x, bySelf ? 0 : y);
  if (bySelf && moves) send("offset", x, y);
  view.given();
  surface.host.cut = cut;
  return true;
}

/** True when something about it is new. */
function sendViewport(surface: GuestSurface, { source, destination }: Viewport, host: HostSide): boolean {
  const { host: known } = surface;
  const sourceChanged = !sameRect(source, known.viewport.source);
  const destinationChanged = !sameSize(destination, known.viewport.destination);
  if (!sourceChanged && !destinationChanged) return false;
  if (known.viewportId === 0) {
    known.viewportId = host.newId();
    host.send(host.viewporter, wp_viewporter, "get_viewport", [known.viewportId, surface.hostId]);
  }
  if (sourceChanged) {
    const { x, y, width, height } = source ?? UNSET;
    host.send(known.viewportId, wp_viewport, "set_source", [x, y, width, height].map(numberToFixed));
  }
  if (destinationChanged) {
    const { width, height } = destination ?? UNSET;
    host.send(known.viewportId, wp_viewport, "set_destination", [width, height]);
  }
  known.viewport = { source, destination };
  return true;
}

function sendRegion(name: string, region: Region, origin: Point, host: HostSide, send: Send): void {
  if (region === undefined) {
    send(name, 0);
    return;
  }
  const id = makeRegion(region, origin, host);
  send(name, id);
  host.send(id, wl_region, "destroy", []);
}

/** A wl_region of ours with what `region` says, counted from `origin`; the caller sends its destroy request. */
export function makeRegion(region: NonNullable<Region>, origin: Point, host: HostSide): number {
  const id = host.newId();
  host.send(host.compositor, wl_compositor, "create_region", [id]);
  for (const { add, x, y, width, height } of region) {
    const rect = inRange({ x: x - origin.x, y: y - origin.y, width, height });
    if (rect !== undefined) host.send(id, wl_region, add ? "add" : "subtract", rect);
  }
  return id;
}

/** The part of a rectangle that a surface can reach, as arguments; compositors calculate its ends with 32 bits. */
function inRange({ x, y, width, height }: Rect): [number, number, number, number] | undefined {
  const [x0, y0] = [x, y].map((value) => Math.max(-MAX_REACH, value)) as [number, number];
  const [x1, y1] = [x + width, y + height].map((value) => Math.min(value, MAX_REACH)) as [number, number];
  return x1 > x0 && y1 > y0 ? [x0, y0, x1 - x0, y1 - y0] : undefined;
}
