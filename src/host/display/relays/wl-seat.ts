/** wl_seat and wl_keyboard. Input reaches a guest only while one of its surfaces has it; the compositor sees to that. */
import { wl_keyboard, wl_seat } from "../../../wayland/generated/wayland.ts";
import type { DisplayClient } from "../client.ts";
import { noting } from "../input-serials.ts";
import { MAX_KEYMAP_BYTES } from "../limits.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import { violation } from "../surface-roles.ts";
import { guestIdOf } from "../translate.ts";

const PRESSED = wl_keyboard.enums.key_state?.entries.pressed ?? 1;

interface SeatState {
  /** The compositor's name of the seat; undefined before it is bound. */
  hostName: number | undefined;
}

type Capability = "pointer" | "keyboard" | "touch";

function bitOf(capability: Capability): number {
  return wl_seat.enums.capability?.entries[capability] ?? 0;
}

/** The rule by which such a device returns: where the seat has one. Without it the guest learns that, and asks again later. */
export function deviceReturns(capability: Capability): (client: DisplayClient, object: RelayObject) => void {
  return (client, object) => {
    const seat = stateOf(seatRelay, object.origin?.by);
    if (client.seats.has(seat?.hostName, bitOf(capability))) again(client, object);
  };
}

/** A device of the seat, if it has ever had one of that kind. */
function device(capability: Capability): (request: GuestRequest<SeatState>) => void {
  const bit = bitOf(capability);
  return ({ client, object, forward }) => {
    if (!client.seats.has(object.state.hostName, bit))
      throw violation(object, wl_seat, "missing_capability", `the seat has never had a ${capability}`);
    forward();
  };
}

export const seatRelay = defineRelay<SeatState>({
  table: wl_seat,
  version: 9,
  state: () => ({ hostName: undefined }),
  requests: {
    get_pointer: device("pointer"),
    get_keyboard: device("keyboard"),
    get_touch: device("touch"),
    release: forward,
  },
  events: { capabilities: forward, name: forward },
  bound: (_client, object, hostName) => {
    object.state.hostName = hostName;
  },
});

interface KeyboardState {
  /** The compositor's id of the surface that has it, 0 for none. */
  focus: number;
}

export const keyboardRelay = defineRelay<KeyboardState>({
  table: wl_keyboard,
  version: 9,
  state: () => ({ focus: 0 }),
  requests: { release: forward },
  events: {
    // The keymap's descriptor stays here; its bytes travel, and the guest half makes a file of its own of them.
    keymap: ({ client, args, fds, forward }) => {
      const [fd] = fds;
      if (fd === undefined) return;
      const size = args[2] as number;
      if (size > MAX_KEYMAP_BYTES) {
        client.context.notice("warning", `keymap of ${size} bytes was not passed on`);
        return;
      }
      client.link.sendFile(fd, size);
      forward(args, "sent");
    },
    enter: ({ client, object, args, forward }) => {
      object.state.focus = args[1] as number;
      client.serials.note(args[0] as number, "focus");
      forward();
    },
    // At once, not with the batch: whatever takes the focus must not open while the guest still repeats a key.
    leave: ({ client, object, args, forward }) => {
      object.state.focus = 0;
      client.serials.note(args[0] as number, "focus");
      forward();
      client.flush();
    },
    key: ({ client, args, forward }) => {
      client.serials.note(args[0] as number, "action");
      // A key may be let go of in another window than it was pressed in: whoever switches windows by keys does that.
      if (args[3] === PRESSED) client.context.policy.inputDelivered();
      forward();
    },
    modifiers: noting("focus"),
    repeat_info: forward,
  },
  lost: (client, object) => {
    const focus = guestIdOf(client, object.state.focus);
    object.state.focus = 0;
    if (focus !== 0) client.sendToGuest(object.guestId, wl_keyboard, "leave", [0, focus]);
  },
  returns: deviceReturns("keyboard"),
});
