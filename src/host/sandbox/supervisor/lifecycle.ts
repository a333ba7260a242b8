/**
 * The life of a sandbox as a pure function: a state and an event give the next state and what to do now. Nothing here
 * waits or touches anything; supervisor.ts does what it is told.
 *
 *     starting ──agent-ready──> running ──stop──> stopping ──machine-ended──> ended
 *         └────────stop───────────────────────────────┘
 *
 * The machine can end in any state; `ended` is for good.
 */

/** Why a sandbox ended. The first reason counts, except that a panic explains the silence that it caused. */
export type EndReason =
  /** `vitrine stop`, or another caller of the control contract. */
  | { kind: "requested" }
  /** Nothing ran in it any more. */
  | { kind: "idle" }
  /** The host had too little memory, and nobody used it. */
  | { kind: "low-memory" }
  /** A trial whose command has gone, by whatever. */
  | { kind: "abandoned" }
  /** A ready machine that nobody has adopted, and nobody will. `failed`: its app could not be made ready. */
  | { kind: "given-up"; why: string; failed: boolean }
  /** The supervisor was told to end, by a signal. */
  | { kind: "signal"; signal: string }
  /** The kernel of the guest gave up; `line` is what it said, fit to be shown. */
  | { kind: "guest-panic"; line: string }
  /** The guest switched itself off. */
  | { kind: "guest-off" }
  /** The agent has gone, or broke the protocol; `message` says which. */
  | { kind: "agent-lost"; message: string }
  /** The virtual machine monitor ended by itself; `message` is what it said. */
  | { kind: "monitor-failed"; message: string }
  /** The user's compositor has gone, and with it every window. */
  | { kind: "compositor-lost" }
  /** The process that shows the windows has gone, and with it every window. */
  | { kind: "display-lost"; message: string }
  /** It never ran. */
  | { kind: "start-failed"; message: string };

export type LifecycleState =
  | { kind: "starting" }
  | { kind: "running" }
  /** `killed`: the machine has been killed and only its end is awaited. */
  | { kind: "stopping"; reason: EndReason; killed: boolean }
  | { kind: "ended"; reason: EndReason };

export type LifecycleEvent =
  | { kind: "agent-ready" }
  /** Somebody or something wants it to end; `force` leaves the guest no time. */
  | { kind: "stop"; reason: EndReason; force: boolean }
  /** The time that a guest has to end by itself is over. */
  | { kind: "grace-over" }
  /** The process of the virtual machine monitor is gone. */
  | { kind: "machine-ended"; reason: EndReason };

export type LifecycleEffect =
  /** Tell everyone who waits that processes can be started. */
  | "announce-ready"
  /** Ask the agent to end all processes and switch off, and start the time of grace. */
  | "ask-guest-to-stop"
  /** Give the machine the time of grace to end by itself: it is already about to. */
  | "await-end"
  | "kill-machine"
  /** Tell everyone, remove sockets and record, end the process. */
  | "clean-up";

export interface LifecycleStep {
  readonly state: LifecycleState;
  readonly effects: readonly LifecycleEffect[];
}

export const INITIAL_STATE: LifecycleState = { kind: "starting" };

export function step(state: LifecycleState, event: LifecycleEvent): LifecycleStep {
  if (state.kind === "ended") return { state, effects: [] };
  switch (event.kind) {
    case "agent-ready":
      if (state.kind !== "starting") return { state, effects: [] };
      return { state: { kind: "running" }, effects: ["announce-ready"] };
    case "stop":
      return stop(state, event.reason, event.force);
    case "grace-over":
      if (state.kind !== "stopping" || state.killed) return { state, effects: [] };
      return { state: { ...state, killed: true }, effects: ["kill-machine"] };
    case "machine-ended":
      return { state: { kind: "ended", reason: finalReason(state, event.reason) }, effects: ["clean-up"] };
    default:
      return unreachable(event);
  }
}

function stop(state: Exclude<LifecycleState, { kind: "ended" }>, reason: EndReason, force: boolean): LifecycleStep {
  switch (state.kind) {
    case "starting":
      // Without an agent nobody in the guest could be asked; an agent that is lost may be the machine's own end.
      if (reason.kind === "agent-lost" && !force) {
        return { state: { kind: "stopping", reason, killed: false }, effects: ["await-end"] };
      }
      return { state: { kind: "stopping", reason, killed: true }, effects: ["kill-machine"] };
    case "running":
      if (force) return { state: { kind: "stopping", reason, killed: true }, effects: ["kill-machine"] };
      return {
        state: { kind: "stopping", reason, killed: false },
        effects: [reason.kind === "agent-lost" ? "await-end" : "ask-guest-to-stop"],
      };
    case "stopping":
      if (!force || state.killed) return { state, effects: [] };
      return { state: { ...state, killed: true }, effects: ["kill-machine"] };
    default:
      return unreachable(state);
  }
}

/** A stop that was wanted stays the reason; a machine that says more than "the agent is silent" is believed. */
function finalReason(state: LifecycleState, machine: EndReason): EndReason {
  if (state.kind !== "stopping") return machine;
  const explains = machine.kind === "guest-panic" || machine.kind === "monitor-failed";
  return state.reason.kind === "agent-lost" && explains && !state.killed ? machine : state.reason;
}

/** The reason in one sentence, for logs and for whoever waited on the sandbox. */
export function describeEnd(reason: EndReason): string {
  switch (reason.kind) {
    case "requested":
      return "stopped on request";
    case "idle":
      return "stopped because nothing ran in it any more";
    case "low-memory":
      return "stopped because the host ran out of memory and nobody used it";
    case "abandoned":
      return "stopped because the command that tried the app has gone";
    case "given-up":
      return `given up before anybody wanted it: ${reason.why}`;
    case "signal":
      return `stopped because its supervisor received ${reason.signal}`;
    case "guest-panic":
      return `the guest's kernel panicked: ${reason.line}`;
    case "guest-off":
      return "the guest switched itself off";
    case "agent-lost":
      return `the guest agent is gone: ${reason.message}`;
    case "monitor-failed":
      return `the virtual machine monitor failed: ${reason.message}`;
    case "compositor-lost":
      return "the compositor went away, and the windows with it";
    case "display-lost":
      return `the process that shows the windows failed: ${reason.message}`;
    case "start-failed":
      return reason.message;
    default:
      return unreachable(reason);
  }
}

/** True when nobody wanted this end, so that people must be told. */
export function isFailure(reason: EndReason): boolean {
  return !["requested", "idle", "signal", "abandoned", "given-up"].includes(reason.kind);
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
