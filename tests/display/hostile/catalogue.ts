/** All attacks, by topic. */
import type { Attack } from "./attack.ts";
import { CLIPBOARD_AND_DATA } from "./clipboard-and-data.ts";
import { FLOODS } from "./floods.ts";
import { INPUT_AND_SERIALS } from "./input-and-serials.ts";
import { LINK } from "./link.ts";
import { POPUPS_AND_GRABS } from "./popups-and-grabs.ts";
import { REGISTRY_AND_IDS } from "./registry-and-ids.ts";
import { SHM_AND_PIXELS } from "./shm-and-pixels.ts";
import { SIZES_AND_EXTRAS } from "./sizes-and-extras.ts";
import { STREAMED_PIXELS } from "./streamed-pixels.ts";
import { SURFACES_AND_ROLES } from "./surfaces-and-roles.ts";
import { TEXT } from "./text.ts";
import { WIRE } from "./wire.ts";
import { WLEIRD } from "./wleird.ts";

export const TOPICS: Readonly<Record<string, readonly Attack[]>> = {
  // First: they make the heap as large as it gets.
  floods: FLOODS,
  "clipboard and data": CLIPBOARD_AND_DATA,
  wire: WIRE,
  "registry and ids": REGISTRY_AND_IDS,
  "shared memory and pixels": SHM_AND_PIXELS,
  "surfaces and roles": SURFACES_AND_ROLES,
  "sizes and extras": SIZES_AND_EXTRAS,
  "popups and grabs": POPUPS_AND_GRABS,
  "input and serials": INPUT_AND_SERIALS,
  text: TEXT,
  link: LINK,
  "streamed pixels": STREAMED_PIXELS,
  wleird: WLEIRD,
};
