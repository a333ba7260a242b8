/** Interfaces the guest half can follow: those that the host half may offer. */
import { interfaces as alphaModifier } from "../../wayland/generated/alpha-modifier-v1.ts";
import { interfaces as commitTiming } from "../../wayland/generated/commit-timing-v1.ts";
import { interfaces as contentType } from "../../wayland/generated/content-type-v1.ts";
import { interfaces as cursorShape } from "../../wayland/generated/cursor-shape-v1.ts";
import { interfaces as fifo } from "../../wayland/generated/fifo-v1.ts";
import { interfaces as fractionalScale } from "../../wayland/generated/fractional-scale-v1.ts";
import { interfaces as idleInhibit } from "../../wayland/generated/idle-inhibit-unstable-v1.ts";
import { interfaces as inputTimestamps } from "../../wayland/generated/input-timestamps-unstable-v1.ts";
import { interfaces as shortcutsInhibit } from "../../wayland/generated/keyboard-shortcuts-inhibit-unstable-v1.ts";
import { interfaces as pointerConstraints } from "../../wayland/generated/pointer-constraints-unstable-v1.ts";
import { interfaces as pointerGestures } from "../../wayland/generated/pointer-gestures-unstable-v1.ts";
import { interfaces as presentationTime } from "../../wayland/generated/presentation-time.ts";
import { interfaces as primarySelection } from "../../wayland/generated/primary-selection-unstable-v1.ts";
import { interfaces as relativePointer } from "../../wayland/generated/relative-pointer-unstable-v1.ts";
import { interfaces as serverDecoration } from "../../wayland/generated/server-decoration.ts";
import { interfaces as singlePixelBuffer } from "../../wayland/generated/single-pixel-buffer-v1.ts";
import { interfaces as tablet } from "../../wayland/generated/tablet-v2.ts";
import { interfaces as tearingControl } from "../../wayland/generated/tearing-control-v1.ts";
import { interfaces as textInput } from "../../wayland/generated/text-input-unstable-v3.ts";
import { interfaces as viewporter } from "../../wayland/generated/viewporter.ts";
import { interfaces as core } from "../../wayland/generated/wayland.ts";
import { interfaces as xdgActivation } from "../../wayland/generated/xdg-activation-v1.ts";
import { interfaces as xdgDecoration } from "../../wayland/generated/xdg-decoration-unstable-v1.ts";
import { interfaces as xdgDialog } from "../../wayland/generated/xdg-dialog-v1.ts";
import { interfaces as xdgForeignV1 } from "../../wayland/generated/xdg-foreign-unstable-v1.ts";
import { interfaces as xdgForeignV2 } from "../../wayland/generated/xdg-foreign-unstable-v2.ts";
import { interfaces as xdgOutput } from "../../wayland/generated/xdg-output-unstable-v1.ts";
import { interfaces as xdgShell } from "../../wayland/generated/xdg-shell.ts";
import { interfaces as xdgSystemBell } from "../../wayland/generated/xdg-system-bell-v1.ts";
import { interfaces as xdgToplevelDrag } from "../../wayland/generated/xdg-toplevel-drag-v1.ts";
import { interfaces as xdgToplevelIcon } from "../../wayland/generated/xdg-toplevel-icon-v1.ts";
import { interfaces as xdgToplevelTag } from "../../wayland/generated/xdg-toplevel-tag-v1.ts";
import type { InterfaceTable } from "../../wayland/types.ts";
import { wl_fixes } from "../../wayland/wl-fixes.ts";

const PROTOCOLS: readonly (readonly InterfaceTable[])[] = [
  alphaModifier,
  commitTiming,
  contentType,
  cursorShape,
  fifo,
  fractionalScale,
  idleInhibit,
  inputTimestamps,
  shortcutsInhibit,
  pointerConstraints,
  pointerGestures,
  presentationTime,
  primarySelection,
  relativePointer,
  serverDecoration,
  singlePixelBuffer,
  tablet,
  tearingControl,
  textInput,
  viewporter,
  core,
  xdgActivation,
  xdgDecoration,
  xdgDialog,
  xdgForeignV1,
  xdgForeignV2,
  xdgOutput,
  xdgShell,
  xdgSystemBell,
  xdgToplevelDrag,
  xdgToplevelIcon,
  xdgToplevelTag,
  [wl_fixes],
];

export const TABLES: ReadonlyMap<string, InterfaceTable> = new Map(
  PROTOCOLS.flat().map((table) => [table.name, table]),
);
