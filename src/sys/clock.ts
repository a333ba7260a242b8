/** The kernel's monotonic clock. The runtime's own counts from the start of the process, which no one else can follow. */
import { systemError } from "./errors.ts";
import { errno, libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;

/** CLOCK_MONOTONIC in nanoseconds: what compositors stamp their frames with. */
export function monotonicNanoseconds(): bigint {
  const time = new BigInt64Array(2);
  if (libc.clockGettime(CLOCK_MONOTONIC, time) < 0) throw systemError("reading the monotonic clock", errno());
  return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
}
