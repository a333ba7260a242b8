/** wl_region: kept here. A surface takes a region as it is then, and may be shown in part only: what counts is sent with it. */
import { wl_region } from "../../../wayland/generated/wayland.ts";
import type { DisplayClient } from "../client.ts";
import { MAX_CLIENT_REGIONS, MAX_REGION_PARTS } from "../limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest, stateOf } from "../relay.ts";
import type { Region, RegionPart } from "../surfaces/change.ts";
import type { Point } from "../surfaces/rect.ts";
import { makeRegion } from "../surfaces/show.ts";
import { heldObject } from "../translate.ts";

/** A region that the guest puts together. */
export class GuestRegion {
  #parts: RegionPart[] = [];
  #taken = false;

  /** False when there are too many parts. */
  add(part: RegionPart): boolean {
    if (this.#parts.length >= MAX_REGION_PARTS) return false;
    if (this.#taken) this.#parts = [...this.#parts];
    this.#taken = false;
    this.#parts.push(part);
    return true;
  }

  /** The region as it is now; what is added later does not change it. */
  take(): NonNullable<Region> {
    this.#taken = true;
    return this.#parts;
  }
}

const regionCounts = new WeakMap<DisplayClient, number>();

function count(client: DisplayClient, change: 1 | -1): number {
  const regions = (regionCounts.get(client) ?? 0) + change;
  regionCounts.set(client, regions);
  return regions;
}

function put(add: boolean) {
  return ({ object, args }: GuestRequest<GuestRegion>) => {
    const [x, y, width, height] = args as [number, number, number, number];
    if (object.state.add({ add, x, y, width, height })) return;
    const text = `a region of more than ${MAX_REGION_PARTS} rectangles`;
    throw new ProtocolViolation(object.guestId, WL_DISPLAY_ERROR.noMemory, text);
  };
}

export const regionRelay = defineRelay<GuestRegion>({
  table: wl_region,
  version: 1,
  local: true,
  state: (client) => {
    if (count(client, 1) > MAX_CLIENT_REGIONS) {
      throw new ProtocolViolation(1, WL_DISPLAY_ERROR.noMemory, `more than ${MAX_CLIENT_REGIONS} regions`);
    }
    return new GuestRegion();
  },
  requests: { destroy: forward, add: put(true), subtract: put(false) },
  events: {},
  destroyed: (client) => {
    count(client, -1);
  },
});

/** What the guest's region `guestId` is now; undefined for 0. */
export function takeRegion(client: DisplayClient, guestId: number): Region {
  if (guestId === 0) return undefined;
  return stateOf(regionRelay, heldObject(client, guestId, wl_region.name))?.take() ?? [];
}

/** Calls `use` with a region of ours that says what `region` says, counted from `origin`, to be used at once; with 0 for none. */
export function withHostRegion(
  client: DisplayClient,
  region: Region,
  origin: Point,
  use: (hostId: number) => void,
): void {
  if (region === undefined) return use(0);
  const id = makeRegion(region, origin, client.own);
  use(id);
  client.sendToHost(id, wl_region, "destroy", []);
}
