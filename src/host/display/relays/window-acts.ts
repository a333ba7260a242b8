/** What a user does to a window by its frame, told to the compositor, or to the app where it is the app's to do. */
import { xdg_popup, xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import type { DisplayClient } from "../client.ts";
import type { Button } from "../frame/measures.ts";
import type { WindowAct } from "../frame/part.ts";
import type { RelayObject } from "../relay.ts";

const CAPABILITY = xdg_toplevel.enums.wm_capabilities?.entries ?? {};

/** The buttons of a title bar; `capabilities` is undefined for a compositor that does not say what it can do. */
export function buttonsOf(capabilities: readonly number[] | undefined): readonly Button[] {
  const can = (name: "minimize" | "maximize") => capabilities?.includes(CAPABILITY[name] ?? 0) ?? true;
  return (["minimize", "maximize", "close"] as const).filter((button) => button === "close" || can(button));
}

/** `isMaximized` is what the compositor said last. */
export function actOnWindow(client: DisplayClient, toplevel: RelayObject, isMaximized: boolean, act: WindowAct): void {
  if (!toplevel.alive) return;
  const ask = (name: string, ...args: number[]) => client.sendToHost(toplevel.hostId, xdg_toplevel, name, args);
  switch (act.kind) {
    case "press":
      return dismissPopups(client);
    case "move":
      return ask("move", act.seat, act.serial);
    case "resize":
      return ask("resize", act.seat, act.serial, act.edge);
    case "menu":
      return ask("show_window_menu", act.seat, act.serial, act.x, act.y);
    case "button":
      switch (act.button) {
        case "minimize":
          return ask("set_minimized");
        case "maximize":
          return ask(isMaximized ? "unset_maximized" : "set_maximized");
        case "close":
          return client.sendToGuest(toplevel.guestId, xdg_toplevel, "close", []);
        default:
          return act.button satisfies never;
      }
    default:
      return act satisfies never;
  }
}

/** Popups with a grab, the oldest first. */
const grabs = new WeakMap<DisplayClient, Set<RelayObject>>();

/** `popup` closes when the user presses beside it. */
export function noteGrab(client: DisplayClient, popup: RelayObject): void {
  const known = grabs.get(client) ?? new Set();
  known.add(popup);
  grabs.set(client, known);
}

export function forgetGrab(client: DisplayClient, popup: RelayObject): void {
  grabs.get(client)?.delete(popup);
}

/** The user presses on a frame: to the compositor that is the app's own window, so closing its menus is left to us. */
function dismissPopups(client: DisplayClient): void {
  for (const popup of [...(grabs.get(client) ?? [])].reverse()) {
    if (popup.alive) client.sendToGuest(popup.guestId, xdg_popup, "popup_done", []);
  }
}
