/** Small interfaces around a surface: decorations, viewports, scales, cursor shapes, one-colour buffers. */
import { wp_cursor_shape_device_v1, wp_cursor_shape_manager_v1 } from "../../../wayland/generated/cursor-shape-v1.ts";
import {
  wp_fractional_scale_manager_v1,
  wp_fractional_scale_v1,
} from "../../../wayland/generated/fractional-scale-v1.ts";
import { wp_single_pixel_buffer_manager_v1 } from "../../../wayland/generated/single-pixel-buffer-v1.ts";
import { wp_viewport, wp_viewporter } from "../../../wayland/generated/viewporter.ts";
import {
  zxdg_decoration_manager_v1,
  zxdg_toplevel_decoration_v1,
} from "../../../wayland/generated/xdg-decoration-unstable-v1.ts";
import { defineRelay, forward } from "../relay.ts";
import { errorCode, onlyOne } from "../surface-roles.ts";

export const decorationManagerRelay = defineRelay({
  table: zxdg_decoration_manager_v1,
  version: 1,
  requests: {
    destroy: forward,
    get_toplevel_decoration: onlyOne(errorCode(zxdg_toplevel_decoration_v1, "already_constructed")),
  },
  events: {},
});

export const toplevelDecorationRelay = defineRelay({
  table: zxdg_toplevel_decoration_v1,
  version: 1,
  requests: { destroy: forward, set_mode: forward, unset_mode: forward },
  events: { configure: forward },
});

export const viewporterRelay = defineRelay({
  table: wp_viewporter,
  version: 1,
  requests: { destroy: forward, get_viewport: onlyOne(errorCode(wp_viewporter, "viewport_exists")) },
  events: {},
});

export const viewportRelay = defineRelay({
  table: wp_viewport,
  version: 1,
  requests: { destroy: forward, set_source: forward, set_destination: forward },
  events: {},
});

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
});

export const singlePixelBufferRelay = defineRelay({
  table: wp_single_pixel_buffer_manager_v1,
  version: 1,
  requests: { destroy: forward, create_u32_rgba_buffer: forward },
  events: {},
});
