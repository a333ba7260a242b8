/** wl_output: sizes, scales and transforms are needed; what the screen is called by its maker is nobody's business. */
import { wl_output } from "../../../wayland/generated/wayland.ts";
import type { DisplayClient } from "../client.ts";
import { defineRelay, forward, type HostEvent } from "../relay.ts";

const GENERIC_MAKE = "Vitrine";
const GENERIC_MODEL = "Display";
export const GENERIC_DESCRIPTION = `${GENERIC_MAKE} ${GENERIC_MODEL}`;

const MODE_CURRENT = wl_output.enums.mode?.entries.current ?? 1;
/** Since this version `done` says that the properties are complete. */
const DONE_SINCE = 2;

/** What the compositor has told of a screen. */
export interface OutputState {
  /** The compositor's name of the global. */
  hostName: number | undefined;
  /** In the compositor's space. */
  x: number;
  y: number;
  transform: number;
  /** Size in pixels of the screen itself. */
  width: number;
  height: number;
  scale: number;
  name: string | undefined;
  /** All of the above has been told once. */
  complete: boolean;
  /** Called when all changes of the moment have been told, before the guest learns that. */
  readonly onComplete: Set<() => void>;
}

type Event = HostEvent<OutputState>;

/** The properties are complete: with version 1 after each, later when the compositor says so. */
function completed({ object }: Event): void {
  object.state.complete = true;
  for (const listener of object.state.onComplete) listener();
}

function passOn(event: Event, args?: Event["args"]): void {
  event.forward(args);
  if (event.object.version < DONE_SINCE && event.message.name === "mode") completed(event);
}

export const outputRelay = defineRelay<OutputState>({
  table: wl_output,
  version: 4,
  state: () => ({
    hostName: undefined,
    x: 0,
    y: 0,
    transform: 0,
    width: 0,
    height: 0,
    scale: 1,
    name: undefined,
    complete: false,
    onComplete: new Set(),
  }),
  bound: (_client: DisplayClient, { state }, hostName) => {
    state.hostName = hostName;
  },
  requests: { release: forward },
  events: {
    geometry: (event) => {
      const [x, y, width, height, subpixel, , , transform] = event.args as [
        number,
        number,
        number,
        number,
        number,
        string,
        string,
        number,
      ];
      Object.assign(event.object.state, { x, y, transform });
      passOn(event, [x, y, width, height, subpixel, GENERIC_MAKE, GENERIC_MODEL, transform]);
    },
    mode: (event) => {
      const [flags, width, height] = event.args as [number, number, number];
      if ((flags & MODE_CURRENT) !== 0) Object.assign(event.object.state, { width, height });
      passOn(event);
    },
    done: (event) => {
      completed(event);
      event.forward();
    },
    scale: (event) => {
      event.object.state.scale = event.args[0] as number;
      event.forward();
    },
    name: (event) => {
      event.object.state.name = event.args[0] as string;
      event.forward();
    },
    description: ({ forward }) => forward([GENERIC_DESCRIPTION]),
  },
});
