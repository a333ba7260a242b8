/** A surface of the app: what is pending for its next commit, as far as pixels are concerned. */
import { clip, type Rect } from "./damage.ts";
import type { ArenaBuffer, Geometry, PixelQueue } from "./pixel-queue.ts";
import type { ShmBuffer } from "./shm.ts";

/** Damage requests of one commit that are kept apart; an app that sends more gets all of its buffer copied. */
const MAX_DAMAGE_REQUESTS = 256;
const EVERYTHING: Rect = { x0: 0, y0: 0, x1: 0x7fffffff, y1: 0x7fffffff };

function push(list: Rect[], rect: Rect): void {
  if (list.length >= MAX_DAMAGE_REQUESTS) list.splice(0, list.length, EVERYTHING);
  else list.push(rect);
}

/** A copy under way, and where it goes. */
export interface Copying {
  readonly target: ArenaBuffer;
  /** Does a part of the work with each step. */
  readonly steps: Iterator<void>;
}

export class Surface {
  readonly id: number;
  readonly queue: PixelQueue;
  /** Attached and not yet committed: a shared-memory buffer, or something that has no memory ("other"; nothing, too). */
  pending: { buffer: ShmBuffer; x: number; y: number } | "other" | undefined;
  /** A commit that has been begun and waits for the link. */
  copying: Copying | undefined;
  /** Pixels of the buffer are drawn at 1:1 only without these. */
  scale = 1;
  transform = 0;
  viewport = false;
  #bufferDamage: Rect[] = [];
  #surfaceDamage: Rect[] = [];

  constructor(id: number, queue: PixelQueue) {
    this.id = id;
    this.queue = queue;
  }

  /** wl_surface.damage_buffer: in pixels of the buffer. */
  damageBuffer(x: number, y: number, width: number, height: number): void {
    push(this.#bufferDamage, { x0: x, y0: y, x1: x + width, y1: y + height });
  }

  /** wl_surface.damage: in units of the surface, whatever those will be at the commit. */
  damageSurface(x: number, y: number, width: number, height: number): void {
    push(this.#surfaceDamage, { x0: x, y0: y, x1: x + width, y1: y + height });
  }

  /** What changed since the last commit, in pixels of a buffer; all of it where that cannot be told. */
  damage({ width, height }: Geometry): Rect[] {
    const all = { x0: 0, y0: 0, x1: width, y1: height };
    const told = this.#bufferDamage.length + this.#surfaceDamage.length;
    const plain = this.transform === 0 && !this.viewport;
    if (told === 0 || (this.#surfaceDamage.length > 0 && !plain)) return [all];
    const { scale } = this;
    const scaled = this.#surfaceDamage.map(({ x0, y0, x1, y1 }) => ({
      x0: x0 * scale,
      y0: y0 * scale,
      x1: x1 * scale,
      y1: y1 * scale,
    }));
    return [...this.#bufferDamage, ...scaled].flatMap((rect) => clip(rect, width, height) ?? []);
  }

  /** The commit has been passed on. Damage without new content counts for the next that comes. */
  committed(): void {
    if (this.pending === undefined) return;
    this.pending = undefined;
    this.#bufferDamage = [];
    this.#surfaceDamage = [];
  }
}
