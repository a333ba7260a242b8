/**
 * The arena buffers of one surface. The app draws into its own memory; each commit copies what changed into a buffer
 * that the compositor is not reading. A buffer that was last shown some commits ago lacks all that changed since, so each
 * one gathers damage of its own. No I/O: the owner does what the queue decides.
 */
import { DamageRegion, type Rect } from "./damage.ts";
import { MAX_BUFFERS_PER_SURFACE } from "./limits.ts";

/** What makes two buffers interchangeable. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly format: number;
}

export interface ArenaBuffer {
  /** Number on the link. */
  readonly number: number;
  readonly offset: number;
  readonly geometry: Geometry;
  /** The compositor may be reading it. */
  busy: boolean;
  /** What it lacks of the surface's content. */
  readonly missing: DamageRegion;
}

/** What the queue needs done. */
export interface BufferSource {
  /** A new range of the arena, announced on the link; undefined when there is no room. */
  create(geometry: Geometry): { number: number; offset: number } | undefined;
  /** The range is not needed any more. */
  drop(buffer: ArenaBuffer): void;
}

/**
 * Where to copy a commit's pixels, and which; or why not now. "busy": all buffers that a surface may have are being read.
 * "short": the arena has no room for another one, but one that is being read will do. "full": the arena has no room.
 */
export type Placement = { buffer: ArenaBuffer; rects: readonly Rect[] } | "busy" | "short" | "full";

export class PixelQueue {
  readonly #source: BufferSource;
  #buffers: ArenaBuffer[] = [];

  constructor(source: BufferSource) {
    this.#source = source;
  }

  /**
   * Places content of `geometry` of which `damage` (inside the buffer) changed since the last commit. The buffer counts
   * as busy from now on. After a refusal nothing has changed: ask again with the same damage.
   */
  place(geometry: Geometry, damage: readonly Rect[]): Placement {
    const fitting = this.#buffers.filter((buffer) => sameGeometry(buffer.geometry, geometry));
    const free = fitting.filter((buffer) => !buffer.busy);
    let chosen = free.reduce<ArenaBuffer | undefined>(
      (best, buffer) => (best === undefined || buffer.missing.area < best.missing.area ? buffer : best),
      undefined,
    );
    if (chosen === undefined) {
      if (fitting.length >= MAX_BUFFERS_PER_SURFACE) return "busy";
      const created = this.#source.create(geometry);
      if (created === undefined) return fitting.length > 0 ? "short" : "full";
      chosen = { ...created, geometry, busy: false, missing: new DamageRegion() };
      chosen.missing.add({ x0: 0, y0: 0, x1: geometry.width, y1: geometry.height });
      this.#buffers.push(chosen);
    }
    this.#dropOthers(geometry);
    for (const buffer of this.#buffers) for (const rect of damage) buffer.missing.add(rect);
    const rects = chosen.missing.rects;
    chosen.missing.clear();
    chosen.busy = true;
    return { buffer: chosen, rects };
  }

  /** The compositor has let go of a buffer. */
  released(number: number): void {
    const buffer = this.#buffers.find((candidate) => candidate.number === number);
    if (buffer !== undefined) buffer.busy = false;
  }

  /** The surface is gone, or shows none of them any more. */
  dropAll(): void {
    this.#drop(() => true);
  }

  /** Others need the room: gives up the buffers that nobody reads. */
  dropIdle(): void {
    this.#drop((buffer) => !buffer.busy);
  }

  #dropOthers(geometry: Geometry): void {
    this.#drop((buffer) => !sameGeometry(buffer.geometry, geometry));
  }

  #drop(unwanted: (buffer: ArenaBuffer) => boolean): void {
    this.#buffers = this.#buffers.filter((buffer) => {
      if (!unwanted(buffer)) return true;
      this.#source.drop(buffer);
      return false;
    });
  }
}

function sameGeometry(a: Geometry, b: Geometry): boolean {
  return a.width === b.width && a.height === b.height && a.stride === b.stride && a.format === b.format;
}
