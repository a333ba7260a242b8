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
import { defineRelay, forward, type HostEvent, type RelayObject, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import { liveObject } from "../translate.ts";
import { targetOf } from "./input-focus.ts";
import { pointerRelay } from "./wl-pointer.ts";

export const pointerGesturesRelay = defineRelay({
  table: zwp_pointer_gestures_v1,
  version: 3,
  requests: { get_swipe_gesture: forward, get_pinch_gesture: forward, get_hold_gesture: forward, release: forward },
  events: {},
});

interface GestureState {
  /** A gesture on one of the guest's surfaces is under way; those on frames end here. */
  isOurs: boolean;
}

type GestureEvent = HostEvent<GestureState>;
const noGesture = (): GestureState => ({ isOurs: false });

const gesture = {
  begin: (event: GestureEvent) => {
    const { client, object, args } = event;
    object.state.isOurs = targetOf(client, args[2] as number) !== "frame";
    gesture.end(event);
  },
  update: ({ object, forward }: GestureEvent) => {
    if (object.state.isOurs) forward();
  },
  end: ({ client, object, args, forward }: GestureEvent) => {
    if (!object.state.isOurs) return;
    client.serials.note(args[0] as number, "focus");
    forward();
  },
};

export const swipeGestureRelay = defineRelay<GestureState>({
  table: zwp_pointer_gesture_swipe_v1,
  version: 2,
  state: noGesture,
  requests: { destroy: forward },
  events: gesture,
  returns: again,
});

export const pinchGestureRelay = defineRelay<GestureState>({
  table: zwp_pointer_gesture_pinch_v1,
  version: 2,
  state: noGesture,
  requests: { destroy: forward },
  events: gesture,
  returns: again,
});

export const holdGestureRelay = defineRelay<GestureState>({
  table: zwp_pointer_gesture_hold_v1,
  version: 3,
  state: noGesture,
  requests: { destroy: forward },
  events: { begin: gesture.begin, end: gesture.end },
  returns: again,
});

export const relativePointerManagerRelay = defineRelay({
  table: zwp_relative_pointer_manager_v1,
  version: 1,
  requests: {
    destroy: forward,
    get_relative_pointer: ({ client, args, forward }) => {
      const [made] = forward();
      const state = stateOf(relativePointerRelay, made);
      if (state !== undefined) state.pointer = liveObject(client, args[1] as number);
    },
  },
  events: {},
});

interface RelativeState {
  pointer: RelayObject | undefined;
}

export const relativePointerRelay = defineRelay<RelativeState>({
  table: zwp_relative_pointer_v1,
  version: 1,
  state: () => ({ pointer: undefined }),
  requests: { destroy: forward },
  events: {
    relative_motion: ({ object, forward }) => {
      if (stateOf(pointerRelay, object.state.pointer)?.over !== "frame") forward();
    },
  },
  returns: again,
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
  returns: again,
});
