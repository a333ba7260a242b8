/** What everything here takes that may last: copying homes takes minutes. */
import type { BuildProgress } from "../image/build-options.ts";

export interface KeepOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BuildProgress) => void;
}
