/**
 * Whether a window fills the screen, as a pure function: what the app asks for, what the policy says, what the compositor
 * is asked and what the app is told.
 *
 *   allow   the compositor is asked
 *   ask     the compositor is asked to maximise; the app is told that it is fullscreen, so that it behaves (films and
 *           games wait for it), until it or the user leaves that state, or the policy allows the real one
 *   deny    nothing comes of it
 */
import type { Verdict } from "../policy/policy.ts";

export interface FullscreenState {
  readonly mode: "windowed" | "fullscreen" | "pretended";
  /** The app's own wish, which counts again when it is fullscreen no more. */
  readonly maximized: boolean;
  /** While pretended: the compositor has maximised the window; tiling ones never do. */
  readonly maximizedSeen: boolean;
}

export type FullscreenEvent =
  | { readonly kind: "set-fullscreen" | "policy-changed"; readonly verdict: Verdict }
  | { readonly kind: "unset-fullscreen" | "set-maximized" | "unset-maximized" };

/** Requests of xdg_toplevel, in the order in which they are to be sent. */
export type FullscreenRequest = "set_fullscreen" | "unset_fullscreen" | "set_maximized" | "unset_maximized";

export const WINDOWED: FullscreenState = { mode: "windowed", maximized: false, maximizedSeen: false };

/** What a window that wants the whole screen gets. */
const MODE_OF: Readonly<Record<Verdict, FullscreenState["mode"]>> = {
  allow: "fullscreen",
  ask: "pretended",
  deny: "windowed",
};

/** xdg_toplevel.state. */
const STATE = { maximized: 1, fullscreen: 2 } as const;

/** What comes of an app's request, or of a change of policy. Every request of an app makes the compositor answer it. */
export function stepFullscreen(
  state: FullscreenState,
  event: FullscreenEvent,
): { state: FullscreenState; send: readonly FullscreenRequest[] } {
  switch (event.kind) {
    case "set-fullscreen":
      return enter(state, event.verdict);
    case "policy-changed":
      if (state.mode === "windowed" || state.mode === MODE_OF[event.verdict]) return { state, send: [] };
      return enter(state, event.verdict);
    case "unset-fullscreen":
      return leave(state);
    case "set-maximized":
    case "unset-maximized": {
      const maximized = event.kind === "set-maximized";
      const held = maximized || state.mode === "pretended";
      return { state: { ...state, maximized }, send: [held ? "set_maximized" : "unset_maximized"] };
    }
    default:
      return event satisfies never;
  }
}

/** What the app is told when the compositor configures its window with `states` (numbers of xdg_toplevel.state). */
export function configureFullscreen(
  state: FullscreenState,
  states: readonly number[],
): { state: FullscreenState; states: readonly number[] } {
  if (state.mode !== "pretended") return { state, states };
  const maximized = states.includes(STATE.maximized);
  // Somebody made the window small again: it is over.
  if (state.maximizedSeen && !maximized) return { state: WINDOWED, states };
  const others = states.filter((one) => one !== STATE.maximized && one !== STATE.fullscreen);
  return { state: { ...state, maximizedSeen: maximized }, states: [...others, STATE.fullscreen] };
}

/** What another compositor is to be asked for a window that comes back. */
export function resumeFullscreen({ mode, maximized }: FullscreenState): readonly FullscreenRequest[] {
  if (mode === "fullscreen") return ["set_fullscreen"];
  return maximized || mode === "pretended" ? ["set_maximized"] : [];
}

function enter(
  state: FullscreenState,
  verdict: Verdict,
): { state: FullscreenState; send: readonly FullscreenRequest[] } {
  switch (verdict) {
    case "allow": {
      const restore: FullscreenRequest[] = state.mode === "pretended" && !state.maximized ? ["unset_maximized"] : [];
      return {
        state: { ...state, mode: "fullscreen", maximizedSeen: false },
        send: [...restore, "set_fullscreen"],
      };
    }
    case "ask": {
      const end: FullscreenRequest[] = state.mode === "fullscreen" ? ["unset_fullscreen"] : [];
      return { state: { ...state, mode: "pretended", maximizedSeen: false }, send: [...end, "set_maximized"] };
    }
    case "deny":
      return leave(state);
    default:
      return verdict satisfies never;
  }
}

function leave(state: FullscreenState): { state: FullscreenState; send: readonly FullscreenRequest[] } {
  const windowed: FullscreenState = { ...state, mode: "windowed", maximizedSeen: false };
  if (state.mode !== "pretended") return { state: windowed, send: ["unset_fullscreen"] };
  return { state: windowed, send: [state.maximized ? "set_maximized" : "unset_maximized"] };
}
