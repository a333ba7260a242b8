/**
 * wl_shm as far as it concerns the host: which pixel formats the compositor takes. Pools and their buffers live in the
 * guest half; a guest that asks us for one is not our guest half.
 */
import { BYTES_PER_PIXEL } from "../../../channel/contract/display.ts";
import { wl_buffer, wl_shm } from "../../../wayland/generated/wayland.ts";

import { defineRelay, forward } from "../relay.ts";

export const shmRelay = defineRelay({
  table: wl_shm,
  version: 2,
  requests: { release: forward },
  events: {
    format: ({ args, forward }) => {
      if (BYTES_PER_PIXEL.has(args[0] as number)) forward();
    },
  },
});

/** Buffers without memory of the guest: those of single-pixel-buffer. */
export const bufferRelay = defineRelay({
  table: wl_buffer,
  version: 1,
  requests: { destroy: forward },
  events: { release: forward },
});
