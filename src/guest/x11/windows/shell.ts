/** The display's part in windows: its shell, and who draws title bars. Bound when the first window is shown. */

import { xdg_activation_token_v1, xdg_activation_v1 } from "../../../wayland/generated/xdg-activation-v1.ts";
import { zxdg_decoration_manager_v1 } from "../../../wayland/generated/xdg-decoration-unstable-v1.ts";
import { xdg_positioner, xdg_surface, xdg_wm_base } from "../../../wayland/generated/xdg-shell.ts";
import { waylandError } from "../wayland/errors.ts";
import type { OwnObject } from "../wayland/objects.ts";
import type { WaylandProxy } from "../wayland/proxy.ts";
import type { Point, Size } from "../wayland/types.ts";

/** The newest version whose events the bridge knows. */
const SHELL_VERSION = 6;

export class Shell {
  readonly proxy: WaylandProxy;
  #shell: OwnObject | undefined;
  #decorations: OwnObject | "none" | undefined;
  #activation: OwnObject | "none" | undefined;

  constructor(proxy: WaylandProxy) {
    this.proxy = proxy;
  }

  /** Makes a surface of Xwayland's an xdg_surface. */
  surface(surfaceId: number): OwnObject {
    return this.proxy.create(this.#bound, "get_xdg_surface", xdg_surface, [surfaceId]);
  }

  /** Undefined where the compositor knows nothing of decorations. */
  get decorations(): OwnObject | undefined {
    this.#decorations ??= this.proxy.bind(zxdg_decoration_manager_v1, 1) ?? "none";
    return this.#decorations === "none" ? undefined : this.#decorations;
  }

  /** Asks for the focus for a window, by what the user has just done; `from`: where, if that was on one of ours. */
  activate(surfaceId: number, from: number | undefined): void {
    const { proxy } = this;
    this.#activation ??= proxy.bind(xdg_activation_v1, 1) ?? "none";
    const activation = this.#activation;
    if (activation === "none" || proxy.seat === undefined) return;
    const token = proxy.create(activation, "get_activation_token", xdg_activation_token_v1);
    proxy.request(token, "set_serial", [proxy.input.pressSerial, proxy.seat]);
    if (from !== undefined) proxy.request(token, "set_surface", [from]);
    proxy.request(token, "commit");
    token.onEvent = (name, [text = ""]) => {
      if (name !== "done") return;
      proxy.request(token, "destroy");
      if (proxy.surfaces.get(surfaceId)?.state === "open") proxy.request(activation, "activate", [text, surfaceId]);
    };
  }

  /** Lets `use` place a menu of that size at a point of its parent. */
  withPositioner(size: Size, at: Point, use: (positioner: OwnObject) => void): void {
    const { proxy } = this;
    const positioner = proxy.create(this.#bound, "create_positioner", xdg_positioner);
    const { anchor, gravity, constraint_adjustment } = xdg_positioner.enums;
    proxy.request(positioner, "set_size", [Math.max(1, size.width), Math.max(1, size.height)]);
    proxy.request(positioner, "set_anchor_rect", [0, 0, 1, 1]);
    proxy.request(positioner, "set_anchor", [anchor?.entries.top_left ?? 0]);
    proxy.request(positioner, "set_gravity", [gravity?.entries.bottom_right ?? 0]);
    const { slide_x = 0, slide_y = 0 } = constraint_adjustment?.entries ?? {};
    proxy.request(positioner, "set_constraint_adjustment", [slide_x | slide_y]);
    proxy.request(positioner, "set_offset", [at.x, at.y]);
    use(positioner);
    proxy.request(positioner, "destroy");
  }

  get #bound(): OwnObject {
    if (this.#shell !== undefined) return this.#shell;
    const shell = this.proxy.bind(xdg_wm_base, SHELL_VERSION);
    if (shell === undefined) throw waylandError("the display shows no windows");
    shell.onEvent = (name, [serial = 0]) => name === "ping" && this.proxy.request(shell, "pong", [serial]);
    this.#shell = shell;
    return shell;
  }
}
