/** What the end of a machine means to its sandbox. */
import type { RunningVm, VmExit } from "../../vmm/driver.ts";
import { type EndReason, isFailure } from "./lifecycle.ts";

/** Last lines of the guest's console that explain a failure in the log. */
const CONSOLE_LINES_ON_FAILURE = 20;

/** What the guest's console says of an end that nobody wanted. */
export function lastWords(reason: EndReason, machine: RunningVm | undefined): readonly string[] {
  return isFailure(reason) ? (machine?.console.tail(CONSOLE_LINES_ON_FAILURE) ?? []) : [];
}

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
