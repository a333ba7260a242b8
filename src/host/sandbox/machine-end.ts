/** What the end of a machine means to its sandbox. */
import type { VmExit } from "../vmm/driver.ts";
import type { EndReason } from "./lifecycle.ts";

export function reasonOf(exit: VmExit): EndReason {
  switch (exit.reason) {
    case "stopped":
    case "guest-exit":
      return { kind: "guest-off" };
    case "panic":
      return { kind: "guest-panic", line: exit.message };
    case "killed":
      return { kind: "monitor-failed", message: `it was killed by ${exit.signal}` };
    case "monitor-failed":
      return { kind: "monitor-failed", message: exit.message };
    default:
      return exit satisfies never;
  }
}
