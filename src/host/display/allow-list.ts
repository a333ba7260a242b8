/**
 * What a guest may see of the compositor, in the order in which it is offered. Default deny: an interface that is not
 * here does not exist for a guest, whatever the compositor has. docs/THREAT-MODEL.md names those left out and why.
 */
import type { Relay } from "./relay.ts";
import * as presentation from "./relays/presentation-time.ts";
import * as extras from "./relays/window-extras.ts";
import * as core from "./relays/wl-compositor.ts";
import * as data from "./relays/wl-data-device.ts";
import { callbackRelay, displayRelay, registryRelay } from "./relays/wl-display.ts";
import { outputRelay } from "./relays/wl-output.ts";
import * as seat from "./relays/wl-seat.ts";
import * as shm from "./relays/wl-shm.ts";
import { surfaceRelay } from "./relays/wl-surface.ts";
import * as shell from "./relays/xdg-shell.ts";

/** Globals, each with the reason why a guest may have it. */
const GLOBALS: readonly (readonly [relay: Relay, reason: string])[] = [
  [core.compositorRelay, "surfaces are what there is to show"],
  [core.subcompositorRelay, "toolkits put video and decorations on subsurfaces"],
  [shm.shmRelay, "pixel formats; memory itself never crosses"],
  [extras.viewporterRelay, "needed for fractional scales"],
  [extras.fractionalScaleManagerRelay, "an event only: the scale to draw at"],
  [outputRelay, "sizes and scales; makers' names are replaced"],
  [data.dataDeviceManagerRelay, "clipboard, and drag and drop; GTK does not start without it"],
  // After the data device manager: some apps look for it as soon as they see a seat.
  [seat.seatRelay, "input to the app's own focused surfaces"],
  [shell.wmBaseRelay, "windows; names are rewritten"],
  [extras.decorationManagerRelay, "lets the compositor draw the title bar"],
  [extras.cursorShapeManagerRelay, "cursors by name: no cursor pixels cross"],
  [presentation.presentationRelay, "times of frames, moved to the guest's clock"],
  [extras.singlePixelBufferRelay, "plain colours without memory"],
];

/** Interfaces that the globals hand out. */
const CHILDREN: readonly Relay[] = [
  callbackRelay,
  surfaceRelay,
  core.regionRelay,
  core.subsurfaceRelay,
  shm.bufferRelay,
  extras.viewportRelay,
  extras.fractionalScaleRelay,
  data.dataDeviceRelay,
  data.dataOfferRelay,
  data.dataSourceRelay,
  seat.pointerRelay,
  seat.keyboardRelay,
  seat.touchRelay,
  shell.positionerRelay,
  shell.xdgSurfaceRelay,
  shell.toplevelRelay,
  shell.popupRelay,
  extras.toplevelDecorationRelay,
  extras.cursorShapeDeviceRelay,
  presentation.presentationFeedbackRelay,
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
