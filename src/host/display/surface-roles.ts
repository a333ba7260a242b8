/**
 * What a surface is used for, and in which order its objects may go. The protocols forbid a second role, a surface that
 * goes before its role and circles of parents; compositors rely on it, some of them with their lives.
 */

import { wl_subcompositor, wl_surface } from "../../wayland/generated/wayland.ts";
import { zxdg_toplevel_decoration_v1 } from "../../wayland/generated/xdg-decoration-unstable-v1.ts";
import { xdg_surface, xdg_toplevel, xdg_wm_base } from "../../wayland/generated/xdg-shell.ts";
import type { InterfaceTable } from "../../wayland/types.ts";
import { MAX_POPUP_DEPTH, MAX_SUBSURFACE_DEPTH } from "./limits.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import type { GuestRequest, RelayObject } from "./relay.ts";
import { liveObject } from "./translate.ts";

/** A role is for good; the object that stands for it may go and come again. */
interface Use {
  readonly role: "xdg_surface" | "wl_subsurface";
  object: RelayObject | undefined;
}

/** By wl_surface, and by xdg_surface the window or popup that it is. */
const uses = new WeakMap<RelayObject, Use>();
const roleObjects = new WeakMap<RelayObject, RelayObject>();
/** By surface of a subsurface, and by xdg_surface of a popup. */
const levels = new WeakMap<RelayObject, number>();
/** By xdg_toplevel, through dead windows, whose children are their parents' for the compositor; and by subsurface. */
const parents = new WeakMap<RelayObject, RelayObject>();

/** xdg_wm_base.get_xdg_surface: throws unless `surface` is free for it, or was used so before. */
export function checkFreeForWindow(surface: RelayObject, shell: RelayObject): void {
  const use = uses.get(surface);
  if (use !== undefined && (use.role !== "xdg_surface" || use.object?.alive)) {
    throw violation(shell, xdg_wm_base, "role", `surface ${surface.guestId} has a role already`);
  }
}

/** `surface` is used as `object` from now on. */
export function useSurface(surface: RelayObject, role: Use["role"], object: RelayObject | undefined): void {
  uses.set(surface, { role, object });
}

/** The xdg_surface that a surface is used as, while there is one. */
export function xdgSurfaceOf(surface: RelayObject): RelayObject | undefined {
  const use = uses.get(surface);
  return use?.role === "xdg_surface" && use.object?.alive ? use.object : undefined;
}

/** An xdg_surface has become a window or a popup. */
export function useAsRole(xdgSurface: RelayObject, object: RelayObject | undefined): void {
  if (object !== undefined) roleObjects.set(xdgSurface, object);
}

/**
 * xdg_surface.get_popup: throws unless `parent` is a window or popup, and so another one than `xdgSurface`, which is none
 * yet. The protocol lets other shells name a parent later; a guest has none of those.
 */
export function checkPopupParent(xdgSurface: RelayObject, parent: RelayObject | undefined, shell: RelayObject): void {
  if (parent === undefined || parent === xdgSurface || !roleObjects.get(parent)?.alive) {
    throw violation(shell, xdg_wm_base, "invalid_popup_parent", `xdg_surface ${xdgSurface.guestId}: no such parent`);
  }
  const level = (levels.get(parent) ?? 0) + 1;
  if (level > MAX_POPUP_DEPTH) {
    throw new ProtocolViolation(shell.guestId, WL_DISPLAY_ERROR.noMemory, `popups more than ${MAX_POPUP_DEPTH} deep`);
  }
  levels.set(xdgSurface, level);
}

/**
 * wl_subcompositor.get_subsurface: throws when `surface` would be too deep below the surface at the top. A surface counts
 * as deep as the deepest that it ever had below it.
 */
export function checkSubsurfaceDepth(surface: RelayObject, parent: RelayObject, subcompositor: RelayObject): void {
  let below = (levels.get(surface) ?? 0) + 1;
  for (let above: RelayObject | undefined = parent; above !== undefined; above = parents.get(above)) {
    if (below > MAX_SUBSURFACE_DEPTH) {
      const text = `subsurfaces more than ${MAX_SUBSURFACE_DEPTH} deep`;
      throw new ProtocolViolation(subcompositor.guestId, WL_DISPLAY_ERROR.noMemory, text);
    }
    if (above === surface)
      throw violation(subcompositor, wl_subcompositor, "bad_surface", "a surface is its own ancestor");
    levels.set(above, Math.max(below, levels.get(above) ?? 0));
    below += 1;
  }
  parents.set(surface, parent);
}

/** wl_surface.destroy: throws while an xdg_surface stands on it. */
export function checkSurfaceUnused(surface: RelayObject): void {
  const use = uses.get(surface);
  if (use?.role === "xdg_surface" && use.object?.alive) {
    throw violation(surface, wl_surface, "defunct_role_object", `${use.role} ${use.object.guestId} must go first`);
  }
}

/** xdg_surface.destroy: throws while it is a window or a popup. */
export function checkRoleGone(xdgSurface: RelayObject): void {
  const role = roleObjects.get(xdgSurface);
  if (role?.alive) {
    const text = `${role.relay.table.name} ${role.guestId} must go first`;
    throw violation(xdgSurface, xdg_surface, "defunct_role_object", text);
  }
}

/** xdg_toplevel.set_parent: throws when `parent` is `window`, or has it for an ancestor. */
export function setWindowParent(window: RelayObject, parent: RelayObject | undefined): void {
  for (let above = parent; above !== undefined; above = parents.get(above)) {
    if (above === window) throw violation(window, xdg_toplevel, "invalid_parent", "a window is its own ancestor");
  }
  if (parent === undefined) parents.delete(window);
  else parents.set(window, parent);
}

/** The parent that was set last, though it may be gone. */
export function windowParent(window: RelayObject): RelayObject | undefined {
  return parents.get(window);
}

/** A window is gone. Dead ancestors are left out, so that chains stay as short as there are windows. */
export function windowGone(window: RelayObject): void {
  let above = parents.get(window);
  while (above !== undefined && !above.alive) above = parents.get(above);
  setWindowParent(window, above);
}

/** What stands on a surface or window, by interface. */
const additions = new WeakMap<RelayObject, Map<string, RelayObject>>();

/**
 * The rule of a request that makes an object for the surface or window that it names: no second one while there is one.
 * `error` is the code for that, an error of the object that is asked. Returns what it made.
 */
export function onlyOne(error: number): (request: GuestRequest) => RelayObject | undefined {
  return ({ client, object, message, args, forward }) => {
    const index = message.args.findIndex((argument) => argument.type === "object");
    const target = liveObject(client, args[index] as number, message.args[index]?.interface);
    const wanted = message.args.find((argument) => argument.type === "new_id")?.interface ?? "";
    // What else it is about, a seat for example, may be another one each time.
    const others = message.args.flatMap((argument, at) =>
      argument.type === "object" && at !== index ? [args[at]] : [],
    );
    const kind = [wanted, ...others].join();
    const present = additions.get(target) ?? new Map<string, RelayObject>();
    if (present.get(kind)?.alive) {
      throw new ProtocolViolation(
        object.guestId,
        error,
        `${target.relay.table.name} ${target.guestId} has a ${wanted}`,
      );
    }
    for (const [key, other] of present) if (!other.alive) present.delete(key);
    additions.set(target, present);
    const [made] = forward();
    if (made !== undefined) present.set(kind, made);
    return made;
  };
}

/** xdg_toplevel.destroy: throws while the window has a decoration. */
export function checkUndecorated(window: RelayObject): void {
  const decoration = additions.get(window)?.get(zxdg_toplevel_decoration_v1.name);
  if (decoration?.alive) {
    throw violation(
      decoration,
      zxdg_toplevel_decoration_v1,
      "orphaned",
      `xdg_toplevel ${window.guestId} must go later`,
    );
  }
}

/** The violation of an interface's own error `name`. */
export function violation(object: RelayObject, table: InterfaceTable, name: string, text: string): ProtocolViolation {
  return new ProtocolViolation(object.guestId, errorCode(table, name), text);
}

/** The code of an interface's own error. Throws a TypeError when it has none of that name. */
export function errorCode(table: InterfaceTable, name: string): number {
  const code = table.enums.error?.entries[name];
  if (code === undefined) throw new TypeError(`Cannot find error "${name}": "${table.name}" has none of that name`);
  return code;
}
