/** Interfaces the guest half can follow: those that the host half may offer. */
import { interfaces as cursorShape } from "../../wayland/generated/cursor-shape-v1.ts";
import { interfaces as fractionalScale } from "../../wayland/generated/fractional-scale-v1.ts";
import { interfaces as presentationTime } from "../../wayland/generated/presentation-time.ts";
import { interfaces as singlePixelBuffer } from "../../wayland/generated/single-pixel-buffer-v1.ts";
import { interfaces as viewporter } from "../../wayland/generated/viewporter.ts";
import { interfaces as core } from "../../wayland/generated/wayland.ts";
import { interfaces as xdgDecoration } from "../../wayland/generated/xdg-decoration-unstable-v1.ts";
import { interfaces as xdgShell } from "../../wayland/generated/xdg-shell.ts";
import type { InterfaceTable } from "../../wayland/types.ts";

export const TABLES: ReadonlyMap<string, InterfaceTable> = new Map(
  [core, xdgShell, viewporter, fractionalScale, cursorShape, presentationTime, xdgDecoration, singlePixelBuffer]
    .flat()
    .map((table) => [table.name, table]),
);
