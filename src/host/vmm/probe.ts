import type { BuildOptions } from "../image/build-options.ts";
import type { Kernel } from "../image/kernel.ts";
import type { Accelerator } from "./driver.ts";
export interface AccelerationProbe { readonly accelerator: Accelerator; /** Why not KVM; absent with KVM. */ readonly reason?: string }
/** Boots once under KVM and remembers the answer for this machine, monitor and kernel. VITRINE_ACCELERATOR=kvm|tcg overrides. */
export declare function probeAcceleration(kernel: Kernel, options?: BuildOptions): Promise<AccelerationProbe>;
