/**
 * Surfaces on the stand-in: nothing of them is looked at. The buffer shown last is kept until another takes its place, as by
 * a compositor that reads it for every frame: so what the app moves with is what it drew last.
 */
import { aheadOfMonotonic, monotonicNanoseconds } from "../../../sys/clock.ts";
import { wp_presentation } from "../../../wayland/generated/presentation-time.ts";
import { STAND_IN_FRAME_MS } from "../limits.ts";
import type { ServedConnection } from "./connection.ts";
import { mainScreen } from "./screens.ts";
import { type Answers, perObject, type Served } from "./served.ts";

const CLOCK_MONOTONIC = 1;
const NANOSECONDS_PER_MS = 1_000_000n;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;

interface Surface {
  /** With the next commit, null for none; undefined: nothing changes. */
  attached: Served | null | undefined;
  shown: Served | undefined;
  entered: boolean;
  /** wl_callbacks and feedbacks that wait for the next commit. */
  frames: Served[];
  feedbacks: Served[];
  /** Called after a commit, with whether the surface has content. */
  onCommit: (hasContent: boolean) => void;
}

const surface = perObject<Surface>(() => ({
  attached: undefined,
  shown: undefined,
  entered: false,
  frames: [],
  feedbacks: [],
  onCommit: () => {},
}));

/** Calls `then` after every commit of a wl_surface. */
export function followCommits(object: Served, then: (hasContent: boolean) => void): void {
  surface(object).onCommit = then;
}

/** wp_presentation.feedback. */
export function awaitPresentation(object: Served, feedback: Served): void {
  surface(object).feedbacks.push(feedback);
}

export const surfaceAnswers: Answers = {
  attach: ({ connection, object, args }) => {
    surface(object).attached = args[0] === 0 ? null : connection.object(args[0]);
  },
  frame: ({ object, made }) => void surface(object).frames.push(...made),
  commit: ({ connection, object }) => {
    const state = surface(object);
    show(connection, state);
    state.onCommit(state.shown !== undefined);
    if (state.shown !== undefined && !state.entered) enter(connection, object, state);
    const { frames, feedbacks } = state;
    state.frames = [];
    state.feedbacks = [];
    if (frames.length + feedbacks.length > 0) connection.atNextFrame(() => presented(connection, frames, feedbacks));
  },
  destroy: ({ connection, object }) => {
    const state = surface(object);
    state.attached = null;
    show(connection, state);
  },
};

function show(connection: ServedConnection, state: Surface): void {
  const { attached, shown } = state;
  state.attached = undefined;
  if (attached === undefined || attached === shown) return;
  state.shown = attached ?? undefined;
  if (shown !== undefined) connection.send(shown, "release", []);
}

function enter(connection: ServedConnection, object: Served, state: Surface): void {
  const screen = mainScreen(connection.offer);
  if (screen === undefined) return;
  state.entered = true;
  for (const output of connection.boundTo(screen.global)) connection.send(object, "enter", [output.id]);
}

function presented(connection: ServedConnection, frames: readonly Served[], feedbacks: readonly Served[]): void {
  const now = monotonicNanoseconds();
  const milliseconds = Number((now / NANOSECONDS_PER_MS) & 0xffff_ffffn);
  for (const frame of frames) connection.send(frame, "done", [milliseconds]);
  if (feedbacks.length === 0) return;
  const shown = now + (aheadOfMonotonic(presentationClock(connection)) ?? 0n);
  const seconds = shown / NANOSECONDS_PER_SECOND;
  const refresh = Math.round(STAND_IN_FRAME_MS * Number(NANOSECONDS_PER_MS));
  const time = [Number(seconds >> 32n), Number(seconds & 0xffff_ffffn), Number(shown % NANOSECONDS_PER_SECOND)];
  for (const feedback of feedbacks) connection.send(feedback, "presented", [...time, refresh, 0, 0, 0]);
}

/** clockid_t of the clock that the compositor has named to whoever asked. */
function presentationClock({ offer }: ServedConnection): number {
  const global = [...offer.globals.values()].find((one) => one.interface === wp_presentation.name);
  return (global?.events.findLast(({ name }) => name === "clock_id")?.args[0] as number | undefined) ?? CLOCK_MONOTONIC;
}
