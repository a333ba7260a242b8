/** A window on the display: an xdg_toplevel for the surface of an X window. */

import { zxdg_toplevel_decoration_v1 } from "../../../wayland/generated/xdg-decoration-unstable-v1.ts";
import { xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import type { Value } from "../../../wayland/types.ts";
import type { OwnObject } from "../wayland/objects.ts";
import type { BridgeSurface } from "../wayland/surface.ts";
import type { Insets, Size } from "../wayland/types.ts";
import type { Shell } from "./shell.ts";
import { ShellSurface } from "./shell-surface.ts";

const STATES = xdg_toplevel.enums.state?.entries ?? {};
const DECORATION_MODES = zxdg_toplevel_decoration_v1.enums.mode?.entries ?? {};

/** What the display says of a window. */
export interface WindowState {
  /** Without shadow; undefined: as the window likes. */
  readonly size: Size | undefined;
  readonly maximized: boolean;
  readonly fullscreen: boolean;
  readonly activated: boolean;
}

export interface ToplevelHandlers {
  /** Returns the size that the X window will have, shadow included. */
  configured(state: WindowState): Size | undefined;
  shown(): void;
  closeWanted(): void;
}

export class Toplevel {
  readonly kind = "toplevel";
  readonly base: ShellSurface;
  /** There is content on the display. */
  isShown = false;
  readonly #shell: Shell;
  readonly #object: OwnObject;
  #decoration: OwnObject | undefined;
  readonly #told = new Map<string, string>();
  #state: WindowState = { size: undefined, maximized: false, fullscreen: false, activated: false };

  constructor(shell: Shell, surface: BridgeSurface, handlers: ToplevelHandlers) {
    this.#shell = shell;
    this.base = new ShellSurface({
      shell,
      surface,
      configured: () => handlers.configured(this.#state),
      shown: () => {
        this.isShown = true;
        handlers.shown();
      },
    });
    this.#object = shell.proxy.create(this.base.object, "get_toplevel", xdg_toplevel);
    this.#object.onEvent = (name, args) => {
      if (name === "configure") this.#state = stateOf(args);
      else if (name === "close") handlers.closeWanted();
    };
  }

  setNames(title: string, appId: string): void {
    this.#tell("set_title", [title]);
    this.#tell("set_app_id", [appId]);
  }

  setLimits(min: Size, max: Size): void {
    this.#tell("set_min_size", [min.width, min.height]);
    this.#tell("set_max_size", [max.width, max.height]);
  }

  setParent(parent: Toplevel | undefined): void {
    this.#tell("set_parent", [parent === undefined ? 0 : parent.#object.id]);
  }

  /** Without asking for one there is none; it can be asked for until the window is shown. */
  setTitleBar(wanted: boolean): void {
    const { decorations, proxy } = this.#shell;
    const { server_side = 0, client_side = 0 } = DECORATION_MODES;
    if (this.#decoration === undefined) {
      if (!wanted || this.isShown || decorations === undefined) return;
      const args = [this.#object.id];
      this.#decoration = proxy.create(decorations, "get_toplevel_decoration", zxdg_toplevel_decoration_v1, args);
    }
    this.#tell("set_mode", [wanted ? server_side : client_side], this.#decoration);
  }

  setShadow(shadow: Insets | undefined): void {
    this.base.setShadow(shadow);
  }

  act(name: "set_maximized" | "unset_maximized" | "unset_fullscreen" | "set_minimized"): void {
    this.#shell.proxy.request(this.#object, name);
  }

  setFullscreen(): void {
    this.#shell.proxy.request(this.#object, "set_fullscreen", [0]);
  }

  /** Lets the user move the window, or resize it by `edge` (a value of xdg_toplevel.resize_edge). */
  drag(edge: number | "move"): void {
    const { proxy } = this.#shell;
    const { seat, pressSerial } = proxy.input;
    if (seat === undefined) return;
    if (edge === "move") proxy.request(this.#object, "move", [seat, pressSerial]);
    else proxy.request(this.#object, "resize", [seat, pressSerial, edge]);
  }

  end(): void {
    const { proxy } = this.#shell;
    if (this.#decoration !== undefined) proxy.request(this.#decoration, "destroy");
    proxy.request(this.#object, "destroy");
    this.#object.onEvent = () => {};
    this.base.end();
  }

  /** A request that is not repeated while nothing has changed. */
  #tell(name: string, args: readonly Value[], object = this.#object): void {
    const value = JSON.stringify(args);
    if (this.#told.get(name) === value) return;
    this.#told.set(name, value);
    this.#shell.proxy.request(object, name, args);
  }
}

function stateOf([width, height, states]: readonly Value[]): WindowState {
  const bytes = states as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = new Set(Array.from({ length: bytes.length >> 2 }, (_, index) => view.getUint32(index * 4, true)));
  const size = { width: width as number, height: height as number };
  return {
    size: size.width > 0 && size.height > 0 ? size : undefined,
    maximized: all.has(STATES.maximized ?? -1),
    fullscreen: all.has(STATES.fullscreen ?? -1),
    activated: all.has(STATES.activated ?? -1),
  };
}
