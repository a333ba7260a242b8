/** xdg_popup and xdg_positioner: menus and tooltips, each with a frame of its own. */
import { xdg_popup, xdg_positioner, xdg_surface, xdg_wm_base } from "../../../wayland/generated/xdg-shell.ts";
import type { DisplayClient } from "../client.ts";
import { insetsOf } from "../frame/measures.ts";
import { type PopupParent, Positioner } from "../frame/positioner.ts";
import { WindowFrame } from "../frame/window-frame.ts";
import { ProtocolViolation, WL_DISPLAY_ERROR } from "../protocol-violation.ts";
import { defineRelay, forward, type GuestRequest, type RelayObject, stateOf } from "../relay.ts";
import { checkPopupParent, useAsRole, violation } from "../surface-roles.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { liveObject } from "../translate.ts";
import { forgetGrab, noteGrab } from "./window-acts.ts";
import { addPopup, checkTopmost, commitOnce, removePopup } from "./xdg-order.ts";
import { checkBounds, roleEnded, XDG_VERSION, type XdgSurfaceState } from "./xdg-surface-state.ts";

interface PopupState {
  /** Set as soon as the object exists. */
  popup: Popup | undefined;
}

interface Popup {
  readonly xdgSurface: RelayObject<XdgSurfaceState>;
  readonly over: RelayObject | undefined;
  readonly parent: XdgSurfaceState | undefined;
  /** Where it shall be. */
  positioner: Positioner;
}

const INSETS = insetsOf("popup");
const NO_PARENT: PopupParent = { origin: { x: 0, y: 0 }, insets: { left: 0, top: 0, right: 0, bottom: 0 } };

/** xdg_surface.get_popup. */
export function becomePopup({ client, object, args }: GuestRequest<XdgSurfaceState>, surface: GuestSurface): void {
  const [id, parentId, positionerId] = args as [number, number, number];
  const parent = parentId === 0 ? undefined : liveObject(client, parentId, xdg_surface.name);
  checkPopupParent(object, parent, object.state.shell ?? object);
  const parentState = parent?.state as XdgSurfaceState | undefined;
  if (parentState?.role?.inert === true) {
    // The menu that it belongs to has been dismissed, which the guest may not have heard yet.
    const popup = client.createFromGuest(id, object.version, popupRelay, object, true);
    popup.inert = true;
    object.state.role = popup;
    useAsRole(object, popup);
    client.sendToGuest(id, xdg_popup, "popup_done", []);
    return;
  }
  withHostPositioner(client, object.state, positionerId, parentState, (hostPositioner, positioner) => {
    const popup = client.createFromGuest(id, object.version, popupRelay, object);
    useAsRole(object, popup);
    client.sendToHost(object.hostId, xdg_surface, "get_popup", [popup.hostId, parent?.hostId ?? 0, hostPositioner]);
    const frame = new WindowFrame(client.own, {
      surfaceHostId: surface.hostId,
      xdgSurfaceHostId: object.hostId,
      colour: client.context.colour,
      look: () => "popup",
      room: () => undefined,
      titleBar: () => ({ name: "", title: "", buttons: [] }),
      committing: () => {},
      refresh: () => {},
      act: () => {},
    });
    surface.frame = frame;
    object.state.role = popup;
    object.state.frame = frame;
    const state = stateOf(popupRelay, popup);
    if (state !== undefined) state.popup = { xdgSurface: object, over: parent, parent: parentState, positioner };
    if (parent !== undefined) addPopup(parent, popup);
  });
}

/** Makes the compositor's positioner for a popup on `parent`, which `use` must use at once. */
function withHostPositioner(
  client: DisplayClient,
  popup: XdgSurfaceState,
  positionerId: number,
  parent: XdgSurfaceState | undefined,
  use: (hostPositioner: number, positioner: Positioner) => void,
): void {
  const guestPositioner = client.objects.byGuestId(positionerId);
  const positioner = stateOf(positionerRelay, guestPositioner);
  if (positioner === undefined || guestPositioner?.alive !== true)
    throw new ProtocolViolation(1, WL_DISPLAY_ERROR.invalidObject, `invalid object ${positionerId}`);
  if (!positioner.isComplete)
    throw violation(
      popup.shell ?? guestPositioner,
      xdg_wm_base,
      "invalid_positioner",
      "a size and an anchor are wanted",
    );
  const id = client.own.newId();
  client.sendToHost(popup.shell?.hostId ?? 0, xdg_wm_base, "create_positioner", [id]);
  for (const [name, ...args] of positioner.forHost(parentOf(parent), INSETS))
    client.sendToHost(id, xdg_positioner, name, args);
  use(id, positioner.copy());
  client.sendToHost(id, xdg_positioner, "destroy", []);
}

/** How popups count on `parent`, as it is shown now. */
function parentOf(parent: XdgSurfaceState | undefined): PopupParent {
  if (parent?.frame === undefined) return NO_PARENT;
  return { origin: parent.frame.guestOrigin(parent.surface?.geometry), insets: parent.frame.insets };
}

/** Values of xdg_positioner.anchor, and of gravity. */
const SIDES: ReadonlySet<number> = new Set(Object.values(xdg_positioner.enums.anchor?.entries ?? {}));

/** Keeps a request of which `isValid` holds; `args` are its arguments. */
function keep(isValid: (args: readonly number[]) => boolean = () => true, check = false) {
  return (request: GuestRequest<Positioner>) => {
    const { object, message } = request;
    const args = request.args as readonly number[];
    if (check) checkBounds(request);
    if (!isValid(args)) throw violation(object, xdg_positioner, "invalid_input", `${message.name} with ${args.join()}`);
    object.state.set(message.name, args);
  };
}

const isSide = ([side = 0]: readonly number[]) => SIDES.has(side);

export const positionerRelay = defineRelay<Positioner>({
  table: xdg_positioner,
  version: XDG_VERSION,
  local: true,
  state: () => new Positioner(),
  requests: {
    destroy: forward,
    set_size: keep(([width = 0, height = 0]) => width > 0 && height > 0, true),
    set_anchor_rect: keep(([, , width = 0, height = 0]) => width >= 0 && height >= 0, true),
    set_anchor: keep(isSide),
    set_gravity: keep(isSide),
    set_constraint_adjustment: keep(),
    set_offset: keep(undefined, true),
    set_reactive: keep(),
    set_parent_size: keep(undefined, true),
    set_parent_configure: keep(),
  },
  events: {},
});

export const popupRelay = defineRelay<PopupState>({
  table: xdg_popup,
  version: XDG_VERSION,
  state: () => ({ popup: undefined }),
  requests: {
    destroy: ({ client, object, forward }) => {
      const { popup } = object.state;
      if (popup !== undefined) {
        checkTopmost(popup.xdgSurface.state, popup.xdgSurface);
        commitOnce(client, popup.xdgSurface.state);
      }
      forward();
    },
    grab: ({ client, object, args, forward }) => {
      if (object.state.popup?.xdgSurface.state.frame?.committed)
        throw violation(object, xdg_popup, "invalid_grab", "the popup has been committed");
      if (client.serials.has(args[1] as number)) {
        noteGrab(client, object);
        forward();
      }
      // A grab that is denied ends the popup: without it the user could not close it.
      else client.sendToGuest(object.guestId, xdg_popup, "popup_done", []);
    },
    reposition: ({ client, object, args }) => {
      const [positionerId, token] = args as [number, number];
      const { popup } = object.state;
      if (popup === undefined) return;
      withHostPositioner(client, popup.xdgSurface.state, positionerId, popup.parent, (hostPositioner, positioner) => {
        popup.positioner = positioner;
        client.sendToHost(object.hostId, xdg_popup, "reposition", [hostPositioner, token]);
      });
    },
  },
  events: {
    configure: ({ object, args, forward }) => {
      const [x, y, width, height] = args as [number, number, number, number];
      const { popup } = object.state;
      if (popup === undefined) return;
      forward([...popup.positioner.forGuest({ x, y, width, height }, parentOf(popup.parent), INSETS)]);
    },
    popup_done: forward,
    repositioned: forward,
  },
  lost: (client, object) => {
    object.state.popup?.xdgSurface.state.frame?.dispose();
    if (!object.inert) client.sendToGuest(object.guestId, xdg_popup, "popup_done", []);
  },
  destroyed: (client, object) => {
    forgetGrab(client, object);
    const { popup } = object.state;
    if (popup === undefined) return;
    if (popup.over !== undefined) removePopup(popup.over, object);
    roleEnded(popup.xdgSurface.state);
  },
});
