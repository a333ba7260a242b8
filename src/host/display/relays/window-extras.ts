/** Small interfaces around a surface: scales, cursor shapes, one-colour buffers. */
import { wp_cursor_shape_device_v1, wp_cursor_shape_manager_v1 } from "../../../wayland/generated/cursor-shape-v1.ts";
import {
  wp_fractional_scale_manager_v1,
  wp_fractional_scale_v1,
} from "../../../wayland/generated/fractional-scale-v1.ts";
import { wp_single_pixel_buffer_manager_v1 } from "../../../wayland/generated/single-pixel-buffer-v1.ts";
import { defineRelay, forward, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import { errorCode, onlyOne } from "../surface-roles.ts";
import { bufferRelay } from "./wl-shm.ts";

export const fractionalScaleManagerRelay = defineRelay({
  table: wp_fractional_scale_manager_v1,
  version: 1,
  requests: {
    destroy: forward,
    get_fractional_scale: onlyOne(errorCode(wp_fractional_scale_manager_v1, "fractional_scale_exists")),
  },
  events: {},
});

export const fractionalScaleRelay = defineRelay({
  table: wp_fractional_scale_v1,
  version: 1,
  requests: { destroy: forward },
  events: { preferred_scale: forward },
  returns: again,
});

export const cursorShapeManagerRelay = defineRelay({
  table: wp_cursor_shape_manager_v1,
  version: 2,
  requests: { destroy: forward, get_pointer: forward, get_tablet_tool_v2: forward },
  events: {},
});

export const cursorShapeDeviceRelay = defineRelay({
  table: wp_cursor_shape_device_v1,
  version: 2,
  requests: { destroy: forward, set_shape: forward },
  events: {},
  returns: again,
});

export const singlePixelBufferRelay = defineRelay({
  table: wp_single_pixel_buffer_manager_v1,
  version: 1,
  requests: {
    destroy: forward,
    create_u32_rgba_buffer: ({ client, object, args }) => {
      const [id, ...colour] = args as [number, number, number, number, number];
      const pixel = stateOf(bufferRelay, client.createFromGuest(id, object.version, bufferRelay, object));
      if (pixel !== undefined) pixel.colour = colour;
    },
  },
  events: {},
});
