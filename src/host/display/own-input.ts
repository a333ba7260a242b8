/** Input on the frames of an app's windows, on the app's connection to the compositor: seats, cursors, and whose surface is whose. */
import { wp_cursor_shape_device_v1, wp_cursor_shape_manager_v1 } from "../../wayland/generated/cursor-shape-v1.ts";
import { wl_compositor, wl_pointer, wl_seat, wl_surface } from "../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { InterfaceTable, Value } from "../../wayland/types.ts";
import type { DisplayClient } from "./client.ts";
import { type CursorShape, cursorShape, drawCursor } from "./frame/cursor.ts";
import type { Zone } from "./frame/measures.ts";
import type { InputArea } from "./frame/part.ts";
import { FrameSeat, type SeatHost } from "./frame/seat.ts";
import type { HostGlobal } from "./globals.ts";
import type { OwnObjects } from "./own-objects.ts";

/** The last before seats group their events in ways that do not matter here. */
const SEAT_VERSION = 4;
const ARGB8888 = 0;
const INT_MAX = 0x7fff_ffff;
const SHAPES = wp_cursor_shape_device_v1.enums.shape?.entries ?? {};

export class OwnInput implements SeatHost {
  readonly #client: DisplayClient;
  readonly #own: OwnObjects;
  readonly #seats: FrameSeat[] = [];
  readonly #areas = new Map<number, InputArea>();
  /** Our wp_cursor_shape_manager_v1, 0 when the compositor has none. */
  readonly #shapeManager: number;
  readonly #shapeDevices = new Map<number, number>();
  readonly #cursorSurfaces = new Map<CursorShape, { readonly surfaceId: number; readonly hotspot: number }>();

  constructor(client: DisplayClient, own: OwnObjects) {
    this.#client = client;
    this.#own = own;
    this.#shapeManager = own.bindOptional(wp_cursor_shape_manager_v1, 1) ?? 0;
    for (const seat of client.globals.hostGlobals(wl_seat.name)) this.addSeat(seat);
  }

  addSeat({ hostName, version }: HostGlobal): void {
    const bind = (id: number) => this.#client.bindOnHost(hostName, wl_seat, Math.min(version, SEAT_VERSION), id);
    this.#seats.push(new FrameSeat(this, bind));
  }

  claim(surfaceId: number, area: InputArea | undefined): void {
    const before = this.#areas.get(surfaceId);
    if (before !== undefined) for (const seat of this.#seats) seat.forget(before);
    if (area === undefined) this.#areas.delete(surfaceId);
    else this.#areas.set(surfaceId, area);
  }

  newId(onEvent?: (raw: RawMessage) => void): number {
    return this.#own.newId(onEvent);
  }

  send(hostId: number, table: InterfaceTable, name: string, args: readonly Value[]): void {
    this.#own.send(hostId, table, name, args);
  }

  areaOf(surfaceId: number): InputArea | undefined {
    return this.#areas.get(surfaceId);
  }

  setCursor(pointerId: number, serial: number, zone: Zone): void {
    const shape = cursorShape(zone);
    if (this.#shapeManager !== 0) {
      this.send(this.#shapeDevice(pointerId), wp_cursor_shape_device_v1, "set_shape", [serial, SHAPES[shape] ?? 1]);
      return;
    }
    const { surfaceId, hotspot } = this.#cursorSurface(shape);
    this.send(pointerId, wl_pointer, "set_cursor", [serial, surfaceId, hotspot, hotspot]);
  }

  #shapeDevice(pointerId: number): number {
    const known = this.#shapeDevices.get(pointerId);
    if (known !== undefined) return known;
    const device = this.newId();
    this.send(this.#shapeManager, wp_cursor_shape_manager_v1, "get_pointer", [device, pointerId]);
    this.#shapeDevices.set(pointerId, device);
    return device;
  }

  #cursorSurface(shape: CursorShape): { surfaceId: number; hotspot: number } {
    const known = this.#cursorSurfaces.get(shape);
    if (known !== undefined) return known;
    const { side, hotspot, pixels } = drawCursor(shape);
    const buffer = this.#own.image({ width: side, height: side }, pixels, ARGB8888);
    const surfaceId = this.newId();
    this.send(this.#own.compositor, wl_compositor, "create_surface", [surfaceId]);
    this.send(surfaceId, wl_surface, "attach", [buffer, 0, 0]);
    this.send(surfaceId, wl_surface, "damage", [0, 0, INT_MAX, INT_MAX]);
    this.send(surfaceId, wl_surface, "commit", []);
    const made = { surfaceId, hotspot };
    this.#cursorSurfaces.set(shape, made);
    return made;
  }
}
