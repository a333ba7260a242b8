/**
 * What a surface's next commit changes. Wayland applies a surface's requests together, at wl_surface.commit; they are
 * gathered here until then, and for a synchronized subsurface until its parent's commit.
 */
import { MAX_PENDING_DAMAGE } from "../limits.ts";
import type { Rect, Size } from "./rect.ts";

/** Pixels that a surface can show, and who has to know how long they are needed. */
export interface SurfaceBuffer extends Size {
  /** Waits to be shown; balanced by {@link drop}. */
  hold(): void;
  /** As hold(), for what was shown before: the guest knows nothing of it. */
  keep(): void;
  /** Has been shown, or will not be. */
  drop(): void;
  /** All of it, or a part of it in pixels, for the compositor; undefined when that cannot be had, or no more. */
  view(part: Rect | undefined): BufferView | undefined;
}

/** A wl_buffer on the compositor's connection. */
export interface BufferView {
  readonly hostId: number;
  /** Has been attached: the compositor may read it until it says that it has released it. */
  given(): void;
}

/** One wl_region request: an addition or a subtraction. */
export interface RegionPart extends Rect {
  readonly add: boolean;
}

/** A region as it was when a surface took it; undefined is the region's default (nothing opaque, input everywhere). */
export type Region = readonly RegionPart[] | undefined;

/** A damaged rectangle, in pixels of the buffer or in units of the surface. */
export interface Damage extends Rect {
  readonly unit: "buffer" | "surface";
}

/** Requests since the last commit. What is undefined stays as it was; a wrapped value may be undefined. */
export class SurfaceChange {
  content: { readonly buffer: SurfaceBuffer | undefined } | undefined;
  /** By how much the content moves (wl_surface.offset). */
  dx = 0;
  dy = 0;
  scale: number | undefined;
  transform: number | undefined;
  source: { readonly value: Rect | undefined } | undefined;
  destination: { readonly value: Size | undefined } | undefined;
  opaque: { readonly region: Region } | undefined;
  input: { readonly region: Region } | undefined;
  /** xdg_surface.set_window_geometry. */
  geometry: Rect | undefined;
  /** "all" when there were too many rectangles to keep. */
  damage: Damage[] | "all" = [];

  /** wl_surface.attach; holds `buffer` and drops the one that it replaces. */
  attach(buffer: SurfaceBuffer | undefined): void {
    buffer?.hold();
    this.content?.buffer?.drop();
    this.content = { buffer };
  }

  addDamage(damage: Damage): void {
    if (this.damage === "all") return;
    if (this.damage.length >= MAX_PENDING_DAMAGE) this.damage = "all";
    else this.damage.push(damage);
  }

  /** Adds what came after. Takes over the buffer of `later`, which must not be used any more. */
  merge(later: SurfaceChange): void {
    if (later.content !== undefined) {
      this.content?.buffer?.drop();
      this.content = later.content;
    }
    this.dx += later.dx;
    this.dy += later.dy;
    this.scale = later.scale ?? this.scale;
    this.transform = later.transform ?? this.transform;
    this.source = later.source ?? this.source;
    this.destination = later.destination ?? this.destination;
    this.opaque = later.opaque ?? this.opaque;
    this.input = later.input ?? this.input;
    this.geometry = later.geometry ?? this.geometry;
    if (later.damage === "all") this.damage = "all";
    else for (const damage of later.damage) this.addDamage(damage);
  }

  /** The surface is gone. */
  discard(): void {
    this.content?.buffer?.drop();
    this.content = undefined;
  }
}
