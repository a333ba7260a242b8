/**
 * The conversation of xdg_toplevel.configure, with a frame in between. The compositor speaks of the window with its frame,
 * the guest of what is inside. How the frame looks may change with each configure event, and does so on the screen with
 * the commit that follows the guest's acknowledgement: as everything that a configure event asks for.
 */
import { xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import { MAX_UNACKED_CONFIGURES } from "../limits.ts";
import type { Size } from "../surfaces/rect.ts";
import { insetsOf, type Look, withoutFrame } from "./measures.ts";

const STATE = xdg_toplevel.enums.state?.entries ?? {};
const FULLSCREEN = STATE.fullscreen ?? 0;
const MAXIMIZED = STATE.maximized ?? 0;
/** Says that all four edges touch something: no shadow and no round corners are wanted, the frame is there. */
const TILED = ["tiled_left", "tiled_right", "tiled_top", "tiled_bottom"].map((name) => STATE[name] ?? 0);
/** In these the compositor has given the window a place, and hides what is larger. */
const PLACED: ReadonlySet<number> = new Set([FULLSCREEN, MAXIMIZED, ...TILED]);
const TILED_SINCE = xdg_toplevel.enums.state?.entriesSince?.tiled_left ?? 0;

/** Who draws a title bar. "guest": the compositor could, but was not asked to. */
export type TitleBarOwner = "compositor" | "guest" | "frame";

/** A configure event of a toplevel; sizes are 0 where the guest may choose. States are values of xdg_toplevel.state. */
export interface ToplevelSize extends Size {
  readonly states: readonly number[];
}

/** The compositor's, with the states that the guest shall be told. */
export interface HostToplevelSize extends ToplevelSize {
  readonly told: readonly number[];
}

/** What the guest is to be told. */
export interface Configuration {
  /** Undefined when it has been told nothing of the kind. */
  readonly bounds: Size | undefined;
  readonly size: ToplevelSize | undefined;
}

/** What a configure event asks for, as far as the frame is concerned. */
interface Asked {
  readonly look: Look;
  readonly room: Size | undefined;
}

interface Unacked extends Asked {
  readonly serial: number;
}

export class ToplevelConfigure {
  readonly #version: number;
  #titleBar: TitleBarOwner;
  #size: HostToplevelSize | undefined;
  #bounds: Size | undefined;
  #unacked: Unacked[] = [];
  #asked: Asked;
  #lastSerial: number | undefined;
  #ackedSerial: number | undefined;
  /** The event that was told again, and how often it may be acknowledged once more. */
  #repeats: { serial: number | undefined; left: number } = { serial: undefined, left: 0 };

  /** `version` is that of the guest's xdg_toplevel. */
  constructor(version: number, titleBar: TitleBarOwner) {
    this.#version = version;
    this.#titleBar = titleBar;
    this.#asked = this.#askedBy(undefined);
  }

  /** How the frame looks with the next commit. */
  get look(): Look {
    return this.#asked.look;
  }

  /** How large the content may be with the next commit, for the frame to be seen whole; 0 or undefined: as it likes. */
  get room(): Size | undefined {
    return this.#asked.room;
  }

  /** The serial of the last configure event; undefined before the first. */
  get lastSerial(): number | undefined {
    return this.#lastSerial;
  }

  /** What the compositor said last. */
  get isMaximized(): boolean {
    return this.#size?.states.includes(MAXIMIZED) ?? false;
  }

  /** The protocol binds the window to the size that the compositor said last. */
  get isBound(): boolean {
    return this.isMaximized || (this.#size?.states.includes(FULLSCREEN) ?? false);
  }

  get titleBar(): TitleBarOwner {
    return this.#titleBar;
  }

  /** In force with the next configure event; before the first at once. */
  setTitleBar(titleBar: TitleBarOwner): void {
    this.#titleBar = titleBar;
    if (this.#lastSerial === undefined) this.#asked = this.#askedBy(undefined);
  }

  /** The compositor's xdg_toplevel.configure. */
  setSize(size: HostToplevelSize): void {
    this.#size = size;
  }

  /** The compositor's xdg_toplevel.configure_bounds. */
  setBounds(bounds: Size): void {
    this.#bounds = bounds;
  }

  /** The compositor's xdg_surface.configure: what it means to the guest. */
  configure(serial: number): Configuration {
    this.#lastSerial = serial;
    const asked = this.#askedBy(this.#size);
    this.#unacked.push({ serial, ...asked });
    // A guest that acknowledges none of them keeps the look that it has.
    if (this.#unacked.length > MAX_UNACKED_CONFIGURES) this.#unacked.shift();
    return this.#configuration(asked.look);
  }

  /** What the guest was told last, to be told again. */
  repeat(): Configuration {
    this.#repeats = {
      serial: this.#lastSerial,
      left: this.#repeats.serial === this.#lastSerial ? this.#repeats.left + 1 : 1,
    };
    return this.#configuration(this.#askedBy(this.#size).look);
  }

  /** The guest's ack_configure. False: it is one of a repetition, of which the compositor does not know. */
  acknowledge(serial: number): boolean {
    if (serial === this.#ackedSerial && serial === this.#repeats.serial && this.#repeats.left > 0) {
      this.#repeats.left -= 1;
      return false;
    }
    const index = this.#unacked.findIndex((unacked) => unacked.serial === serial);
    const acked = this.#unacked[index];
    if (acked !== undefined) {
      this.#asked = acked;
      this.#unacked.splice(0, index + 1);
    }
    this.#ackedSerial = serial;
    return true;
  }

  #configuration(look: Look): Configuration {
    const insets = insetsOf(look);
    const states = new Set(this.#size?.told);
    if (this.#version >= TILED_SINCE) for (const state of TILED) states.add(state);
    return {
      bounds: this.#bounds && withoutFrame(this.#bounds, insets),
      size: this.#size && { ...withoutFrame(this.#size, insets), states: [...states] },
    };
  }

  #askedBy(size: ToplevelSize | undefined): Asked {
    const look = this.#titleBar === "frame" && !size?.states.includes(FULLSCREEN) ? "title-bar" : "border";
    const isPlaced = size?.states.some((state) => PLACED.has(state)) ?? false;
    return { look, room: size !== undefined && isPlaced ? withoutFrame(size, insetsOf(look)) : undefined };
  }
}
