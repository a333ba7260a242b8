/** What a guest is started with, and what it tells. */
import type { Phase } from "../../../channel/contract/control.ts";
import type { Policy } from "../../policy/policy.ts";
import type { Driver } from "../../vmm/driver.ts";
import type { SandboxPaths } from "../directories.ts";
import type { LogFile, Severity } from "../log-file.ts";
import type { EndReason } from "../supervisor/lifecycle.ts";
import type { SupervisorSpec } from "../supervisor/supervisor-spec.ts";

export interface GuestOptions {
  readonly spec: SupervisorSpec;
  readonly paths: SandboxPaths;
  readonly consoleLog: string;
  readonly log: LogFile;
  readonly driver: Driver;
  /** Reads the policy as it is now. */
  readonly policy: () => Promise<Policy>;
}

export interface GuestEvents {
  reached(phase: Phase, at: number): void;
  /** Processes or windows have come or gone. */
  activityChanged(): void;
  notice(severity: Severity, message: string): void;
  compositorLost(): void;
  /** The process that shows the windows has ended. */
  displayLost(message: string): void;
  /** The machine may run on, but nobody in it answers any more. */
  agentLost(message: string): void;
  /** Called once, if the machine was started at all. */
  machineEnded(reason: EndReason): void;
}
