/** Objects on an app's connection to the compositor that are ours alone: globals that we use, and buffers of one colour. */
import { writeSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { memfdCreate } from "../../sys/memory.ts";
import { decode } from "../../wayland/decode.ts";
import { wp_single_pixel_buffer_manager_v1 } from "../../wayland/generated/single-pixel-buffer-v1.ts";
import { wp_viewporter } from "../../wayland/generated/viewporter.ts";
import {
  wl_compositor,
  wl_output,
  wl_seat,
  wl_shm,
  wl_shm_pool,
  wl_subcompositor,
} from "../../wayland/generated/wayland.ts";
import { zxdg_decoration_manager_v1 } from "../../wayland/generated/xdg-decoration-unstable-v1.ts";
import type { RawMessage } from "../../wayland/message-reader.ts";
import type { InterfaceTable, Value } from "../../wayland/types.ts";
import type { DisplayClient } from "./client.ts";
import type { Colour } from "./frame/colour.ts";
import { TITLE_BAR_HEIGHT, WINDOW_BORDER } from "./frame/measures.ts";
import type { FrameHost, InputArea, Sheet } from "./frame/part.ts";
import { Canvas } from "./frame/strokes.ts";
import type { HostGlobal } from "./globals.ts";
import { OwnInput } from "./own-input.ts";
import type { PixelColour } from "./single-pixel.ts";
import type { Size } from "./surfaces/rect.ts";

/** Version 4 has all that our own surfaces use; later ones add events that nobody would read. */
const COMPOSITOR_VERSION = 4;
/** Brought wl_output.scale. */
const OUTPUT_VERSION = 2;
const ARGB8888 = 0;
const XRGB8888 = 1;
const PIXEL_BYTES = 4;
/**
 * Length of a buffer of one colour. Most windows are not longer: a part of it is then shown as it is. What is stretched
 * from very few pixels does not reach its end with a software renderer, which calculates with 16 bits of fraction.
 */
const SHEET_LENGTH = 4096;
const SHEET_MARGIN = 2;
const SHEET_SIZES: Readonly<Record<"row" | "column" | "bar", Size>> = {
  row: { width: SHEET_LENGTH, height: WINDOW_BORDER + 2 * SHEET_MARGIN },
  column: { width: WINDOW_BORDER + 2 * SHEET_MARGIN, height: SHEET_LENGTH },
  bar: { width: SHEET_LENGTH, height: TITLE_BAR_HEIGHT + 2 * SHEET_MARGIN },
};

export class OwnObjects implements FrameHost {
  readonly compositor: number;
  readonly subcompositor: number;
  readonly viewporter: number;
  readonly shm: number;
  /** The compositor's zxdg_decoration_manager_v1; undefined when it draws no title bars. */
  readonly decorationManager: number | undefined;
  readonly #client: DisplayClient;
  readonly #sheets = new Map<string, Sheet>();
  /** Our wl_outputs, and their scales. */
  readonly #outputs = new Map<number, number>();
  #input: OwnInput | undefined;
  /** 0 where the compositor has none. */
  #pixelManager: number | undefined;

  /** Throws VitrineError "unavailable" when the compositor lacks what frames are made of. */
  constructor(client: DisplayClient) {
    this.#client = client;
    this.compositor = this.#bind(wl_compositor, COMPOSITOR_VERSION);
    this.subcompositor = this.#bind(wl_subcompositor, 1);
    this.viewporter = this.#bind(wp_viewporter, 1);
    this.shm = this.#bind(wl_shm, 1);
    this.decorationManager = this.bindOptional(zxdg_decoration_manager_v1, 1);
  }

  /** Before the first window: what its frame needs to know of screens, and of what the user does with it. */
  prepareFrames(): void {
    if (this.#input !== undefined) return;
    this.#input = new OwnInput(this.#client, this);
    const { globals } = this.#client;
    for (const output of globals.hostGlobals(wl_output.name)) this.#addOutput(output);
    globals.onHostGlobal = (global) => {
      if (global.interface === wl_output.name) this.#addOutput(global);
      else if (global.interface === wl_seat.name) this.#input?.addSeat(global);
    };
  }

  /** Binds the compositor's first global of that kind; undefined when it has none. */
  bindOptional(table: InterfaceTable, version: number): number | undefined {
    return this.#client.globals.hostGlobals(table.name).length > 0 ? this.#bind(table, version) : undefined;
  }

  scaleOf(output: number): number {
    return this.#outputs.get(output) ?? 1;
  }

  claimInput(surfaceId: number, area: InputArea | undefined): void {
    this.#input?.claim(surfaceId, area);
  }

  /** The id of a new object, to be used in the very next message that is sent. */
  newId(onEvent: (raw: RawMessage) => void = () => {}): number {
    return this.#client.objects.addInternal(onEvent).hostId;
  }

  send(hostId: number, table: InterfaceTable, name: string, args: readonly Value[]): void {
    this.#client.sendToHost(hostId, table, name, args);
  }

  sheet(colour: Colour, { width, height }: Size): Sheet {
    const shape = height <= WINDOW_BORDER ? "row" : width <= WINDOW_BORDER ? "column" : "bar";
    const key = `${shape}:${colour}`;
    const known = this.#sheets.get(key);
    if (known !== undefined) return known;
    const size = SHEET_SIZES[shape];
    const pixels = new Canvas(size.width, size.height, colour).bytes;
    const bufferId = this.image(size, pixels, XRGB8888);
    const made = { bufferId, ...size, scale: 1, margin: SHEET_MARGIN };
    this.#sheets.set(key, made);
    return made;
  }

  /** A wl_buffer with these pixels, in memory of its own. */
  image({ width, height }: Size, pixels: Uint8Array, format: number, onReleased = () => {}): number {
    const file = memfdCreate("vitrine-frame", pixels.length);
    writeSync(file.raw, pixels);
    const pool = this.newId();
    this.#client.sendToHost(this.shm, wl_shm, "create_pool", [pool, 0, pixels.length], [file]);
    const buffer = this.newId(onReleased);
    this.send(pool, wl_shm_pool, "create_buffer", [buffer, 0, width, height, width * PIXEL_BYTES, format]);
    this.send(pool, wl_shm_pool, "destroy", []);
    return buffer;
  }

  /** A wl_buffer of one pixel. The compositor has an interface for those as a rule. */
  pixel(colour: PixelColour, onReleased: () => void): number {
    this.#pixelManager ??= this.bindOptional(wp_single_pixel_buffer_manager_v1, 1) ?? 0;
    if (this.#pixelManager === 0) {
      const [red, green, blue, alpha] = colour.map((part) => part >>> 24) as [number, number, number, number];
      return this.image({ width: 1, height: 1 }, new Uint8Array([blue, green, red, alpha]), ARGB8888, onReleased);
    }
    const buffer = this.newId(onReleased);
    this.send(this.#pixelManager, wp_single_pixel_buffer_manager_v1, "create_u32_rgba_buffer", [buffer, ...colour]);
    return buffer;
  }

  #addOutput({ hostName, version }: HostGlobal): void {
    const id = this.newId((raw) => {
      const message = wl_output.events[raw.opcode];
      if (message?.name === "scale") this.#outputs.set(id, decode(message, raw)[0] as number);
    });
    this.#client.bindOnHost(hostName, wl_output, Math.min(version, OUTPUT_VERSION), id);
  }

  #bind(table: InterfaceTable, version: number): number {
    const [global] = this.#client.globals.hostGlobals(table.name);
    if (global === undefined) {
      throw new VitrineError("unavailable", `Cannot draw frames around windows: the compositor has no ${table.name}`);
    }
    const id = this.newId();
    this.#client.bindOnHost(global.hostName, table, Math.min(version, global.version), id);
    return id;
  }
}
