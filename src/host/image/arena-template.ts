import type { OwnedFd } from "../../sys/fd.ts";
import type { BuildOptions } from "./build-options.ts";
export interface ArenaTemplate {
  readonly path: string;
  /** Bytes of the whole file system: the size of an arena's memory file. */
  readonly size: number;
  /** Where the window file's data begin in it, and how many bytes they are (ARENA_BYTES). */
  readonly dataOffset: number;
  readonly dataLength: number;
}
/** Bytes of window pixels one sandbox can hold. */
export const ARENA_BYTES = 256 * 1024 * 1024;
export declare function ensureArenaTemplate(options?: BuildOptions): Promise<ArenaTemplate>;
/** A sealed memory file (shrink, grow, seal) holding a fresh arena; the caller owns it. */
export declare function createArena(template: ArenaTemplate): OwnedFd;
