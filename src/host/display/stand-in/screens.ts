/** The screens of an offer, in the units that windows are measured in. */
import { wl_output } from "../../../wayland/generated/wayland.ts";
import type { LogicalArea } from "../output-layout.ts";
import { logicalArea } from "../relays/xdg-output.ts";
import type { Offer, OfferedGlobal } from "./offer.ts";

/** Fractional scales are told in parts of this. */
const SCALE_PARTS = 120;
const MODE_CURRENT = wl_output.enums.mode?.entries.current ?? 1;

export interface Screen {
  readonly global: OfferedGlobal;
  readonly area: LogicalArea;
  /** wl_output.scale. */
  readonly scale: number;
  /** The true scale, in 120ths. */
  readonly preferredScale: number;
}

/** The screen that new windows are on: the first. */
export function mainScreen(offer: Offer): Screen | undefined {
  const global = [...offer.globals.values()].find((candidate) => candidate.interface === wl_output.name);
  return global && screen(offer, global);
}

function screen(offer: Offer, global: OfferedGlobal): Screen {
  const last = (name: string, matches: (args: readonly number[]) => boolean = () => true) =>
    global.events.findLast((event) => event.name === name && matches(event.args as number[]))?.args as
      | number[]
      | undefined;
  const [x = 0, y = 0, , , , , , transform = 0] = last("geometry") ?? [];
  const [, width = 0, height = 0] = last("mode", ([flags = 0]) => (flags & MODE_CURRENT) !== 0) ?? [];
  const [scale = 1] = last("scale") ?? [];
  const asTold = logicalArea({ x, y, width, height, transform, scale });
  const area = offer.areas.get(global.name) ?? toldArea(offer, global.name) ?? asTold;
  const pixels = (transform & 1) === 1 ? height : width;
  const preferredScale = area.width > 0 ? Math.round((SCALE_PARTS * pixels) / area.width) : SCALE_PARTS * scale;
  return { global, area, scale, preferredScale };
}

function toldArea({ xdgOutputs }: Offer, name: number): LogicalArea | undefined {
  const events = xdgOutputs.get(name) ?? [];
  const last = (event: string) => events.findLast((one) => one.name === event)?.args as [number, number] | undefined;
  const [position, size] = [last("logical_position"), last("logical_size")];
  return position && size && { x: position[0], y: position[1], width: size[0], height: size[1] };
}
