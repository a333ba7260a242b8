/**
 * A surface of the guest: what is pending, what waits for the parent's commit, what is in force. The rules are those of
 * wl_surface and wl_subsurface. They are followed here and not left to the compositor, because a tree of surfaces must
 * change on the screen as one, together with the frame around it: the compositor sees only synchronized subsurfaces.
 */

import { wp_viewport } from "../../../wayland/generated/viewporter.ts";
import { wl_subcompositor } from "../../../wayland/generated/wayland.ts";
import { MAX_DRAG_ICON_SIDE } from "../limits.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { type Region, type SurfaceBuffer, SurfaceChange } from "./change.ts";
import { type Content, surfaceSize, type Viewport } from "./content.ts";
import type { Point, Rect, Size } from "./rect.ts";

/** What a surface is used for; set once and for good (the protocol's rule). */
export type Role = "none" | "window" | "subsurface" | "cursor" | "drag-icon";

/** What stands around a window or popup. */
export interface RootFrame {
  /** The compositor has been told of a commit since this became a window or popup. */
  committed: boolean;
  /** A configure event has been acknowledged since then, and since it last showed something. */
  configured: boolean;
  /** How large what is inside may be; 0 or undefined: as it likes. */
  readonly room: Size | undefined;
  /** The surface will be committed, and show this part of itself, or nothing: sends what shall change with it. */
  beforeCommit(visible: Rect | undefined): void;
  /** The surface has a new child, on top of all others for now. */
  adopt(subsurfaceHostId: number): void;
  /** The surface is gone. */
  dispose(): void;
}

/** What the compositor has been told of a surface. */
export interface HostState {
  /** The part of the surface that the compositor has; its origin is the origin there. Nothing before the first content. */
  crop: Rect | undefined;
  /** Of the whole surface, when that was told. */
  size: Size | undefined;
  /** The part of the buffer that is attached, in pixels; undefined: all of it. */
  cut: Rect | undefined;
  /** Of a subsurface, in its parent. */
  position: Point;
  /** The wp_viewport, 0 when none was needed yet. */
  viewportId: number;
  viewport: Viewport;
}

const ORIGIN: Point = { x: 0, y: 0 };

function unknownToHost(): HostState {
  return {
    crop: undefined,
    size: undefined,
    cut: undefined,
    position: ORIGIN,
    viewportId: 0,
    viewport: { source: undefined, destination: undefined },
  };
}

export class GuestSurface {
  readonly guestId: number;
  hostId: number;
  readonly version: number;
  role: Role = "none";
  /** Which kind of window it is, or was: that is for good too. */
  windowKind: "toplevel" | "popup" | undefined;
  /** Of a window or popup, while it is one. */
  frame: RootFrame | undefined;
  /** The guest's wp_viewport. */
  viewportGuestId: number | undefined;

  parent: GuestSurface | undefined;
  /** The wl_subsurface on the compositor's connection, 0 without one. It may outlive the parent. */
  subsurfaceHostId = 0;
  readonly children = new Set<GuestSurface>();
  /** The surface itself and its children, from the back to the front. */
  stack: GuestSurface[] = [this];
  /** It has been there at a commit of its parent, and may be seen. */
  added = false;
  /** wl_subsurface.set_sync. */
  sync = true;
  /** In the parent's coordinates; the second comes into force with the parent's commit. */
  position = ORIGIN;
  nextPosition = ORIGIN;

  pending = new SurfaceChange();
  /** Committed, and waiting for the parent's commit. */
  cached: SurfaceChange | undefined;
  /** In force, but not yet told to the compositor. */
  unsent = new SurfaceChange();
  hasUnsent = false;

  buffer: SurfaceBuffer | undefined;
  scale = 1;
  transform = 0;
  source: Rect | undefined;
  destination: Size | undefined;
  opaque: Region;
  input: Region;
  geometry: Rect | undefined;
  /** Undefined without content. */
  size: Size | undefined;

  /** Called after the origin of what the compositor has of it has moved. */
  readonly followers = new Set<() => void>();

  host = unknownToHost();
  /** Ids of the compositor's screens that it is on. */
  readonly outputs = new Set<number>();

  readonly #iconOffset = { x: 0, y: 0 };

  constructor(guestId: number, hostId: number, version: number) {
    this.guestId = guestId;
    this.hostId = hostId;
    this.version = version;
  }

  get root(): GuestSurface {
    return this.parent?.root ?? this;
  }

  /** Whether a commit waits for the parent's. */
  get synchronized(): boolean {
    return this.parent !== undefined && (this.sync || this.parent.synchronized);
  }

  /** What {@link surfaceSize} and the viewport are computed from. Only with content. */
  get content(): Content {
    const { buffer, scale, transform, source, destination } = this;
    if (buffer === undefined) throw new TypeError("a surface without a buffer has no content");
    return { buffer, scale, transform, source, destination };
  }

  /** wl_surface.commit. False when it waits for the parent's commit. */
  commit(): boolean {
    const change = this.pending;
    this.pending = new SurfaceChange();
    if (this.synchronized) {
      if (this.cached === undefined) this.cached = change;
      else this.cached.merge(change);
      return false;
    }
    this.#apply(change);
    return true;
  }

  /** wl_subsurface.set_desync. True when something that waited has come into force. */
  desynchronize(): boolean {
    this.sync = false;
    if (this.synchronized) return false;
    return this.#applyCached();
  }

  /** wl_subcompositor.get_subsurface; that this makes a tree must have been checked. Throws a violation for a second role. */
  becomeSubsurface(parent: GuestSurface, subcompositorGuestId: number): void {
    const badSurface = wl_subcompositor.enums.error?.entries.bad_surface ?? 0;
    if (this.subsurfaceHostId !== 0)
      throw new ProtocolViolation(subcompositorGuestId, badSurface, "is a subsurface already");
    this.takeRole("subsurface", subcompositorGuestId, badSurface);
    this.parent = parent;
    parent.children.add(this);
    parent.stack.push(this);
    this.added = false;
    this.sync = true;
    this.position = ORIGIN;
    this.nextPosition = ORIGIN;
    this.host.position = ORIGIN;
  }

  /** The wl_subsurface is gone, or a surface above it: the compositor shows it no more. */
  leaveParent(): void {
    this.parent?.children.delete(this);
    if (this.parent !== undefined) this.parent.stack = this.parent.stack.filter((other) => other !== this);
    this.parent = undefined;
  }

  /** wl_subsurface.place_above and place_below; `sibling` is the parent or another child of it. */
  restack(where: "above" | "below", sibling: GuestSurface): void {
    if (this.parent === undefined) return;
    const others = this.parent.stack.filter((other) => other !== this);
    others.splice(others.indexOf(sibling) + (where === "above" ? 1 : 0), 0, this);
    this.parent.stack = others;
  }

  /** Another compositor has it under `hostId`, and is to be told all of it. */
  returned(hostId: number): void {
    this.hostId = hostId;
    this.host = unknownToHost();
    const change = new SurfaceChange();
    this.buffer?.keep();
    if (this.buffer !== undefined) change.content = { buffer: this.buffer };
    if (this.scale !== 1) change.scale = this.scale;
    if (this.transform !== 0) change.transform = this.transform;
    if (this.opaque !== undefined) change.opaque = { region: this.opaque };
    if (this.input !== undefined) change.input = { region: this.input };
    change.damage = "all";
    this.unsent.discard();
    this.unsent = change;
    this.hasUnsent = true;
  }

  /** Throws a violation with `code` when the surface has another role already. */
  takeRole(role: Role, guestId: number, code: number): void {
    if (this.role !== "none" && this.role !== role)
      throw new ProtocolViolation(guestId, code, `surface ${this.guestId} is a ${this.role} already`);
    this.role = role;
  }

  /** Moves a drag icon by `by` from where it is; returns how far it may go. */
  moveIcon(axis: "x" | "y", by: number): number {
    const before = this.#iconOffset[axis];
    const after = Math.max(-MAX_DRAG_ICON_SIDE, Math.min(before + by, MAX_DRAG_ICON_SIDE));
    this.#iconOffset[axis] = after;
    return after - before;
  }

  /** The surface is gone. */
  destroy(): void {
    this.leaveParent();
    for (const child of [...this.children]) child.leaveParent();
    this.frame?.dispose();
    this.frame = undefined;
    this.viewportGuestId = undefined;
    for (const change of [this.pending, this.cached, this.unsent]) change?.discard();
  }

  #apply(change: SurfaceChange): void {
    if (change.content !== undefined) this.buffer = change.content.buffer;
    this.scale = change.scale ?? this.scale;
    this.transform = change.transform ?? this.transform;
    if (change.source !== undefined) this.source = change.source.value;
    if (change.destination !== undefined) this.destination = change.destination.value;
    if (change.opaque !== undefined) this.opaque = change.opaque.region;
    if (change.input !== undefined) this.input = change.input.region;
    this.geometry = change.geometry ?? this.geometry;
    this.unsent.merge(change);
    this.hasUnsent = true;
    this.size = this.#measure();
    for (const child of this.children) {
      child.added = true;
      child.position = child.nextPosition;
      child.#applyCached();
    }
  }

  #applyCached(): boolean {
    const { cached } = this;
    if (cached === undefined) return false;
    this.cached = undefined;
    this.#apply(cached);
    return true;
  }

  #measure(): Size | undefined {
    if (this.buffer === undefined) return undefined;
    const size = surfaceSize(this.content);
    if (typeof size !== "string") return size;
    const code = wp_viewport.enums.error?.entries[size] ?? 0;
    throw new ProtocolViolation(this.viewportGuestId ?? 1, code, `viewport of surface ${this.guestId}: ${size}`);
  }
}
