/** The kernel's clocks. The runtime's own counts from the start of the process, which no one else can follow. */
import { systemError } from "./errors.ts";
import { errno, libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;

/** CLOCK_MONOTONIC in nanoseconds: what most compositors stamp their frames with. */
export function monotonicNanoseconds(): bigint {
  const time = clockNanoseconds(CLOCK_MONOTONIC);
  if (time === undefined) throw systemError("reading the monotonic clock", errno());
  return time;
}

/**
 * By how many nanoseconds the clock with that clockid_t is ahead of CLOCK_MONOTONIC. Some compositors stamp frames with
 * CLOCK_MONOTONIC_RAW, which drifts away from it. Undefined when the kernel has no such clock.
 */
export function aheadOfMonotonic(clock: number): bigint | undefined {
  if (clock === CLOCK_MONOTONIC) return 0n;
  const time = clockNanoseconds(clock);
  return time === undefined ? undefined : time - monotonicNanoseconds();
}

function clockNanoseconds(clock: number): bigint | undefined {
  const time = new BigInt64Array(2);
  if (libc.clockGettime(clock, time) < 0) return undefined;
  return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
}

/** Sets the wall clock of the whole machine, to milliseconds since 1970. Throws VitrineError "denied". */
export function setWallClock(milliseconds: number): void {
  const nanoseconds = BigInt(Math.round(milliseconds * 1000)) * 1000n;
  const time = new BigInt64Array([nanoseconds / 1_000_000_000n, nanoseconds % 1_000_000_000n]);
  if (libc.clockSettime(CLOCK_REALTIME, time) < 0) throw systemError(`setting the clock to "${milliseconds}"`, errno());
}
