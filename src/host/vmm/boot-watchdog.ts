import type { RunningVm } from "./driver.ts";
/** Waits for `hello` (the agent's answer) for as long as a boot may take; else throws "guest-failed" with the console's last lines. Leaves the machine running. */
export declare function awaitBoot<T>(vm: RunningVm, hello: Promise<T>): Promise<T>;
