/**
 * wl_shm as far as it concerns the host: which pixel formats the compositor takes. Pools and their buffers live in the
 * guest half; a guest that asks us for one is not our guest half.
 */
import { BYTES_PER_PIXEL } from "../../../channel/contract/display.ts";
import { wl_buffer, wl_shm } from "../../../wayland/generated/wayland.ts";
import { defineRelay, forward } from "../relay.ts";
import { SinglePixel } from "../single-pixel.ts";

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

/** A buffer of one pixel; those in shared memory never come here. */
export const bufferRelay = defineRelay<SinglePixel>({
  table: wl_buffer,
  version: 1,
  local: true,
  state: (client, _by, { guestId }) => new SinglePixel(client, guestId),
  requests: { destroy: forward },
  events: {},
  lost: (_client, { state }) => state.hostLost(),
  destroyed: (_client, { state }) => state.destroyed(),
});
