/**
 * wl_shm as far as it concerns the host: which pixel formats the compositor takes. Pools and their buffers live in the
 * guest half; a guest that asks us for one is not our guest half.
 */
import { BYTES_PER_PIXEL } from "../../../channel/contract/display.ts";
import { wl_buffer, wl_shm } from "../../../wayland/generated/wayland.ts";
import { defineRelay, forward } from "../relay.ts";
import { again } from "../replay.ts";
import type { BufferView, SurfaceBuffer } from "../surfaces/change.ts";
import type { Rect } from "../surfaces/rect.ts";

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

/** A buffer without memory of the guest, from single-pixel-buffer. */
class PixelBuffer implements SurfaceBuffer {
  readonly width = 1;
  readonly height = 1;
  #hostId: number;
  readonly #destroy: (hostId: number) => void;
  #waiting = 0;
  #state: "there" | "unwanted" | "gone" = "there";

  constructor(hostId: number, destroy: (hostId: number) => void) {
    this.#hostId = hostId;
    this.#destroy = destroy;
  }

  hold(): void {
    this.#waiting += 1;
  }

  keep(): void {
    this.hold();
  }

  drop(): void {
    this.#waiting -= 1;
    this.#destroyWhenUnused();
  }

  view(part: Rect | undefined): BufferView | undefined {
    return part !== undefined || this.#state === "gone" ? undefined : { hostId: this.#hostId, given: () => {} };
  }

  /** It is on another compositor, under another id. */
  returned(hostId: number): void {
    this.#hostId = hostId;
  }

  /** The guest wants it no more; a commit that waits may still show it. */
  destroyed(): void {
    this.#state = "unwanted";
    this.#destroyWhenUnused();
  }

  #destroyWhenUnused(): void {
    if (this.#state !== "unwanted" || this.#waiting > 0) return;
    this.#state = "gone";
    this.#destroy(this.#hostId);
  }
}

export const bufferRelay = defineRelay<PixelBuffer>({
  table: wl_buffer,
  version: 1,
  state: (client, _by, { hostId }) =>
    new PixelBuffer(hostId, (current) => client.sendToHost(current, wl_buffer, "destroy", [])),
  requests: { destroy: ({ object }) => object.state.destroyed() },
  events: { release: forward },
  returns: (client, object) => {
    again(client, object);
    object.state.returned(object.hostId);
  },
});
