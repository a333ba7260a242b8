/**
 * A keyboard and a pointer for a headless wlroots compositor. Make it before the apps start: it gives the seat its
 * keyboard, and an app that has not seen that yet gets no keys. Every call returns once the compositor has handled it.
 */
import { writeSync } from "node:fs";
import { memfdCreate } from "../../src/sys/memory.ts";
import { numberToFixed } from "../../src/wayland/fixed.ts";
import { wl_seat } from "../../src/wayland/generated/wayland.ts";
import { keyCode, keymapOf, MODIFIERS, type Modifier, strokeOf } from "./keys.ts";
import { WaylandClient } from "./wayland-client.ts";
import type { ClientObject } from "./wayland-object.ts";
import { zwlr_virtual_pointer_manager_v1, zwp_virtual_keyboard_manager_v1 } from "./wlr-tables.ts";

const KEYMAP_FORMAT_XKB_V1 = 1;
const AXIS_SOURCE_WHEEL = 0;
const AXES = { vertical: 0, horizontal: 1 } as const;
/** What one step of a wheel scrolls, in the pointer's coordinates (libinput's convention). */
const SCROLL_STEP = 15;
const BUTTONS = { left: 0x110, right: 0x111, middle: 0x112 } as const;

export type Button = keyof typeof BUTTONS;

export class VirtualInput implements Disposable {
  readonly #client: WaylandClient;
  readonly #keyboard: ClientObject;
  readonly #pointer: ClientObject;

  private constructor(client: WaylandClient) {
    this.#client = client;
    const seat = client.bind(wl_seat);
    this.#keyboard = client.create(client.bind(zwp_virtual_keyboard_manager_v1), "create_virtual_keyboard", [seat]);
    this.#pointer = client.create(client.bind(zwlr_virtual_pointer_manager_v1), "create_virtual_pointer", [seat]);
    this.#keymap("us");
  }

  /** Plugs the devices into the compositor at `socketPath`; close() pulls them out. */
  static async create(socketPath: string): Promise<VirtualInput> {
    const client = await WaylandClient.connect(socketPath);
    try {
      const input = new VirtualInput(client);
      await client.roundtrip();
      return input;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Gives the keyboard another layout, or several ("us+de:2"), of which the one with index `active` is used. */
  async setLayout(layouts: string, active = 0): Promise<void> {
    this.#keymap(layouts);
    this.#client.request(this.#keyboard, "modifiers", [0, 0, 0, active]);
    await this.#client.roundtrip();
  }

  /** Presses and releases one key by its evdev code, whatever the layout. */
  async keyByCode(code: number): Promise<void> {
    this.#stroke(code, []);
    await this.#client.roundtrip();
  }

  /** Types text of the us layout; "\n" is Return. */
  async typeText(text: string): Promise<void> {
    for (const character of text) {
      const { code, shift } = strokeOf(character);
      this.#stroke(code, shift ? ["shift"] : []);
    }
    await this.#client.roundtrip();
  }

  /** Presses and releases one key, by its xkb name ("Return", "Left", "F10") or its character. */
  async key(name: string): Promise<void> {
    this.#stroke(keyCode(name), []);
    await this.#client.roundtrip();
  }

  /** Presses one key, or lets go of it. */
  async keyState(name: string, state: "pressed" | "released"): Promise<void> {
    this.#key(keyCode(name), state === "pressed" ? 1 : 0);
    await this.#client.roundtrip();
  }

  /** Presses a key while modifiers are held: chord("control", "shift", "c"). */
  async chord(...keys: [...Modifier[], string]): Promise<void> {
    const modifiers = keys.slice(0, -1) as Modifier[];
    this.#stroke(keyCode(keys[keys.length - 1] ?? ""), modifiers);
    await this.#client.roundtrip();
  }

  /** Puts the pointer at x, y of a screen that is `width` by `height`. */
  async moveTo(x: number, y: number, width: number, height: number): Promise<void> {
    this.#client.request(this.#pointer, "motion_absolute", [now(), x, y, width, height]);
    this.#client.request(this.#pointer, "frame", []);
    await this.#client.roundtrip();
  }

  /** Moves the pointer by that many logical pixels. */
  async moveBy(dx: number, dy: number): Promise<void> {
    this.#client.request(this.#pointer, "motion", [now(), numberToFixed(dx), numberToFixed(dy)]);
    this.#client.request(this.#pointer, "frame", []);
    await this.#client.roundtrip();
  }

  async press(button: Button = "left"): Promise<void> {
    await this.#button(button, 1);
  }

  async release(button: Button = "left"): Promise<void> {
    await this.#button(button, 0);
  }

  async click(button: Button = "left"): Promise<void> {
    await this.press(button);
    await this.release(button);
  }

  /** Turns the wheel by `steps`; positive ones scroll down or right. */
  async scroll(steps: number, axis: keyof typeof AXES = "vertical"): Promise<void> {
    this.#client.request(this.#pointer, "axis_source", [AXIS_SOURCE_WHEEL]);
    const distance = numberToFixed(steps * SCROLL_STEP);
    this.#client.request(this.#pointer, "axis_discrete", [now(), AXES[axis], distance, steps]);
    this.#client.request(this.#pointer, "frame", []);
    await this.#client.roundtrip();
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #button(button: Button, state: 0 | 1): Promise<void> {
    this.#client.request(this.#pointer, "button", [now(), BUTTONS[button], state]);
    this.#client.request(this.#pointer, "frame", []);
    await this.#client.roundtrip();
  }

  #keymap(layouts: string): void {
    const keymap = new TextEncoder().encode(`${keymapOf(layouts)}\0`);
    using file = memfdCreate("keymap", 0);
    writeSync(file.raw, keymap);
    this.#client.request(this.#keyboard, "keymap", [KEYMAP_FORMAT_XKB_V1, keymap.length], [file]);
  }

  /** The compositor derives no modifiers from the keys of a virtual keyboard: they are told beside them. */
  #stroke(code: number, modifiers: readonly Modifier[]): void {
    let held = 0;
    for (const modifier of modifiers) {
      held |= MODIFIERS[modifier].bit;
      this.#key(MODIFIERS[modifier].code, 1);
      this.#client.request(this.#keyboard, "modifiers", [held, 0, 0, 0]);
    }
    this.#key(code, 1);
    this.#key(code, 0);
    for (const modifier of [...modifiers].reverse()) {
      held &= ~MODIFIERS[modifier].bit;
      this.#key(MODIFIERS[modifier].code, 0);
      this.#client.request(this.#keyboard, "modifiers", [held, 0, 0, 0]);
    }
  }

  #key(code: number, state: 0 | 1): void {
    this.#client.request(this.#keyboard, "key", [now(), code, state]);
  }
}

/** Milliseconds, of 32 bits, since some moment. */
function now(): number {
  return Math.floor(performance.now()) >>> 0;
}
