/** wl_pointer: what happens over the guest's surfaces. What happens over frames is ours to deal with and ends here. */
import { wl_pointer } from "../../../wayland/generated/wayland.ts";
import type { DisplayClient } from "../client.ts";
import { type InputKind, noteInput } from "../input-serials.ts";
import { MAX_CURSOR_SIDE } from "../limits.ts";
import { defineRelay, forward, type GuestRequest, type HostEvent, type RelayObject } from "../relay.ts";
import { showTree } from "../surfaces/show.ts";
import { placeForGuest, type Target, targetOf } from "./input-focus.ts";
import { deviceReturns } from "./wl-seat.ts";
import { liveSurface } from "./wl-surface.ts";

interface PointerState {
  over: Target | undefined;
  /** Where on the compositor's surface, and when it was told last. */
  x: number;
  y: number;
  time: number;
  /** Tells the guest anew where the pointer is; set while it is over one of its surfaces. */
  follow: (() => void) | undefined;
  /** The guest has been told something since the last wl_pointer.frame. */
  told: boolean;
}

type Event = HostEvent<PointerState>;

/** wl_pointer.error.role, which is zwp_tablet_tool_v2's as well. */
const ERROR_ROLE = wl_pointer.enums.error?.entries.role ?? 0;

/** set_cursor of a pointer or pen: a picture of the guest's, of which a bounded part is shown, near to where it points. */
export function setCursor({ client, object, args, forward }: GuestRequest<{ over: Target | undefined }>): void {
  const [serial = 0, surfaceId = 0, x = 0, y = 0] = args as number[];
  if (surfaceId !== 0) {
    const surface = liveSurface(client, surfaceId);
    surface.takeRole("cursor", surface.guestId, ERROR_ROLE);
    // It may have content already, of any size.
    showTree(surface, client.own, false);
  }
  if (object.state.over === "frame") return;
  const within = (value: number) => Math.max(0, Math.min(value, MAX_CURSOR_SIDE));
  forward([serial, surfaceId, within(x), within(y)]);
}

/** Version that brought wl_pointer.frame. */
const FRAME_SINCE = 5;

/** An event that does not name a surface: it goes where the last enter event went. */
function follows({ object, forward }: Event): void {
  if (object.state.over === "frame") return;
  object.state.told = true;
  forward();
}

/** The same, of one that carries a serial. */
function followsWithSerial(kind: InputKind) {
  return (event: Event) => {
    if (event.object.state.over === "frame") return;
    noteInput(event.client, event.args[0] as number, kind);
    follows(event);
  };
}

/** The pointer is over something else now, or over nothing. */
function goTo(client: DisplayClient, object: RelayObject<PointerState>, target: Target | undefined): void {
  const { state } = object;
  if (state.follow !== undefined && state.over !== undefined && state.over !== "frame")
    state.over.followers.delete(state.follow);
  state.over = target;
  state.follow = undefined;
  if (target === undefined || target === "frame") return;
  // To the compositor nothing has moved when the guest shows another part of its surface.
  state.follow = () => {
    if (!object.alive) return;
    client.sendToGuest(object.guestId, wl_pointer, "motion", [state.time, ...placeForGuest(target, state.x, state.y)]);
    if (object.version >= FRAME_SINCE) client.sendToGuest(object.guestId, wl_pointer, "frame", []);
  };
  target.followers.add(state.follow);
}

export const pointerRelay = defineRelay<PointerState>({
  table: wl_pointer,
  version: 9,
  state: () => ({ over: undefined, x: 0, y: 0, time: 0, follow: undefined, told: false }),
  requests: {
    set_cursor: setCursor,
    release: forward,
  },
  destroyed: (client, object) => goTo(client, object, undefined),
  lost: (client, object) => {
    const { over } = object.state;
    goTo(client, object, undefined);
    object.state.told = false;
    if (over === undefined || over === "frame") return;
    client.sendToGuest(object.guestId, wl_pointer, "leave", [0, over.guestId]);
    if (object.version >= FRAME_SINCE) client.sendToGuest(object.guestId, wl_pointer, "frame", []);
  },
  returns: deviceReturns("pointer"),
  events: {
    enter: ({ client, object, args, forward }) => {
      const [serial = 0, surfaceId = 0, x = 0, y = 0] = args as number[];
      const target = targetOf(client, surfaceId);
      goTo(client, object, target);
      Object.assign(object.state, { x, y });
      if (target === "frame") return;
      object.state.told = true;
      noteInput(client, serial, "focus");
      forward([serial, surfaceId, ...placeForGuest(target, x, y)]);
    },
    leave: (event) => {
      const { client, object, args } = event;
      const target = targetOf(client, args[1] as number);
      object.state.over = target;
      followsWithSerial("focus")(event);
      goTo(client, object, undefined);
    },
    motion: ({ object, args, forward }) => {
      const { over } = object.state;
      const [time = 0, x = 0, y = 0] = args as number[];
      Object.assign(object.state, { time, x, y });
      if (over === "frame") return;
      object.state.told = true;
      forward(over === undefined ? args : [time, ...placeForGuest(over, x, y)]);
    },
    button: followsWithSerial("action"),
    axis: follows,
    frame: ({ object, forward }) => {
      if (object.state.told) forward();
      object.state.told = false;
    },
    axis_source: follows,
    axis_stop: follows,
    axis_discrete: follows,
    axis_value120: follows,
    axis_relative_direction: follows,
  },
});
