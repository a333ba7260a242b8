export interface Kernel {
  /** As `uname -r` says in the guest. */
  readonly version: string;
  /** File for the monitor's -kernel. */
  readonly image: string;
  /** File for the monitor's -initrd. */
  readonly initramfs: string;
  /** Names kernel and initramfs together, in caches. Hex. */
  readonly digest: string;
}
import type { BuildOptions } from "./build-options.ts";
export declare function ensureKernel(options?: BuildOptions): Promise<Kernel>;
