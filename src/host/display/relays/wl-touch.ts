/** wl_touch: fingers that came down on the guest's surfaces. Those on frames are ours to deal with and end here. */
import { wl_touch } from "../../../wayland/generated/wayland.ts";
import { noteInput } from "../input-serials.ts";
import { defineRelay, forward, type HostEvent } from "../relay.ts";
import { placeForGuest, type Target, targetOf } from "./input-focus.ts";
import { deviceReturns } from "./wl-seat.ts";

interface TouchState {
  /** Where each finger that is down came down. */
  readonly points: Map<number, Target>;
  /** The guest has been told something since the last wl_touch.frame. */
  told: boolean;
}

/** An event of the finger whose number is the argument at `index`. */
function ofPoint(index: number) {
  return ({ object, args, forward }: HostEvent<TouchState>) => {
    if (object.state.points.get(args[index] as number) === "frame") return;
    object.state.told = true;
    forward();
  };
}

export const touchRelay = defineRelay<TouchState>({
  table: wl_touch,
  version: 9,
  state: () => ({ points: new Map(), told: false }),
  requests: { release: forward },
  events: {
    down: ({ client, object, args, forward }) => {
      const [serial = 0, time = 0, surfaceId = 0, point = 0, x = 0, y = 0] = args as number[];
      const target = targetOf(client, surfaceId);
      object.state.points.set(point, target);
      if (target === "frame") return;
      object.state.told = true;
      noteInput(client, serial, "action");
      forward([serial, time, surfaceId, point, ...placeForGuest(target, x, y)]);
    },
    up: (event) => {
      const { client, object, args } = event;
      if (object.state.points.get(args[2] as number) !== "frame") noteInput(client, args[0] as number, "action");
      ofPoint(2)(event);
      event.object.state.points.delete(event.args[2] as number);
    },
    motion: ({ object, args, forward }) => {
      const [time = 0, point = 0, x = 0, y = 0] = args as number[];
      const target = object.state.points.get(point);
      if (target === "frame") return;
      object.state.told = true;
      forward(target === undefined ? args : [time, point, ...placeForGuest(target, x, y)]);
    },
    frame: ({ object, forward }) => {
      if (object.state.told) forward();
      object.state.told = false;
    },
    cancel: ({ object, forward }) => {
      object.state.points.clear();
      forward();
    },
    shape: ofPoint(0),
    orientation: ofPoint(0),
  },
  lost: (client, object) => {
    if (object.state.points.size > 0) client.sendToGuest(object.guestId, wl_touch, "cancel", []);
    object.state.points.clear();
    object.state.told = false;
  },
  returns: deviceReturns("touch"),
});
