import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Verdict } from "../policy/policy.ts";
import {
  configureFullscreen,
  type FullscreenEvent,
  type FullscreenRequest,
  stepFullscreen,
  WINDOWED,
} from "./fullscreen.ts";

const SEED = 5;
const MAXIMIZED = 1;
const FULLSCREEN = 2;
const ACTIVATED = 4;

/** Runs events; what was sent for each, and the state at the end. */
function run(...events: FullscreenEvent[]) {
  let state = WINDOWED;
  const sent = events.map((event) => {
    const step = stepFullscreen(state, event);
    state = step.state;
    return step.send;
  });
  return { state, sent };
}
const set = (verdict: Verdict): FullscreenEvent => ({ kind: "set-fullscreen", verdict });
const change = (verdict: Verdict): FullscreenEvent => ({ kind: "policy-changed", verdict });
const unset: FullscreenEvent = { kind: "unset-fullscreen" };

test("allowed, it is the compositor's to judge", () => {
  const { state, sent } = run(set("allow"));
  expect(sent).toEqual([["set_fullscreen"]]);
  expect(configureFullscreen(state, [ACTIVATED]).states).toEqual([ACTIVATED]);
});

test("to be asked for, it is maximised, and the app believes what it wants", () => {
  const { state, sent } = run(set("ask"));
  expect(sent).toEqual([["set_maximized"]]);
  expect(configureFullscreen(state, [MAXIMIZED, ACTIVATED]).states).toEqual([ACTIVATED, FULLSCREEN]);
  expect(configureFullscreen(state, [ACTIVATED]).states).toEqual([ACTIVATED, FULLSCREEN]);
});

test("allowed later, the window fills the screen; taken back, it is maximised", () => {
  expect(run(set("ask"), change("allow"), unset).sent).toEqual([
    ["set_maximized"],
    ["unset_maximized", "set_fullscreen"],
    ["unset_fullscreen"],
  ]);
  expect(run(set("allow"), change("ask"), unset).sent).toEqual([
    ["set_fullscreen"],
    ["unset_fullscreen", "set_maximized"],
    ["unset_maximized"],
  ]);
  expect(run(set("allow"), change("deny")).sent[1]).toEqual(["unset_fullscreen"]);
  expect(run(set("ask"), change("deny")).sent[1]).toEqual(["unset_maximized"]);
  expect(run(set("deny"), change("allow")).sent[1]).toEqual([]);
});

test("a user who makes the window small again ends the pretence", () => {
  const { state } = run(set("ask"));
  const seen = configureFullscreen(state, [MAXIMIZED]).state;
  const over = configureFullscreen(seen, [ACTIVATED]);
  expect(over).toEqual({ state: WINDOWED, states: [ACTIVATED] });
});

test("an app that was maximised is so again afterwards", () => {
  const { sent } = run({ kind: "set-maximized" }, set("ask"), unset);
  expect(sent).toEqual([["set_maximized"], ["set_maximized"], ["set_maximized"]]);
});

const verdict = fc.constantFrom<Verdict>("allow", "ask", "deny");
const anyEvent = fc.oneof(
  verdict.map(set),
  verdict.map(change),
  fc
    .constantFrom("unset-fullscreen" as const, "set-maximized" as const, "unset-maximized" as const)
    .map((kind) => ({ kind })),
  fc.subarray([MAXIMIZED, FULLSCREEN, ACTIVATED]),
);

test("the compositor is asked for the whole screen only while that is allowed, and every request is answered", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let state = WINDOWED;
      let allowed: Verdict = "ask";
      const host = { fullscreen: false, maximized: false };
      const apply = (request: FullscreenRequest) => {
        host[request.endsWith("fullscreen") ? "fullscreen" : "maximized"] = request.startsWith("set");
      };
      for (const event of events) {
        if (Array.isArray(event)) {
          const told = configureFullscreen(state, event);
          state = told.state;
          expect(told.states.includes(FULLSCREEN)).toBe(state.mode === "pretended" || event.includes(FULLSCREEN));
          continue;
        }
        if ("verdict" in event) allowed = event.verdict;
        const step = stepFullscreen(state, event.kind === "set-fullscreen" ? { ...event, verdict: allowed } : event);
        state = step.state;
        for (const request of step.send) apply(request);
        if (event.kind !== "policy-changed") expect(step.send.length).toBeGreaterThan(0);
        if (host.fullscreen) expect(allowed).toBe("allow");
        expect(host.fullscreen).toBe(state.mode === "fullscreen");
        if (state.mode === "pretended") expect(host.maximized).toBe(true);
      }
    }),
    { seed: SEED, numRuns: 1000 },
  );
});
