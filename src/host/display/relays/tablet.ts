/**
 * zwp_tablet_v2: pens, and the buttons, rings, strips and dials of drawing tablets.
 *
 * 1. The app asks for the tablets of a seat; all other objects are made by the compositor. Their input comes only while
 *    the pen is over, or the pad belongs to, one of the app's surfaces.
 * 2. Makers and serial numbers are nobody's business, as with wl_output: names are replaced, paths and ids left out, and
 *    the number of a pen, which drawing programs tell their brushes apart by, is a count of our own.
 */
import {
  zwp_tablet_manager_v2,
  zwp_tablet_pad_dial_v2,
  zwp_tablet_pad_group_v2,
  zwp_tablet_pad_ring_v2,
  zwp_tablet_pad_strip_v2,
  zwp_tablet_pad_v2,
  zwp_tablet_seat_v2,
  zwp_tablet_tool_v2,
  zwp_tablet_v2,
} from "../../../wayland/generated/tablet-v2.ts";
import type { DisplayClient } from "../client.ts";
import { hostTitle } from "../identity.ts";
import { noteInput, noting } from "../input-serials.ts";
import { defineRelay, type EventRule, forward, type HostEvent, type RequestRule } from "../relay.ts";
import { again, endsBy } from "../replay.ts";
import { placeForGuest, type Target, targetOf } from "./input-focus.ts";
import { setCursor } from "./wl-pointer.ts";

const VERSION = 2;
const GENERIC_NAME = "Vitrine Tablet";

interface ToolState {
  /** Which pen of this connection it is, from 1 on. */
  readonly number: number;
  over: Target | undefined;
}

type ToolEvent = HostEvent<ToolState>;

/** An event of a pen that is over one of the guest's surfaces; over a frame it ends here. */
function ofPen({ object, forward }: ToolEvent): void {
  if (object.state.over !== "frame") forward();
}

/** The same, of one that carries a serial of what the user did. */
function actionOfPen(event: ToolEvent): void {
  if (event.object.state.over === "frame") return;
  noteInput(event.client, event.args[0] as number, "action");
  event.forward();
}

const pens = new WeakMap<DisplayClient, number>();

/** The event is not passed on. */
const withheld: EventRule = () => {};

/** A text of the app, in argument `index`, that the compositor may show to explain a button. */
function described(index: number): RequestRule {
  return ({ args, forward }) => forward(args.map((value, at) => (at === index ? hostTitle(value as string) : value)));
}

export const tabletManagerRelay = defineRelay({
  table: zwp_tablet_manager_v2,
  version: VERSION,
  requests: { get_tablet_seat: forward, destroy: forward },
  events: {},
});

export const tabletSeatRelay = defineRelay({
  table: zwp_tablet_seat_v2,
  version: VERSION,
  requests: { destroy: forward },
  events: { tablet_added: forward, tool_added: forward, pad_added: forward },
  returns: again,
});

export const tabletRelay = defineRelay({
  table: zwp_tablet_v2,
  version: VERSION,
  requests: { destroy: forward },
  events: {
    name: ({ forward }) => forward([GENERIC_NAME]),
    id: withheld,
    path: withheld,
    done: forward,
    removed: forward,
    bustype: forward,
  },
  lost: endsBy("removed"),
});

export const tabletToolRelay = defineRelay<ToolState>({
  table: zwp_tablet_tool_v2,
  version: VERSION,
  state: (client) => {
    const number = (pens.get(client) ?? 0) + 1;
    pens.set(client, number);
    return { number, over: undefined };
  },
  requests: { set_cursor: setCursor, destroy: forward },
  events: {
    type: forward,
    hardware_serial: ({ object, forward }) => forward([0, object.state.number]),
    hardware_id_wacom: () => {},
    capability: forward,
    done: forward,
    removed: forward,
    proximity_in: ({ client, object, args, forward }) => {
      const [serial = 0, , surfaceId = 0] = args as number[];
      object.state.over = targetOf(client, surfaceId);
      if (object.state.over === "frame") return;
      client.serials.note(serial, "focus");
      forward();
    },
    // Its frame event belongs to it and goes the same way, so what it was over counts until the next proximity_in.
    proximity_out: ofPen,
    down: actionOfPen,
    up: ofPen,
    motion: ({ object, args, forward }) => {
      const { over } = object.state;
      const [x, y] = args as [number, number];
      if (over !== "frame") forward(over === undefined ? args : placeForGuest(over, x, y));
    },
    pressure: ofPen,
    distance: ofPen,
    tilt: ofPen,
    rotation: ofPen,
    slider: ofPen,
    wheel: ofPen,
    button: actionOfPen,
    frame: ofPen,
  },
  lost: endsBy("removed"),
});

export const tabletPadRelay = defineRelay({
  table: zwp_tablet_pad_v2,
  version: VERSION,
  requests: { set_feedback: described(1), destroy: forward },
  events: {
    group: forward,
    path: withheld,
    buttons: forward,
    done: forward,
    button: forward,
    enter: noting("focus"),
    leave: noting("focus"),
    removed: forward,
  },
  lost: endsBy("removed"),
});

export const tabletPadGroupRelay = defineRelay({
  table: zwp_tablet_pad_group_v2,
  version: VERSION,
  requests: { destroy: forward },
  events: {
    buttons: forward,
    ring: forward,
    strip: forward,
    modes: forward,
    done: forward,
    mode_switch: noting("action", 1),
    dial: forward,
  },
});

export const tabletPadRingRelay = defineRelay({
  table: zwp_tablet_pad_ring_v2,
  version: VERSION,
  requests: { set_feedback: described(0), destroy: forward },
  events: { source: forward, angle: forward, stop: forward, frame: forward },
});

export const tabletPadStripRelay = defineRelay({
  table: zwp_tablet_pad_strip_v2,
  version: VERSION,
  requests: { set_feedback: described(0), destroy: forward },
  events: { source: forward, position: forward, stop: forward, frame: forward },
});

export const tabletPadDialRelay = defineRelay({
  table: zwp_tablet_pad_dial_v2,
  version: VERSION,
  requests: { set_feedback: described(0), destroy: forward },
  events: { delta: forward, frame: forward },
});
