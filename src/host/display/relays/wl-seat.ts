/** wl_seat and wl_keyboard. Input reaches a guest only while one of its surfaces has it; the compositor sees to that. */
import { wl_keyboard, wl_seat } from "../../../wayland/generated/wayland.ts";
import { noting } from "../input-serials.ts";
import { MAX_KEYMAP_BYTES } from "../limits.ts";
import { defineRelay, forward } from "../relay.ts";

const PRESSED = wl_keyboard.enums.key_state?.entries.pressed ?? 1;

export const seatRelay = defineRelay({
  table: wl_seat,
  version: 9,
  requests: { get_pointer: forward, get_keyboard: forward, get_touch: forward, release: forward },
  events: { capabilities: forward, name: forward },
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
