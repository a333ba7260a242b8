/** A menu, tooltip or the like on the display: an xdg_popup at its place on a window. The X program closes it itself. */
import { xdg_popup } from "../../../wayland/generated/xdg-shell.ts";
import type { OwnObject } from "../wayland/objects.ts";
import type { BridgeSurface } from "../wayland/surface.ts";
import type { Point, Size } from "../wayland/types.ts";
import type { Shell } from "./shell.ts";
import { ShellSurface } from "./shell-surface.ts";
import type { Toplevel } from "./toplevel.ts";

/** Version of the shell that lets menus be moved. */
const REPOSITION_SINCE = xdg_popup.requests.find(({ name }) => name === "reposition")?.since ?? 0;

export class Popup {
  readonly kind = "popup";
  readonly parent: Toplevel;
  readonly #shell: Shell;
  readonly #base: ShellSurface;
  #object: OwnObject | undefined;

  /** `at`: its place on its parent, without shadow; `dismissed`: the display does not show it any more. */
  constructor(
    shell: Shell,
    surface: BridgeSurface,
    parent: Toplevel,
    at: Point & Size,
    handlers: { shown(): void; dismissed(): void },
  ) {
    this.#shell = shell;
    this.parent = parent;
    const { shown } = handlers;
    this.#base = new ShellSurface({ shell, surface, configured: () => undefined, shown });
    shell.withPositioner(at, at, (positioner) => {
      const args = [parent.base.object.id, positioner.id];
      this.#object = shell.proxy.create(this.#base.object, "get_popup", xdg_popup, args);
      this.#object.onEvent = (name) => name === "popup_done" && handlers.dismissed();
    });
    this.#base.begin();
  }

  move(at: Point & Size): void {
    const object = this.#object;
    if (object === undefined || object.version < REPOSITION_SINCE) return;
    this.#shell.withPositioner(at, at, (positioner) =>
      this.#shell.proxy.request(object, "reposition", [positioner.id, 0]),
    );
  }

  end(): void {
    if (this.#object !== undefined) {
      this.#shell.proxy.request(this.#object, "destroy");
      this.#object.onEvent = () => {};
    }
    this.#base.end();
  }
}
