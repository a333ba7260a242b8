/**
 * zxdg_output: where a screen lies on the desktop, and its size there, in logical pixels.
 *
 * 1. Where the compositor has it for us, it is forwarded; only the maker's description is replaced.
 * 2. A compositor may hide it from sandboxed connections, which ours are (sway does). Programs built on it would then
 *    fall back to guesses, so it is answered here: from the desktop's layout when the supervisor's own connection knows
 *    it (output-layout.ts), else from wl_output, which cannot tell a fractional scale.
 * 3. Changes go out before the wl_output.done that they belong to; from version 3 on that stands for our own done.
 */
import { wl_output } from "../../../wayland/generated/wayland.ts";
import { zxdg_output_manager_v1, zxdg_output_v1 } from "../../../wayland/generated/xdg-output-unstable-v1.ts";
import type { DisplayClient } from "../client.ts";
import type { LogicalArea } from "../output-layout.ts";
import { defineRelay, forward, type RelayObject, stateOf } from "../relay.ts";
import { again } from "../replay.ts";
import { liveObject } from "../translate.ts";
import { GENERIC_DESCRIPTION, type OutputState, outputRelay } from "./wl-output.ts";

interface XdgOutputState {
  /** Stops following the wl_output, when the object is answered here. */
  stop: () => void;
}

const NAME_SINCE = 2;
const NO_DONE_SINCE = 3;
const OUTPUT_DONE_SINCE = 2;

/** The logical area of a screen as far as its wl_output tells: turned by its transform, divided by its scale. */
export function logicalArea(
  output: Pick<OutputState, "x" | "y" | "width" | "height" | "transform" | "scale">,
): LogicalArea {
  const { x, y, width, height, transform, scale } = output;
  const turned = (transform & 1) === 1;
  const logical = (pixels: number) => Math.floor(pixels / Math.max(1, scale));
  return { x, y, width: logical(turned ? height : width), height: logical(turned ? width : height) };
}

/** Tells the guest of an area; the first time of what never changes as well. */
function describe(
  client: DisplayClient,
  object: RelayObject,
  { name }: OutputState,
  { x, y, width, height }: LogicalArea,
  first: boolean,
): void {
  const send = (event: string, args: readonly (number | string)[]) =>
    client.sendToGuest(object.guestId, zxdg_output_v1, event, args);
  send("logical_position", [x, y]);
  send("logical_size", [width, height]);
  if (first && object.version >= NAME_SINCE) {
    if (name !== undefined) send("name", [name]);
    send("description", [GENERIC_DESCRIPTION]);
  }
  if (object.version < NO_DONE_SINCE) send("done", []);
}

function follow(
  client: DisplayClient,
  object: RelayObject<XdgOutputState>,
  output: RelayObject,
  state: OutputState,
): void {
  let told: string | undefined;
  const tell = (): boolean => {
    const known = client.context.layout.areaOf(state.hostName);
    if (!state.complete || known === "pending") return false;
    const area = known === "unknown" ? logicalArea(state) : known;
    const now = JSON.stringify(area);
    if (told === now) return false;
    describe(client, object, state, area, told === undefined);
    told = now;
    return true;
  };
  // Told outside of a wl_output.done of the compositor's, it takes one of our own.
  const tellNow = (): void => {
    if (!tell() || object.version < NO_DONE_SINCE || output.version < OUTPUT_DONE_SINCE || !output.alive) return;
    client.sendToGuest(output.guestId, wl_output, "done", []);
  };
  const stopLayout = client.context.layout.onChange(() => {
    tellNow();
    client.flush();
  });
  state.onComplete.add(tell);
  object.state.stop = () => {
    stopLayout();
    state.onComplete.delete(tell);
  };
  tellNow();
}

export const xdgOutputManagerRelay = defineRelay({
  table: zxdg_output_manager_v1,
  version: 3,
  answered: "where-missing",
  requests: {
    destroy: forward,
    get_xdg_output: ({ client, object, args, forward }) => {
      const output = liveObject(client, args[1] as number, "wl_output");
      const [made] = forward();
      const state = stateOf(outputRelay, output);
      if (object.hostId !== 0 || made === undefined || state === undefined) return;
      follow(client, made as RelayObject<XdgOutputState>, output, state);
    },
  },
  events: {},
});

export const xdgOutputRelay = defineRelay<XdgOutputState>({
  table: zxdg_output_v1,
  version: 3,
  state: () => ({ stop: () => {} }),
  requests: { destroy: forward },
  events: {
    logical_position: forward,
    logical_size: forward,
    done: forward,
    name: forward,
    description: ({ forward }) => forward([GENERIC_DESCRIPTION]),
  },
  destroyed: (_client, { state }) => state.stop(),
  returns: again,
});
