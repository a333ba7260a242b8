/**
 * What a guest may see of the compositor, in the order in which it is offered. Default deny: an interface that is not
 * here does not exist for a guest, whatever the compositor has. docs/THREAT-MODEL.md names those left out and why.
 */
import type { Relay } from "./relay.ts";
import * as commitTiming from "./relays/commit-timing.ts";
import * as inhibitors from "./relays/inhibitors.ts";
import * as input from "./relays/input-extras.ts";
import * as constraints from "./relays/pointer-constraints.ts";
import * as presentation from "./relays/presentation-time.ts";
import * as primary from "./relays/primary-selection.ts";
import { serverDecorationManagerRelay, serverDecorationRelay } from "./relays/server-decoration.ts";
import * as hints from "./relays/surface-hints.ts";
import * as tablet from "./relays/tablet.ts";
import * as textInput from "./relays/text-input.ts";
import * as icon from "./relays/toplevel-icon.ts";
import * as viewporter from "./relays/viewporter.ts";
import * as extras from "./relays/window-extras.ts";
import * as roles from "./relays/window-roles.ts";
import * as core from "./relays/wl-compositor.ts";
import * as data from "./relays/wl-data-device.ts";
import { callbackRelay, displayRelay, fixesRelay, registryRelay } from "./relays/wl-display.ts";
import { outputRelay } from "./relays/wl-output.ts";
import { pointerRelay } from "./relays/wl-pointer.ts";
import { regionRelay } from "./relays/wl-region.ts";
import * as seat from "./relays/wl-seat.ts";
import * as shm from "./relays/wl-shm.ts";
import { surfaceRelay } from "./relays/wl-surface.ts";
import { touchRelay } from "./relays/wl-touch.ts";
import * as activation from "./relays/xdg-activation.ts";
import * as decoration from "./relays/xdg-decoration.ts";
import * as foreign from "./relays/xdg-foreign.ts";
import { xdgOutputManagerRelay, xdgOutputRelay } from "./relays/xdg-output.ts";
import * as popup from "./relays/xdg-popup.ts";
import * as shell from "./relays/xdg-shell.ts";
import { toplevelRelay } from "./relays/xdg-toplevel.ts";

/** Globals, each with the reason why a guest may have it. */
const GLOBALS: readonly (readonly [relay: Relay, reason: string])[] = [
  [core.compositorRelay, "surfaces are what there is to show"],
  [core.subcompositorRelay, "toolkits put video and decorations on subsurfaces"],
  [shm.shmRelay, "pixel formats; memory itself never crosses"],
  [viewporter.viewporterRelay, "needed for fractional scales; the compositor sees a viewport of ours"],
  [extras.fractionalScaleManagerRelay, "an event only: the scale to draw at"],
  [outputRelay, "sizes and scales; makers' names are replaced"],
  [xdgOutputManagerRelay, "where screens lie, in logical pixels; answered here where the compositor hides it"],
  [data.dataDeviceManagerRelay, "clipboard, and drag and drop; GTK does not start without it"],
  [primary.primaryDeviceManagerRelay, "what is selected, to the focused app, as the policy says"],
  // After the data device manager: some apps look for it as soon as they see a seat.
  [seat.seatRelay, "input to the app's own focused surfaces"],
  [shell.wmBaseRelay, "windows; names are rewritten"],
  [decoration.decorationManagerRelay, "tells apps that they need no title bar of their own"],
  [serverDecorationManagerRelay, "the same for GTK, which knows no other"],
  [extras.cursorShapeManagerRelay, "cursors by name: no cursor pixels cross"],
  [presentation.presentationRelay, "times of frames, moved to the guest's clock"],
  [extras.singlePixelBufferRelay, "plain colours without memory"],
  [hints.contentTypeManagerRelay, "a hint: photo, video, game"],
  [hints.tearingControlManagerRelay, "a hint: latency before looks"],
  [hints.alphaModifierRelay, "how translucent the app's own surface is"],
  [hints.fifoManagerRelay, "frames one by one; holds up the app's own surface only"],
  [commitTiming.commitTimingManagerRelay, "when to show a frame, moved to the host's clock"],
  [roles.dialogManagerRelay, "a hint: the dialog keeps its own parent waiting"],
  [icon.toplevelIconManagerRelay, "a window's picture in task bars: copied, with a ring in the sandbox's colour"],
  [roles.toplevelTagManagerRelay, "names for window rules; led by the sandbox's"],
  [roles.systemBellRelay, "a sound; so many in a second"],
  [roles.toplevelDragManagerRelay, "tearing off a tab: the app's own window follows its own drag"],
  [input.pointerGesturesRelay, "touchpad gestures on the app's own focused surfaces"],
  [input.relativePointerManagerRelay, "motion of the pointer while it is on the app's own surfaces"],
  [input.inputTimestampsManagerRelay, "finer times of input that the app gets anyway"],
  [tablet.tabletManagerRelay, "pens and pads on the app's own surfaces; makers and serial numbers are replaced"],
  [textInput.textInputManagerRelay, "input methods, for the focused surface only"],
  [constraints.pointerConstraintsRelay, "games and remote desktops; as the policy says, and the compositor can end it"],
  [inhibitors.idleInhibitManagerRelay, "films; as the policy says, and while the window can be seen"],
  [inhibitors.shortcutsInhibitManagerRelay, "remote desktops; off unless the policy allows it"],
  [activation.activationRelay, "focus for a new window, after the user has acted on the app"],
  [foreign.exporterV2Relay, "dialogs of portals over the app's windows; handles are good in the sandbox only"],
  [foreign.importerV2Relay, "dialogs over windows of the same sandbox"],
  [foreign.exporterV1Relay, "as version 2, for compositors that have only this"],
  [foreign.importerV1Relay, "as version 2, for compositors that have only this"],
  [fixesRelay, "lets go of a registry; the compositor is not asked"],
];

/** Interfaces that the globals hand out. */
const CHILDREN: readonly Relay[] = [
  callbackRelay,
  surfaceRelay,
  regionRelay,
  core.subsurfaceRelay,
  shm.bufferRelay,
  viewporter.viewportRelay,
  extras.fractionalScaleRelay,
  data.dataDeviceRelay,
  data.dataOfferRelay,
  data.dataSourceRelay,
  pointerRelay,
  seat.keyboardRelay,
  touchRelay,
  popup.positionerRelay,
  shell.xdgSurfaceRelay,
  toplevelRelay,
  popup.popupRelay,
  decoration.toplevelDecorationRelay,
  serverDecorationRelay,
  extras.cursorShapeDeviceRelay,
  presentation.presentationFeedbackRelay,
  xdgOutputRelay,
  primary.primaryDeviceRelay,
  primary.primaryOfferRelay,
  primary.primarySourceRelay,
  hints.contentTypeRelay,
  hints.tearingControlRelay,
  hints.alphaModifierSurfaceRelay,
  hints.fifoRelay,
  commitTiming.commitTimerRelay,
  roles.dialogRelay,
  icon.toplevelIconRelay,
  roles.toplevelDragRelay,
  input.swipeGestureRelay,
  input.pinchGestureRelay,
  input.holdGestureRelay,
  input.relativePointerRelay,
  input.inputTimestampsRelay,
  tablet.tabletSeatRelay,
  tablet.tabletRelay,
  tablet.tabletToolRelay,
  tablet.tabletPadRelay,
  tablet.tabletPadGroupRelay,
  tablet.tabletPadRingRelay,
  tablet.tabletPadStripRelay,
  tablet.tabletPadDialRelay,
  textInput.textInputRelay,
  inhibitors.idleInhibitorRelay,
  inhibitors.shortcutsInhibitorRelay,
  constraints.lockedPointerRelay,
  constraints.confinedPointerRelay,
  activation.activationTokenRelay,
  foreign.exportedV1Relay,
  foreign.exportedV2Relay,
  foreign.importedV1Relay,
  foreign.importedV2Relay,
];

export interface RelayRegistry {
  readonly display: Relay;
  readonly registry: Relay;
  /** Interfaces a guest may bind, in the order they are offered. */
  readonly globals: ReadonlyMap<string, Relay>;
  /** Every interface a guest may hold an object of. */
  readonly byInterface: ReadonlyMap<string, Relay>;
}

const named = (relay: Relay): [string, Relay] => [relay.table.name, relay];

export const relayRegistry: RelayRegistry = {
  display: displayRelay,
  registry: registryRelay,
  globals: new Map(GLOBALS.map(([relay]) => named(relay))),
  byInterface: new Map([...GLOBALS.map(([relay]) => named(relay)), ...CHILDREN.map(named)]),
};
