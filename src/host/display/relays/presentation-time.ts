/**
 * wp_presentation: when a frame was shown. The compositor's times are those of the host's monotonic clock; the guest has
 * its own, so each time is moved by the difference of the two.
 */
import { wp_presentation, wp_presentation_feedback } from "../../../wayland/generated/presentation-time.ts";
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

export const presentationRelay = defineRelay({
  table: wp_presentation,
  version: 2,
  requests: { destroy: forward, feedback: forward },
  events: { clock_id: ({ forward }) => forward([CLOCK_MONOTONIC]) },
});

export const presentationFeedbackRelay = defineRelay({
  table: wp_presentation_feedback,
  version: 2,
  requests: {},
  events: {
    sync_output: forward,
    presented: ({ client, args, forward }) => {
      const [secondsHigh, secondsLow, nanoseconds, ...rest] = args as number[];
      const time = shiftTime(secondsHigh ?? 0, secondsLow ?? 0, nanoseconds ?? 0, client.context.clockOffset());
      forward([...time, ...rest]);
    },
    discarded: forward,
  },
});
