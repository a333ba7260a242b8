/**
 * wp_commit_timing: a commit that shall not be shown before a moment. The app names the moment by the guest's monotonic
 * clock; the compositor goes by one of the host's, so each is moved by the difference of the two (the inverse of what
 * presentation-time.ts does).
 */
import { wp_commit_timer_v1, wp_commit_timing_manager_v1 } from "../../../wayland/generated/commit-timing-v1.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { defineRelay, forward } from "../relay.ts";
import { again } from "../replay.ts";
import { compositorAhead, NANOSECONDS, shiftTime } from "./presentation-time.ts";

const INVALID_TIMESTAMP = wp_commit_timer_v1.enums.error?.entries.invalid_timestamp ?? 0;

/** A moment of the guest's clock, in seconds (two halves) and nanoseconds, by the host's, which is `offset` ns ahead. */
export function hostTime(
  secondsHigh: number,
  secondsLow: number,
  nanoseconds: number,
  offset: bigint,
): [secondsHigh: number, secondsLow: number, nanoseconds: number] {
  return shiftTime(secondsHigh, secondsLow, nanoseconds, -offset);
}

export const commitTimingManagerRelay = defineRelay({
  table: wp_commit_timing_manager_v1,
  version: 1,
  requests: { destroy: forward, get_timer: forward },
  events: {},
});

export const commitTimerRelay = defineRelay({
  table: wp_commit_timer_v1,
  version: 1,
  requests: {
    set_timestamp: ({ client, object, args, forward }) => {
      const [secondsHigh, secondsLow, nanoseconds] = args as [number, number, number];
      // Moved times are well-formed: the app's mistake would not be seen by the compositor.
      if (nanoseconds >= Number(NANOSECONDS)) {
        throw new ProtocolViolation(object.guestId, INVALID_TIMESTAMP, `invalid timestamp, ${nanoseconds} nanoseconds`);
      }
      forward(hostTime(secondsHigh, secondsLow, nanoseconds, compositorAhead(client)));
    },
    destroy: forward,
  },
  events: {},
  returns: again,
});
