import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  describeEnd,
  type EndReason,
  INITIAL_STATE,
  isFailure,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleState,
  step,
} from "./lifecycle.ts";

/** Runs events from the start; returns the last state and every effect in order. */
function live(...events: LifecycleEvent[]): { state: LifecycleState; effects: LifecycleEffect[] } {
  let state = INITIAL_STATE;
  const effects: LifecycleEffect[] = [];
  for (const event of events) {
    const next = step(state, event);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

const ready: LifecycleEvent = { kind: "agent-ready" };
const graceOver: LifecycleEvent = { kind: "grace-over" };
const stop = (reason: EndReason, force = false): LifecycleEvent => ({ kind: "stop", reason, force });
const machineEnded = (reason: EndReason = { kind: "guest-off" }): LifecycleEvent => ({ kind: "machine-ended", reason });
const panic: EndReason = { kind: "guest-panic", line: "VFS: unable to mount root" };
const lost: EndReason = { kind: "agent-lost", message: "the link was closed" };

describe("lifecycle", () => {
  test("an ordinary life", () => {
    expect(live(ready, stop({ kind: "requested" }), machineEnded())).toEqual({
      state: { kind: "ended", reason: { kind: "requested" } },
      effects: ["announce-ready", "ask-guest-to-stop", "clean-up"],
    });
  });

  test("a guest that does not end in time is killed, once", () => {
    const { effects } = live(ready, stop({ kind: "idle" }), graceOver, graceOver, stop({ kind: "requested" }, true));
    expect(effects).toEqual(["announce-ready", "ask-guest-to-stop", "kill-machine"]);
  });

  test("force during a polite stop kills, and the first reason stays", () => {
    const { state, effects } = live(ready, stop({ kind: "idle" }), stop({ kind: "requested" }, true), machineEnded());
    expect(effects).toEqual(["announce-ready", "ask-guest-to-stop", "kill-machine", "clean-up"]);
    expect(state).toEqual({ kind: "ended", reason: { kind: "idle" } });
  });

  test("a stop before the agent answers kills at once, and a late agent changes nothing", () => {
    const { state, effects } = live(stop({ kind: "requested" }), ready);
    expect(effects).toEqual(["kill-machine"]);
    expect(state.kind).toBe("stopping");
  });

  test("a panic explains the agent that is lost; without one the machine is given time, then killed", () => {
    expect(live(ready, stop(lost), machineEnded(panic)).state).toEqual({ kind: "ended", reason: panic });
    expect(live(stop(lost), machineEnded(panic)).state).toEqual({ kind: "ended", reason: panic });
    expect(live(ready, stop(lost), graceOver, machineEnded())).toEqual({
      state: { kind: "ended", reason: lost },
      effects: ["announce-ready", "await-end", "kill-machine", "clean-up"],
    });
  });

  test("a machine that ends by itself is the reason", () => {
    expect(live(ready, machineEnded(panic)).state).toEqual({ kind: "ended", reason: panic });
    expect(live(machineEnded({ kind: "monitor-failed", message: "x" })).state.kind).toBe("ended");
  });

  test("whatever happens: one end, one clean-up, at most one kill and one announcement, nothing after the end", () => {
    const reason = fc.constantFrom<EndReason>({ kind: "requested" }, { kind: "idle" }, panic, lost, {
      kind: "compositor-lost",
    });
    const event = fc.oneof(
      fc.constant(ready),
      fc.constant(graceOver),
      fc.record({ kind: fc.constant("stop" as const), reason, force: fc.boolean() }),
      fc.record({ kind: fc.constant("machine-ended" as const), reason }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const { state, effects } = live(...events);
        const count = (wanted: LifecycleEffect) => effects.filter((effect) => effect === wanted).length;
        expect(count("clean-up")).toBe(state.kind === "ended" ? 1 : 0);
        expect(count("kill-machine")).toBeLessThanOrEqual(1);
        expect(count("announce-ready")).toBeLessThanOrEqual(1);
        expect(count("ask-guest-to-stop") + count("await-end")).toBeLessThanOrEqual(1);
        expect(effects.indexOf("clean-up")).toBe(state.kind === "ended" ? effects.length - 1 : -1);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });

  test("every reason can be told, and only unwanted ends are failures", () => {
    expect(describeEnd(panic)).toBe("the guest's kernel panicked: VFS: unable to mount root");
    expect(isFailure(panic)).toBe(true);
    expect(isFailure({ kind: "idle" })).toBe(false);
  });
});
