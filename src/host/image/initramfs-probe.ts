/** The smallest guest there is: says that it lives, and ends. Tells whether an accelerator can boot a kernel. */
import type { CpioEntry } from "./cpio.ts";

/** What it prints. */
export const PROBE_SIGN = "VITRINE-ALIVE";

export function probeEntries(busybox: Uint8Array): CpioEntry[] {
  const script = `#!/bin/busybox sh\necho ${PROBE_SIGN}\nexec /bin/busybox reboot -f\n`;
  return [
    { kind: "directory", path: "bin" },
    { kind: "directory", path: "dev" },
    { kind: "file", path: "bin/busybox", data: busybox, executable: true },
    { kind: "file", path: "init", data: new TextEncoder().encode(script), executable: true },
  ];
}
