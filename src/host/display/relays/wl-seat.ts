/** wl_seat and wl_keyboard. Input reaches a guest only while one of its surfaces has it; the compositor sees to that. */
import { wl_keyboard, wl_seat } from "../../../wayland/generated/wayland.ts";
import { noting } from "../input-serials.ts";
import { MAX_KEYMAP_BYTES } from "../limits.ts";
import { defineRelay, forward, type GuestRequest } from "../relay.ts";
import { violation } from "../surface-roles.ts";

const PRESSED = wl_keyboard.enums.key_state?.entries.pressed ?? 1;

interface SeatState {
  /** The compositor's name of the seat; undefined before it is bound. */
  hostName: number | undefined;
}

/** A device of the seat, if it has ever had one of that kind. */
function device(capability: "pointer" | "keyboard" | "touch"): (request: GuestRequest<SeatState>) => void {
  const bit = wl_seat.enums.capability?.entries[capability] ?? 0;
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

export const keyboardRelay = defineRelay({
  table: wl_keyboard,
  version: 9,
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
    enter: noting("focus"),
    // At once, not with the batch: whatever takes the focus must not open while the guest still repeats a key.
    leave: ({ client, args, forward }) => {
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
});
