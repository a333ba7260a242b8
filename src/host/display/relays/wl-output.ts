/** wl_output: sizes, scales and transforms are needed; what the screen is called by its maker is nobody's business. */
import { wl_output } from "../../../wayland/generated/wayland.ts";
import { defineRelay, forward } from "../relay.ts";

const GENERIC_MAKE = "Vitrine";
const GENERIC_MODEL = "Display";

export const outputRelay = defineRelay({
  table: wl_output,
  version: 4,
  requests: { release: forward },
  events: {
    geometry: ({ args, forward }) => {
      const [x, y, width, height, subpixel, , , transform] = args as [
        number,
        number,
        number,
        number,
        number,
        string,
        string,
        number,
      ];
      forward([x, y, width, height, subpixel, GENERIC_MAKE, GENERIC_MODEL, transform]);
    },
    mode: forward,
    done: forward,
    scale: forward,
    name: forward,
    description: ({ forward }) => forward([`${GENERIC_MAKE} ${GENERIC_MODEL}`]),
  },
});
