/**
 * wp_presentation: when a frame was shown. The compositor says by which of the host's clocks it goes; a guest has a
 * monotonic clock of its own, so each time is moved by the difference of the two.
 */
import { aheadOfMonotonic } from "../../../sys/clock.ts";
import { wp_presentation, wp_presentation_feedback } from "../../../wayland/generated/presentation-time.ts";
import type { DisplayClient } from "../client.ts";
import { defineRelay, forward } from "../relay.ts";

export const NANOSECONDS = 1_000_000_000n;
/** The last moment that can be named: seconds of 64 bits. */
const LATEST = (1n << 64n) * NANOSECONDS - 1n;
/** clockid_t of CLOCK_MONOTONIC on Linux, for host and guest alike. */
const CLOCK_MONOTONIC = 1;

/** Moves a time given as seconds (two halves) and nanoseconds back by `offset` nanoseconds; stays within what can be named. */
export function shiftTime(
  secondsHigh: number,
  secondsLow: number,
  nanoseconds: number,
  offset: bigint,
): [number, number, number] {
  const host = ((BigInt(secondsHigh) << 32n) + BigInt(secondsLow)) * NANOSECONDS + BigInt(nanoseconds);
  const moved = host > offset ? host - offset : 0n;
  const guest = moved < LATEST ? moved : LATEST;
  const seconds = guest / NANOSECONDS;
  return [Number(seconds >> 32n), Number(seconds & 0xffffffffn), Number(guest % NANOSECONDS)];
}

/** clockid_t of the clock that the compositor goes by, once it has said so. */
const compositorClocks = new WeakMap<DisplayClient, number>();

/** Nanoseconds that the compositor's clock is ahead of the guest's monotonic one. */
export function compositorAhead(client: DisplayClient): bigint {
  const clock = compositorClocks.get(client) ?? CLOCK_MONOTONIC;
  return client.context.clockOffset() + (aheadOfMonotonic(clock) ?? 0n);
}

export const presentationRelay = defineRelay({
  table: wp_presentation,
  version: 2,
  requests: { destroy: forward, feedback: forward },
  events: {
    clock_id: ({ client, args, forward }) => {
      compositorClocks.set(client, args[0] as number);
      forward([CLOCK_MONOTONIC]);
    },
  },
});

export const presentationFeedbackRelay = defineRelay({
  table: wp_presentation_feedback,
  version: 2,
  requests: {},
  events: {
    sync_output: forward,
    presented: ({ client, args, forward }) => {
      const [secondsHigh, secondsLow, nanoseconds, ...rest] = args as number[];
      const time = shiftTime(secondsHigh ?? 0, secondsLow ?? 0, nanoseconds ?? 0, compositorAhead(client));
      forward([...time, ...rest]);
    },
    discarded: forward,
  },
  lost: (client, object) => {
    client.sendToGuest(object.guestId, wp_presentation_feedback, "discarded", []);
    object.alive = false;
  },
});
