import type { Accelerator, Driver } from "../driver.ts";
export declare function qemuDriver(accelerator: Accelerator): Driver;
