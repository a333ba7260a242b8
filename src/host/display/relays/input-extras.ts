/**
 * More of the pointer and of times of input, for the surface that has the input anyway.
 *
 * 1. zwp_pointer_gestures: swipe, pinch and hold on a touchpad. zwp_relative_pointer: motion before the edge of the
 *    screen stops it. Both tell of a wl_pointer of the app, and come only while that is on one of its surfaces.
 * 2. zwp_input_timestamps: the time of the next input event in nanoseconds. Its base is nobody's clock in particular,
 *    and the times in milliseconds of wl_pointer and its like are not moved either.
 */
import {
  zwp_input_timestamps_manager_v1,
  zwp_input_timestamps_v1,
} from "../../../wayland/generated/input-timestamps-unstable-v1.ts";
import {
  zwp_pointer_gesture_hold_v1,
  zwp_pointer_gesture_pinch_v1,
  zwp_pointer_gesture_swipe_v1,
  zwp_pointer_gestures_v1,
} from "../../../wayland/generated/pointer-gestures-unstable-v1.ts";
import {
  zwp_relative_pointer_manager_v1,
  zwp_relative_pointer_v1,
} from "../../../wayland/generated/relative-pointer-unstable-v1.ts";
import { noting } from "../input-serials.ts";
import { defineRelay, forward } from "../relay.ts";

export const pointerGesturesRelay = defineRelay({
  table: zwp_pointer_gestures_v1,
  version: 3,
  requests: { get_swipe_gesture: forward, get_pinch_gesture: forward, get_hold_gesture: forward, release: forward },
  events: {},
});

export const swipeGestureRelay = defineRelay({
  table: zwp_pointer_gesture_swipe_v1,
  version: 2,
  requests: { destroy: forward },
  events: { begin: noting("focus"), update: forward, end: noting("focus") },
});

export const pinchGestureRelay = defineRelay({
  table: zwp_pointer_gesture_pinch_v1,
  version: 2,
  requests: { destroy: forward },
  events: { begin: noting("focus"), update: forward, end: noting("focus") },
});

export const holdGestureRelay = defineRelay({
  table: zwp_pointer_gesture_hold_v1,
  version: 3,
  requests: { destroy: forward },
  events: { begin: noting("focus"), end: noting("focus") },
});

export const relativePointerManagerRelay = defineRelay({
  table: zwp_relative_pointer_manager_v1,
  version: 1,
  requests: { destroy: forward, get_relative_pointer: forward },
  events: {},
});

export const relativePointerRelay = defineRelay({
  table: zwp_relative_pointer_v1,
  version: 1,
  requests: { destroy: forward },
  events: { relative_motion: forward },
});

export const inputTimestampsManagerRelay = defineRelay({
  table: zwp_input_timestamps_manager_v1,
  version: 1,
  requests: {
    destroy: forward,
    get_keyboard_timestamps: forward,
    get_pointer_timestamps: forward,
    get_touch_timestamps: forward,
  },
  events: {},
});

export const inputTimestampsRelay = defineRelay({
  table: zwp_input_timestamps_v1,
  version: 1,
  requests: { destroy: forward },
  events: { timestamp: forward },
});
