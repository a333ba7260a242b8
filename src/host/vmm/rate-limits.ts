/**
 * How much of the host's devices one guest may use, as token buckets: `size` tokens, refilled within `refill_time`
 * milliseconds. Firecracker and cloud-hypervisor write them alike.
 */

/** Bytes that a guest may read from one disk in a second: what a fast disk gives, so that a guest alone is not slowed down. */
export const DISK_BANDWIDTH_BYTES = 1024 * 1024 * 1024;
/** Requests of a guest to one disk in a second. A start makes about three thousand in all. */
export const DISK_OPERATIONS_LIMIT = 50_000;
/** Bytes of random numbers for a guest in a second: a hundred times what a busy one takes. */
export const ENTROPY_BANDWIDTH_BYTES = 64 * 1024;

const SECOND = 1000;

export const DISK_RATE_LIMITER = {
  bandwidth: { size: DISK_BANDWIDTH_BYTES, refill_time: SECOND },
  ops: { size: DISK_OPERATIONS_LIMIT, refill_time: SECOND },
};
export const ENTROPY_RATE_LIMITER = { bandwidth: { size: ENTROPY_BANDWIDTH_BYTES, refill_time: SECOND } };
