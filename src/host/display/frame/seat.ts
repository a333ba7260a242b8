/**
 * Pointer and fingers on the frames of an app's windows. We have a pointer of our own on the app's connection: the compositor
 * tells it of everything that it tells the app's, and what is over a frame is dealt with here. An app neither hears of that
 * nor can it let it pass: not even one that has no pointer.
 */
import { decode } from "../../../wayland/decode.ts";
import { fixedToNumber } from "../../../wayland/fixed.ts";
import { wl_pointer, wl_seat, wl_touch } from "../../../wayland/generated/wayland.ts";
import type { RawMessage } from "../../../wayland/message-reader.ts";
import type { InterfaceTable } from "../../../wayland/types.ts";
import type { Button, Zone } from "./measures.ts";
import type { FrameHost, InputArea } from "./part.ts";

/** What frames need of the connection for input. */
export interface SeatHost extends Pick<FrameHost, "newId" | "send"> {
  /** Whose surface it is, when it is one of a frame. */
  areaOf(surfaceId: number): InputArea | undefined;
  /** The pointer `pointerId` looks like what it is on; `serial` is that of its entering. */
  setCursor(pointerId: number, serial: number, zone: Zone): void;
}

const [BUTTON_LEFT, BUTTON_RIGHT] = [0x110, 0x111];
const PRESSED = 1;
const [HAS_POINTER, HAS_TOUCH] = [1, 4];
/** Two presses within that many milliseconds are a double click. */
const DOUBLE_CLICK_MS = 400;

interface Held {
  readonly area: InputArea;
  readonly button: Button;
}

export class FrameSeat {
  readonly #host: SeatHost;
  readonly #seatId: number;
  #pointerId = 0;
  #touchId = 0;

  #area: InputArea | undefined;
  #enterSerial = 0;
  #zone: Zone | undefined;
  #x = 0;
  #y = 0;
  /** The button that was pressed and not let go of. */
  #held: Held | undefined;
  #lastPress: { readonly area: InputArea; readonly time: number } | undefined;
  readonly #fingers = new Map<number, Held>();

  /** `bind` binds the seat under the id that it is given. */
  constructor(host: SeatHost, bind: (seatId: number) => void) {
    this.#host = host;
    this.#seatId = host.newId((raw) => this.#seatEvent(raw));
    bind(this.#seatId);
  }

  /** A surface of ours is gone, or what it belongs to. */
  forget(area: InputArea): void {
    if (this.#area === area) this.#area = undefined;
    if (this.#held?.area === area) this.#held = undefined;
    if (this.#lastPress?.area === area) this.#lastPress = undefined;
    for (const [finger, held] of this.#fingers) if (held.area === area) this.#fingers.delete(finger);
  }

  #seatEvent(raw: RawMessage): void {
    const message = wl_seat.events[raw.opcode];
    if (message?.name !== "capabilities") return;
    const [capabilities] = decode(message, raw) as [number];
    if ((capabilities & HAS_POINTER) !== 0 && this.#pointerId === 0) {
      this.#pointerId = this.#host.newId((event) => this.#dispatch(wl_pointer, event));
      this.#host.send(this.#seatId, wl_seat, "get_pointer", [this.#pointerId]);
    }
    if ((capabilities & HAS_TOUCH) !== 0 && this.#touchId === 0) {
      this.#touchId = this.#host.newId((event) => this.#dispatch(wl_touch, event));
      this.#host.send(this.#seatId, wl_seat, "get_touch", [this.#touchId]);
    }
  }

  #dispatch(table: InterfaceTable, raw: RawMessage): void {
    const message = table.events[raw.opcode];
    if (message === undefined) return;
    // Of what is over the app's own surfaces no more is looked at than that.
    const isMotion = message.name === "motion" && table === wl_pointer;
    if (isMotion && this.#area === undefined) return;
    const args = decode(message, raw) as number[];
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = args;
    switch (message.name) {
      case "enter":
        return this.#enter(first, second, third, fourth);
      case "leave":
        return this.#leave();
      case "motion":
        return isMotion ? this.#move(second, third) : undefined;
      case "button":
        return this.#pressed(first, second, third, fourth);
      case "down":
        return this.#fingerDown(first, third, fourth, fifth, sixth);
      case "up":
        return this.#fingerUp(third);
      case "cancel":
        return this.#fingers.clear();
    }
  }

  #enter(serial: number, surfaceId: number, x: number, y: number): void {
    this.#area = this.#host.areaOf(surfaceId);
    this.#enterSerial = serial;
    this.#zone = undefined;
    if (this.#area !== undefined) this.#move(x, y);
  }

  #leave(): void {
    this.#area?.hover(undefined);
    this.#area = undefined;
    this.#zone = undefined;
    this.#held = undefined;
  }

  #move(x: number, y: number): void {
    const area = this.#area;
    if (area === undefined) return;
    [this.#x, this.#y] = [Math.floor(fixedToNumber(x)), Math.floor(fixedToNumber(y))];
    const zone = area.zoneAt(this.#x, this.#y);
    if (sameZone(zone, this.#zone)) return;
    this.#zone = zone;
    this.#host.setCursor(this.#pointerId, this.#enterSerial, zone);
    area.hover(zone);
  }

  #pressed(serial: number, time: number, button: number, state: number): void {
    const [area, zone] = [this.#area, this.#zone];
    if (area === undefined || zone === undefined) return;
    if (state !== PRESSED) {
      const held = this.#held;
      this.#held = undefined;
      const isThere = zone.kind === "button" && held?.area === area && zone.button === held.button;
      if (isThere && button === BUTTON_LEFT) area.act({ kind: "button", button: zone.button });
      return;
    }
    area.act({ kind: "press" });
    if (button === BUTTON_RIGHT && zone.kind === "move")
      area.act({ kind: "menu", seat: this.#seatId, serial, x: this.#x, y: this.#y });
    if (button === BUTTON_LEFT) this.#hold(area, zone, serial, time);
  }

  /** The main button goes down. */
  #hold(area: InputArea, zone: Zone, serial: number, time: number): void {
    const seat = this.#seatId;
    switch (zone.kind) {
      case "resize":
        return area.act({ kind: "resize", seat, serial, edge: zone.edge });
      case "button":
        this.#held = { area, button: zone.button };
        return;
      case "move": {
        const last = this.#lastPress;
        const isDouble = last?.area === area && time - last.time >= 0 && time - last.time <= DOUBLE_CLICK_MS;
        this.#lastPress = isDouble ? undefined : { area, time };
        return area.act(isDouble ? { kind: "button", button: "maximize" } : { kind: "move", seat, serial });
      }
      case "nothing":
        return;
      default:
        return zone satisfies never;
    }
  }

  #fingerDown(serial: number, surfaceId: number, finger: number, x: number, y: number): void {
    const area = this.#host.areaOf(surfaceId);
    if (area === undefined) return;
    const zone = area.zoneAt(Math.floor(fixedToNumber(x)), Math.floor(fixedToNumber(y)));
    area.act({ kind: "press" });
    const seat = this.#seatId;
    if (zone.kind === "resize") area.act({ kind: "resize", seat, serial, edge: zone.edge });
    else if (zone.kind === "move") area.act({ kind: "move", seat, serial });
    else if (zone.kind === "button") this.#fingers.set(finger, { area, button: zone.button });
  }

  #fingerUp(finger: number): void {
    const held = this.#fingers.get(finger);
    this.#fingers.delete(finger);
    held?.area.act({ kind: "button", button: held.button });
  }
}

function sameZone(a: Zone, b: Zone | undefined): boolean {
  if (a.kind === "resize" && b?.kind === "resize") return a.edge === b.edge;
  if (a.kind === "button" && b?.kind === "button") return a.button === b.button;
  return a.kind === b?.kind && a.kind !== "resize" && a.kind !== "button";
}
