/** What the stand-in says to requests, by interface. Interfaces and requests that are not here are taken in silence. */
import { wl_output } from "../../../wayland/generated/wayland.ts";
import type { InterfaceTable } from "../../../wayland/types.ts";
import { mainScreen } from "./screens.ts";
import type { Answers, ServedRequest } from "./served.ts";
import { awaitPresentation, surfaceAnswers } from "./surface.ts";
import {
  decorationAnswers,
  decorationManagerAnswers,
  popupAnswers,
  positionerAnswers,
  shellAnswers,
  toplevelAnswers,
  xdgSurfaceAnswers,
} from "./windows.ts";

/** From this version on the zxdg_output is complete with the wl_output's own `done`. */
const NO_XDG_OUTPUT_DONE_SINCE = 3;

/** A name under which other programs could find a window or a press, if there were any. */
const handle = ({ connection, made }: ServedRequest): void => {
  for (const exported of made) connection.send(exported, "handle", [`stand-in-${connection.serial()}`]);
};

const ANSWERS: Readonly<Record<string, Answers>> = {
  wl_display: {
    sync: ({ connection, made }) => {
      for (const callback of made) connection.send(callback, "done", [connection.serial()]);
    },
  },
  wl_compositor: {
    create_surface: ({ connection, made }) => {
      const scale = mainScreen(connection.offer)?.scale;
      if (scale !== undefined) for (const surface of made) connection.send(surface, "preferred_buffer_scale", [scale]);
    },
  },
  wl_surface: surfaceAnswers,
  wl_seat: {
    get_keyboard: ({ connection, object, made }) => {
      const seat = connection.globalOf(object)?.name ?? 0;
      for (const keyboard of made) connection.keymaps.give(connection, seat, keyboard);
    },
  },
  xdg_wm_base: shellAnswers,
  xdg_positioner: positionerAnswers,
  xdg_surface: xdgSurfaceAnswers,
  xdg_toplevel: toplevelAnswers,
  xdg_popup: popupAnswers,
  zxdg_decoration_manager_v1: decorationManagerAnswers,
  zxdg_toplevel_decoration_v1: decorationAnswers,
  wp_fractional_scale_manager_v1: {
    get_fractional_scale: ({ connection, made }) => {
      const scale = mainScreen(connection.offer)?.preferredScale;
      if (scale !== undefined) for (const object of made) connection.send(object, "preferred_scale", [scale]);
    },
  },
  wp_presentation: {
    feedback: ({ connection, args, made }) => {
      for (const feedback of made) awaitPresentation(connection.object(args[0]), feedback);
    },
  },
  zxdg_output_manager_v1: {
    get_xdg_output: ({ connection, args, made }) => {
      const output = connection.object(args[1]);
      const events = connection.offer.xdgOutputs.get(connection.globalOf(output)?.name ?? 0) ?? [];
      for (const xdgOutput of made) {
        for (const { name, args: told } of events) if (name !== "done") connection.send(xdgOutput, name, told);
        if (xdgOutput.version < NO_XDG_OUTPUT_DONE_SINCE) connection.send(xdgOutput, "done", []);
        else if (output.table === wl_output) connection.send(output, "done", []);
      }
    },
  },
  xdg_activation_token_v1: {
    commit: ({ connection, object }) => connection.send(object, "done", [`stand-in-${connection.serial()}`]),
  },
  zxdg_exporter_v1: { export: handle },
  zxdg_exporter_v2: { export_toplevel: handle },
};

const NONE: Answers = {};

export function answersOf(table: InterfaceTable): Answers {
  return ANSWERS[table.name] ?? NONE;
}
