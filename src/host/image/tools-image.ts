import type { BuildOptions } from "./build-options.ts";

/** The read-only file system with the agent and what it needs. */
export interface ToolsImage {
  readonly path: string;
  /** Names its content. Hex. */
  readonly digest: string;
}

export declare function ensureToolsImage(options?: BuildOptions): Promise<ToolsImage>;
