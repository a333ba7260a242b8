/**
 * Bounds of the host half, per sandbox or per app connection. docs/LIMITS.md lists them. At a bound the one connection
 * is ended with the protocol's own error; the sandbox, the other apps and the compositor go on.
 */

/** App connections of one sandbox. A desktop app opens one to five; a browser may open one per process. */
export const MAX_DISPLAY_CLIENTS = 128;
/** Live objects of one connection, both id ranges together. Large toolkit apps stay below 2 000. */
export const MAX_CLIENT_OBJECTS = 20_000;
/** Surfaces of one connection. */
export const MAX_CLIENT_SURFACES = 2_000;
/** Arena buffers of one connection: a few for every surface that is being redrawn. */
export const MAX_CLIENT_BUFFERS = 2_000;
/** Longest side of a buffer in pixels, as X and most compositors have it. */
export const MAX_BUFFER_SIDE = 16_384;
/** Longest side of anything in surface coordinates that an app may ask for (window geometry, positioners, regions). */
export const MAX_SURFACE_SIDE = 65_536;
/** Levels of subsurfaces. Toolkits use three; with each, weston takes twice as long to reorder the tree, and hangs from 30 on. */
export const MAX_SUBSURFACE_DEPTH = 16;
/** Popups on popups. Menus go five or six deep; mutter takes twice as long with each, and hangs from 25 on. */
export const MAX_POPUP_DEPTH = 12;
/** Characters of a window title; compositors and task bars show far fewer. */
export const MAX_TITLE_CHARS = 256;
/** Characters of an error message to a guest, and of the notice that tells of it. */
export const MAX_ERROR_CHARS = 1024;
/** Characters of an application id, before the sandbox's prefix. */
export const MAX_APP_ID_CHARS = 128;
/** How old a press or release may be that an app names to get the focus, in milliseconds: a slow start of a helper. */
export const ACTIVATION_ACTION_MAX_AGE_MS = 10_000;
/** Activation tokens of one sandbox that are still good; each belongs to one press, and is used at once or never. */
export const MAX_ACTIVATION_TOKENS = 64;
/** Windows of one sandbox exported at a time, by xdg_foreign: those that dialogs of other programs stand over. */
export const MAX_EXPORTED_WINDOWS = 256;
/** Rings of the bell of one sandbox in a second; more is noise, to the ear and to the compositor. */
export const MAX_BELLS_PER_SECOND = 4;
/** Bytes of all icons of one connection, and of those that its windows have: two sets of all usual sizes. */
export const MAX_CLIENT_ICON_BYTES = 8 * 1024 * 1024;
/** Serials of input events remembered for one connection; each press or change of focus brings one or two. */
export const MAX_REMEMBERED_SERIALS = 1024;
/** Bytes of a MIME type, and how many one data source may offer: office programs name sizes and titles in theirs. */
export const MAX_MIME_BYTES = 1024;
export const MAX_MIME_TYPES = 256;
/** Data sources of one connection, used or not: apps have one for each of clipboard, selection and drag, and a new one before the old is gone. */
export const MAX_DATA_SOURCES = 16;
/** Bytes of a keymap that the compositor hands out. Real ones are 30 to 70 KiB. */
export const MAX_KEYMAP_BYTES = 1024 * 1024;
/** Bytes waiting for a compositor that does not read, after which the guest's stream is paused. */
export const COMPOSITOR_HIGH_WATER_BYTES = 256 * 1024;
/** Bytes of events waiting for a guest that does not read, after which its connection is ended. */
export const MAX_PENDING_EVENT_BYTES = 4 * 1024 * 1024;
/** Transfers (clipboard, drag and drop) of one sandbox under way at a time. */
export const MAX_TRANSFERS = 64;
/** How long one side of a transfer waits for the other to appear. */
export const TRANSFER_PAIRING_DEADLINE_MS = 10_000;
/** Bytes of one transfer: the largest file that people drag. None of it is kept, it only passes. */
export const MAX_TRANSFER_BYTES = 4 * 1024 * 1024 * 1024;
/** How long a transfer may stand still, since either side may have forgotten it, and how long it may take in all. */
export const TRANSFER_STALL_DEADLINE_MS = 60_000;
export const MAX_TRANSFER_MS = 60 * 60 * 1000;
/** How long the compositor may take to handle an app's leave before the connection is closed all the same. */
export const DEPARTURE_DEADLINE_MS = 1000;
/** How long the compositor may take to answer the first round trip of a connection. */
export const COMPOSITOR_HANDSHAKE_DEADLINE_MS = 10_000;
/** Damaged rectangles of one commit that are kept apart; with more, all of the surface counts as damaged. */
export const MAX_PENDING_DAMAGE = 256;
/** Rectangles of one region, and regions of one connection: round corners take dozens, and few regions live at a time. */
export const MAX_REGION_PARTS = 512;
export const MAX_CLIENT_REGIONS = 512;
/** Longest side of a cursor, in surface units: what is larger is cut off. The largest cursors that users choose have 96. */
export const MAX_CURSOR_SIDE = 256;
/** Longest side of the picture that a drag carries along, and how far it may be from the pointer: what is larger is cut off. */
export const MAX_DRAG_ICON_SIDE = 256;
/** Configure events that a guest may leave unanswered before the oldest are forgotten. */
export const MAX_UNACKED_CONFIGURES = 128;
/** Pictures drawn for one title bar in a second: each is drawn by us, and costs the compositor a piece of memory. */
export const MAX_TITLES_PER_SECOND = 10;

/**
 * How often an app's connection may lose its compositor in a minute and return: one that dies of what the app shows does not
 * die for ever.
 */
export const MAX_RETURNS = 3;
export const RETURNS_INTERVAL_MS = 60_000;
/** How often a compositor that has gone is looked for. */
export const COMPOSITOR_RETRY_MS = 250;
/** How long it is waited for: a desktop that has crashed is there again within seconds; a user who has logged out is not. */
export const COMPOSITOR_RETURN_DEADLINE_MS = 30_000;

/** Objects of one app connection on the stand-in: those of the guest, and those of the frames around its windows. */
export const MAX_STAND_IN_OBJECTS = 65_536;
/** Keymaps that the stand-in gives to one app connection, each with a descriptor: apps ask for one or two. */
export const MAX_STAND_IN_KEYMAPS = 64;
/** Time between the frames of the stand-in. */
export const STAND_IN_FRAME_MS = 1000 / 60;
