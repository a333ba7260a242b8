/** Options that several commands have, described once. */
import { COLOUR_NAMES } from "../host/sandbox/colour.ts";
import { networkPolicy } from "./names.ts";

/** The Debian release that images and apps are of unless another one is asked for. */
export const DEFAULT_RELEASE = "trixie";

const SWITCH = { kind: "boolean", default: false, withNegated: false } as const;

/** `--yes`, of commands that take something away. */
export const yesFlag = { ...SWITCH, brief: "Do not ask" } as const;

/** `--unconfined`, of commands that may start a builder. */
export const builderUnconfinedFlag = { ...SWITCH, brief: "Run the builder's monitor without walls" } as const;

/** `--release`, of what is built. */
export const releaseFlag = {
  kind: "parsed",
  parse: String,
  default: DEFAULT_RELEASE,
  brief: "Debian release",
  placeholder: "NAME",
} as const;

/** `--network`, of sandboxes that are made to last. */
export const networkFlag = {
  kind: "parsed",
  ...networkPolicy,
  optional: true,
  brief: "What it may reach (default: internet); see vitrine network",
} as const;

/** `--colour`, of sandboxes that are made to last. */
export const colourFlag = {
  kind: "enum",
  values: COLOUR_NAMES,
  optional: true,
  brief: "Colour by which it is told from others",
} as const;

/** `--snapshot`, of commands after which apps are new. */
export const backgroundSnapshotFlag = {
  kind: "boolean",
  default: true,
  brief: "Take a snapshot in the background afterwards, from which the app then starts",
} as const;
