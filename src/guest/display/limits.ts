/** Bounds of the guest half. They protect the guest's apps from each other; the host half does not rely on them. */

/** App connections at a time. */
export const MAX_APP_CONNECTIONS = 128;
/** Bytes of events for an app that does not read, after which it is disconnected. */
export const MAX_PENDING_APP_BYTES = 4 * 1024 * 1024;
/** Arena buffers of one size that a surface may have under way; when all are busy the app waits. */
export const MAX_BUFFERS_PER_SURFACE = 4;
/** Rectangles of one damage region; beyond, their bounding box stands for all. */
export const MAX_DAMAGE_RECTS = 32;
/** Shared-memory files of one app that its pools and buffers keep open; each is a descriptor of the agent. */
export const MAX_POOLS = 512;
/** Objects followed for one app; the host half has a lower bound of its own. */
export const MAX_FOLLOWED_OBJECTS = 65_536;
/** Clipboard and drag-and-drop transfers of all apps under way at a time, as many as the host half takes. */
export const MAX_GUEST_TRANSFERS = 64;
/** Bytes of pixels gathered before they are written to the link, and the link is asked whether it takes more. */
export const MAX_GATHERED_BYTES = 256 * 1024;
/** How long accepting apps rests after it has failed (out of descriptors), in milliseconds. */
export const ACCEPT_RETRY_MS = 100;
