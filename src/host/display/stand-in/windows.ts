/**
 * Windows and menus on the stand-in. A window is told that it is active and may choose its size; one that wants to fill the
 * screen is told the screen's. A menu stands where it wants to.
 */
import { xdg_toplevel } from "../../../wayland/generated/xdg-shell.ts";
import { Positioner } from "../frame/positioner.ts";
import type { ServedConnection } from "./connection.ts";
import { mainScreen } from "./screens.ts";
import { type Answers, perObject, type Served } from "./served.ts";
import { followCommits } from "./surface.ts";

const CAPABILITIES = xdg_toplevel.enums.wm_capabilities?.entries ?? {};
const STATES = xdg_toplevel.enums.state?.entries ?? {};

interface Window {
  /** The xdg_surface. */
  shell: Served | undefined;
  /** Sends what the role object has to say, if there is one. */
  configure: (() => void) | undefined;
  /** The first commit has been answered. */
  configured: boolean;
  hadContent: boolean;
}

const windowOf = perObject<Window>(() => ({
  shell: undefined,
  configure: undefined,
  configured: false,
  hadContent: false,
}));

/** By xdg_toplevel or xdg_popup. */
const toplevel = perObject(() => ({ window: undefined as Window | undefined, fills: new Set<number>() }));
const popup = perObject(() => ({ window: undefined as Window | undefined, place: new Positioner().place }));
const positioner = perObject(() => new Positioner());

function configure(connection: ServedConnection, window: Window | undefined): void {
  if (window?.shell === undefined || window.configure === undefined) return;
  window.configure();
  window.configured = true;
  connection.send(window.shell, "configure", [connection.serial()]);
}

/** Another configure event, for a window that has had one. */
function configureAgain(connection: ServedConnection, window: Window | undefined): void {
  if (window?.configured) configure(connection, window);
}

function committed(connection: ServedConnection, window: Window, hasContent: boolean): void {
  // One that has been taken away begins anew.
  if (window.hadContent && !hasContent) window.configured = false;
  else if (!window.configured) configure(connection, window);
  window.hadContent = hasContent;
}

function configureToplevel(connection: ServedConnection, object: Served): void {
  const { fills, window } = toplevel(object);
  const { width = 0, height = 0 } = mainScreen(connection.offer)?.area ?? {};
  // Compositors that say so at all do it with the first configure event.
  if (!window?.configured) connection.send(object, "wm_capabilities", [numbers(Object.values(CAPABILITIES))]);
  connection.send(object, "configure_bounds", [width, height]);
  const size = fills.size > 0 ? [width, height] : [0, 0];
  connection.send(object, "configure", [...size, numbers([STATES.activated ?? 4, ...fills])]);
}

/** A Wayland array of 32-bit numbers. */
function numbers(values: readonly number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

/** A request by which a window fills the screen, or does not any more. */
function fill(state: string, filled: boolean): Answers[string] {
  const value = STATES[state] ?? 0;
  return ({ connection, object }) => {
    const { fills, window } = toplevel(object);
    if (filled) fills.add(value);
    else fills.delete(value);
    configureAgain(connection, window);
  };
}

export const shellAnswers: Answers = {
  get_xdg_surface: ({ connection, args, made }) => {
    const [shell] = made as [Served];
    const window = windowOf(shell);
    window.shell = shell;
    followCommits(connection.object(args[1]), (hasContent) => committed(connection, window, hasContent));
  },
};

export const xdgSurfaceAnswers: Answers = {
  get_toplevel: ({ connection, object, made }) => {
    const [role] = made as [Served];
    const window = windowOf(object);
    toplevel(role).window = window;
    window.configure = () => configureToplevel(connection, role);
  },
  get_popup: ({ connection, object, args, made }) => {
    const [role] = made as [Served];
    const window = windowOf(object);
    const state = popup(role);
    Object.assign(state, { window, place: positioner(connection.object(args[2])).place });
    window.configure = () => {
      const { x, y, width, height } = state.place;
      connection.send(role, "configure", [x, y, width, height]);
    };
  },
};

/** The role object of a window goes: the next one begins anew. */
function roleEnds(window: Window | undefined): void {
  if (window !== undefined) Object.assign(window, { configure: undefined, configured: false, hadContent: false });
}

export const toplevelAnswers: Answers = {
  set_maximized: fill("maximized", true),
  unset_maximized: fill("maximized", false),
  set_fullscreen: fill("fullscreen", true),
  unset_fullscreen: fill("fullscreen", false),
  destroy: ({ object }) => roleEnds(toplevel(object).window),
};

export const popupAnswers: Answers = {
  reposition: ({ connection, object, args }) => {
    const state = popup(object);
    state.place = positioner(connection.object(args[0])).place;
    connection.send(object, "repositioned", [args[1] ?? 0]);
    configureAgain(connection, state.window);
  },
  destroy: ({ object }) => roleEnds(popup(object).window),
};

/** Every request of xdg_positioner that says something. */
export const positionerAnswers: Answers = Object.fromEntries(
  ["set_size", "set_anchor_rect", "set_anchor", "set_gravity", "set_offset"].map((name) => [
    name,
    ({ object, args }) => positioner(object).set(name, args as number[]),
  ]),
);

const decoratedWindow = perObject(() => ({ toplevel: undefined as Served | undefined }));

/** zxdg_decoration_manager_v1. */
export const decorationManagerAnswers: Answers = {
  get_toplevel_decoration: ({ connection, args, made }) => {
    for (const decoration of made) decoratedWindow(decoration).toplevel = connection.object(args[1]);
  },
};

/** zxdg_toplevel_decoration_v1: title bars are drawn by whom the app wants. */
export const decorationAnswers: Answers = {
  set_mode: ({ connection, object, args }) => {
    connection.send(object, "configure", args);
    const decorated = decoratedWindow(object).toplevel;
    if (decorated !== undefined) configureAgain(connection, toplevel(decorated).window);
  },
};
